/** How synchronous work is stopped that may never end: a regular expression that backtracks cannot be aborted otherwise. */

import { createContext, Script } from 'node:vm';

const context: { work?: () => void } = Object.create(null);
const script = new Script('work()');
let isContext = false;

export type Timed<Result> = { readonly done: true; readonly result: Result } | { readonly done: false };

/** Runs `work` here and now, for at most `ms` of real time; what it throws is thrown on. It must be pure: it may be left at any point. */
export function withinTime<Result>(work: () => Result, ms: number): Timed<Result> {
  if (!isContext) createContext(context);
  isContext = true;
  let timed: Timed<Result> = { done: false };
  context.work = () => {
    timed = { done: true, result: work() };
  };
  try {
    script.runInContext(context, { timeout: ms });
  } catch (thrown) {
    if (!isTimeout(thrown)) throw thrown;
  } finally {
    delete context.work;
  }
  return timed;
}

function isTimeout(thrown: unknown): boolean {
  // It may be an error of another realm.
  return (
    typeof thrown === 'object' && thrown !== null && Reflect.get(thrown, 'code') === 'ERR_SCRIPT_EXECUTION_TIMEOUT'
  );
}
