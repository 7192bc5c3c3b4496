import { distinctUntilChanged, from, lastValueFrom, map, toArray } from 'rxjs';
import { expect, it } from 'vitest';
import { stateOf } from '../../machines/index.js';
import { createWorld } from '../support/world.js';

it('from(actor) gives the snapshots of a subagent, and completes with it', async () => {
  const { spawn, settle } = createWorld([{ text: 'done', delayMs: 10 }]);
  const handle = spawn();
  const states = lastValueFrom(from(handle.actor).pipe(map(stateOf), distinctUntilChanged(), toArray()));
  await settle();
  void handle.pause();
  void handle.resume();
  void handle.cancel();
  expect(await states).toEqual(['paused', 'running', 'cancelled']); // an actor of XState tells changes only
});

it('from(actor) gives the counters of the orchestrator, and completes when it is closed', async () => {
  const { orchestrator, spawn } = createWorld(() => ({ text: 'done' }));
  const live = lastValueFrom(
    from(orchestrator.actor).pipe(
      map(({ context }) => context.live),
      distinctUntilChanged(),
      toArray(),
    ),
  );
  await Promise.all([spawn().wait(), spawn().wait()]);
  await orchestrator.close();
  expect(await live).toEqual([1, 2, 1, 0]);
});
