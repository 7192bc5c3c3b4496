/** A session in a small world: scripted model, virtual clock, and everything that was told. */

import { onTestFinished } from 'vitest';
import type { AgentStepSpec, SessionOptions } from '../../src/config/index.js';
import type { AgentEvent } from '../../src/events/index.js';
import { Session } from '../../src/session/index.js';
import type { MemorySessionStore } from '../../src/store/index.js';
import type { ScriptedAnswer, ScriptedFunction } from '../../src/testing/index.js';
import { createWorld, type World, type WorldOptions } from '../support/world.js';

export interface SessionWorld extends Pick<World, 'clock' | 'model' | 'runtime' | 'effects' | 'signals' | 'settle'> {
  readonly session: Session;
  readonly events: AgentEvent[];
  /** Prompts of the subagents spawned so far, in their order. */
  spawned(): (string | undefined)[];
}

export function createSessionWorld(
  turns: readonly ScriptedAnswer[] | ScriptedFunction,
  options: SessionOptions = {},
  worldOptions: WorldOptions = {},
): SessionWorld {
  const { clock, model, runtime, effects, signals, settle } = createWorld(turns, worldOptions);
  const session = Session.open(runtime, '.', options);
  const events: AgentEvent[] = [];
  session.events$.subscribe((event) => events.push(event));
  onTestFinished(() => session.close({ mode: 'cancel' }));
  return {
    clock,
    model,
    runtime,
    effects,
    signals,
    settle,
    session,
    events,
    spawned: () =>
      session.orchestrator.listSubagents().map(({ id }) => session.orchestrator.getHandle(id)?.config.prompt),
  };
}

/** A life of a session on the store; the one before has been killed. */
export function sessionLife(
  store: MemorySessionStore,
  turns: readonly ScriptedAnswer[] | ScriptedFunction,
  options: SessionOptions = {},
  worldOptions: WorldOptions = {},
): SessionWorld {
  store.abandonLeases();
  return createSessionWorld(turns, { sessionStore: store, ...options }, worldOptions);
}

/** A step whose prompt is its name. */
export function step<const Extra extends Partial<AgentStepSpec>>(taskId: string, extra?: Extra) {
  return { taskId, agent: 'worker', description: taskId, prompt: taskId, ...(extra as Extra) };
}

/** The prompt of the conversation that a request is of. */
export const echo: ScriptedFunction = ({ messages: [first] }) => ({ text: `done ${first?.content}` });

/** Answers after as many ms as the prompt ends in, such as `a-30`. */
export const timed: ScriptedFunction = ({ messages: [first] }) => ({
  text: `done ${first?.content}`,
  delayMs: Number(/\d+$/.exec(first?.content ?? '')?.[0] ?? 0),
});
