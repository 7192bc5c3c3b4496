/** What the tests of tools work with: a folder on disk, a context that remembers, and calls by name. */

import { setMaxListeners } from 'node:events';
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach } from 'vitest';
import { type BuiltinToolsOptions, builtinTools } from '../../../src/activities/tools/index.js';
import type { Task, Tool, ToolContext, ToolReply } from '../../../src/domain/tool.js';
import { VirtualClock } from '../../../src/testing/index.js';
import { runArgs } from '../../support/run-args.js';

export const SECRET = 'outside-secret';

export interface Bench {
  /** The workspace. */
  readonly root: string;
  /** A folder beside it that holds `secret.txt`. */
  readonly outside: string;
  readonly clock: VirtualClock;
  readonly context: ToolContext;
  readonly abort: AbortController;
  readonly emitted: string[];
  readonly tasks: (readonly Task[])[];
  /** Resolves once all that was emitted so far, or later, contains `text`. */
  heard(text: string): Promise<void>;
  path(...parts: string[]): string;
  call(name: string, args: Record<string, unknown>): Promise<ToolReply>;
}

const made: string[] = [];
afterEach(async () => {
  for (const folder of made.splice(0)) await rm(folder, { recursive: true, force: true });
});

/** `files`: content by path. The virtual clock moves only by hand: no limit is ever reached by chance. */
export async function makeBench(
  files: Record<string, string | Buffer> = {},
  options?: BuiltinToolsOptions,
): Promise<Bench> {
  const top = await realpath(await mkdtemp(join(tmpdir(), 'troupe-tools-')));
  made.push(top);
  const root = join(top, 'workspace');
  const outside = join(top, 'outside');
  await mkdir(root);
  await mkdir(outside);
  await writeFile(join(outside, 'secret.txt'), `${SECRET}\n`);
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
  }
  const tools = new Map(builtinTools({ ripgrep: false, ...options }).map((tool) => [tool.name, tool]));
  const recorded = recordingContext(root);
  return {
    ...recorded,
    root,
    outside,
    path: (...parts) => join(root, ...parts),
    call: (name, args) => {
      const tool = tools.get(name);
      if (!tool) throw new Error(`no tool ${name}`);
      return runArgs(tool, args, recorded.context);
    },
  };
}

export function recordingContext(workspace = '/') {
  const abort = new AbortController();
  setMaxListeners(0, abort.signal); // some tests make many calls at a time on this one
  const clock = new VirtualClock();
  const emitted: string[] = [];
  const tasks: (readonly Task[])[] = [];
  const waiting = new Set<() => void>();
  const context: ToolContext = {
    subagentId: 'subagent-1',
    toolId: 'call-1',
    signal: abort.signal,
    workspace,
    clock,
    emit: (text) => {
      emitted.push(text);
      for (const look of [...waiting]) look();
    },
    progress: () => {},
    awaitChildren: (work) => work(),
    setTasks: (list) => tasks.push(list),
    filesSeen: new Map(),
  };
  const heard = (text: string) =>
    new Promise<void>((resolve) => {
      const look = () => {
        if (!emitted.join('').includes(text)) return;
        waiting.delete(look);
        resolve();
      };
      waiting.add(look);
      look();
    });
  return { abort, clock, emitted, tasks, context, heard };
}

export function toolNamed(name: string, options?: BuiltinToolsOptions): Tool {
  const tool = builtinTools({ ripgrep: false, ...options }).find((candidate) => candidate.name === name);
  if (!tool) throw new Error(`no tool ${name}`);
  return tool;
}

export function deferred<T>() {
  let resolve: (value: T) => void = () => {};
  let reject: (reason: unknown) => void = () => {};
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
