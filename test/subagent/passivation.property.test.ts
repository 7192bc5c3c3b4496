import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isFinal } from '../../src/domain/lifecycle.js';
import type { ModelRequest } from '../../src/domain/model.js';
import type { SubAgentInfo } from '../../src/domain/outcome.js';
import type { ScriptedTurn } from '../../src/testing/index.js';
import { lines } from '../support/lines.js';
import { WatchedStore } from '../support/watched-store.js';
import { createWorld, type World } from '../support/world.js';

const RUNS = process.env.CI ? 150 : 60;
const NEVER = 10 ** 12;
const TURNS = 4;

const call = (name: string, args: object) => ({ name, args });
const ANSWERS: readonly ScriptedTurn[] = [
  { text: 'done' },
  { text: 'done later', delayMs: 40 },
  { text: 'half', toolCalls: [call('slow', { ms: 20 }), call('slow', { ms: 60 })], delayMs: 20 },
  { toolCalls: [call('note', { label: 'a' }), call('peek', { label: 'b' }), call('note', { label: 'c' })] },
  { toolCalls: [call('task', { tasks: [{ agent: 'asker', prompt: 'x' }] })] },
  { toolCalls: [call('nothing', {}), { name: 'note', args: '{' }] },
];

const operation = fc.oneof(
  { weight: 2, arbitrary: fc.record({ op: fc.constant('advance' as const), ms: fc.constantFrom(0, 10, 50, 200) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      op: fc.constant('spawn' as const),
      agentType: fc.constantFrom('worker', 'asker', 'lead'),
      prompt: fc.constantFrom('x', 'yy', 'zzz'),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      op: fc.constantFrom('pause', 'resume', 'approve', 'deny', 'steer', 'btw', 'cancel'),
      who: fc.nat(4),
    }),
  },
);
type Operation = typeof operation extends fc.Arbitrary<infer Value> ? Value : never;

async function apply({ orchestrator, clock, spawn }: World, operation: Operation, answered: string[]): Promise<void> {
  if (operation.op === 'advance') return clock.advance(operation.ms);
  if (operation.op === 'spawn') {
    spawn({ agentType: operation.agentType, prompt: operation.prompt });
    return;
  }
  const { id } = orchestrator.listSubagents()[operation.who] ?? {};
  const handle = id === undefined ? undefined : orchestrator.getHandle(id);
  if (!handle || handle.isDone()) return;
  const activity = handle.activity();
  const [requestId = 'none'] = (activity.activityType === 'waiting_for_control' && activity.requests) || [];
  switch (operation.op) {
    case 'pause':
      void handle.pause();
      break;
    case 'resume':
      void handle.resume();
      break;
    case 'approve':
      handle.approve(requestId);
      break;
    case 'deny':
      handle.deny(requestId);
      break;
    case 'steer':
      handle.steer('more');
      break;
    case 'btw':
      handle.btw(QUESTION).then(
        (answer) => answered.push(answer),
        ({ code }) => answered.push(code),
      );
      break;
    case 'cancel':
      void handle.cancel();
  }
}

const QUESTION = 'well?';
const isAside = ({ messages }: ModelRequest) => messages.at(-1)?.content === QUESTION;

/** By id: `root-<n>`, or `<place of its parent>.<n>`. Which of two parents that go on at once spawns first is nobody's promise. */
function placesOf(infos: readonly SubAgentInfo[]): Map<string, string> {
  const places = new Map<string, string>();
  const counts = new Map<string, number>();
  for (const { id, parentId } of infos) {
    const above = parentId === undefined ? 'root-' : `${places.get(parentId)}.`;
    const count = (counts.get(above) ?? 0) + 1;
    counts.set(above, count);
    places.set(id, `${above}${count}`);
  }
  return places;
}

const byPlace = ([one]: readonly unknown[], [other]: readonly unknown[]) => String(one).localeCompare(String(other));

/**
 * What callers and the model have seen. Side questions run beside all else: their answers have no place in the order, and one that
 * was held by a pause sees the conversation as far as it is when it leaves.
 */
async function seen(answers: readonly number[], operations: readonly Operation[], passivateAfterMs: number) {
  const store = new WatchedStore();
  const turns = ({
    messages,
  }: {
    readonly messages: readonly { readonly role: string; readonly content: string }[];
  }) => {
    if (messages.at(-1)?.content === QUESTION) return { text: 'an aside' };
    const turn = messages.filter(({ role }) => role === 'assistant').length;
    const at = answers[(turn + (messages[0]?.content.length ?? 0)) % answers.length] ?? 0;
    return (turn < TURNS ? ANSWERS[at] : undefined) ?? { text: 'done' };
  };
  const world = createWorld(turns, { store, passivateAfterMs, approvals: 'wait' });
  const { orchestrator, clock, events, model, spawn } = world;
  const answered: string[] = [];
  spawn({ agentType: 'asker', prompt: 'x' });
  for (const each of operations) {
    await apply(world, each, answered);
    await clock.advance(0);
  }
  for (let round = 0; round < 100 && orchestrator.activeCount() > 0; round++) {
    for (const { id, state, currentActivity } of orchestrator.listSubagents()) {
      if (state === 'paused') void orchestrator.resumeSubagent(id);
      if (currentActivity?.activityType !== 'waiting_for_control') continue;
      for (const requestId of currentActivity.requests ?? []) orchestrator.getHandle(id)?.approve(requestId);
    }
    await clock.advance(100);
  }
  const inOrder = events.filter(({ type }) => type !== 'btw_answer');
  const infos = orchestrator.listSubagents();
  const places = placesOf(infos);
  const placed = (text: string) => text.replaceAll(/subagent-\d+/g, (id) => places.get(id) ?? id);
  const seenBy = {
    ended: infos.map(({ id, state, usage }) => [placed(id), state, usage]).sort(byPlace),
    answered: answered.sort(),
    requests: model.requests
      .filter((request) => !isAside(request))
      .map((request) => placed(JSON.stringify(request)))
      .sort(),
    asides: model.requests.filter(isAside).length,
    told: infos.map(({ id }) => [placed(id), lines(inOrder, id).map(placed)]).sort(byPlace),
  };
  const pending = clock.pending;
  await orchestrator.close({ mode: 'cancel' });
  return { seenBy, pending, reads: store.reads.length };
}

it('whatever callers do, nobody can tell whether conversations leave memory', { timeout: 240_000 }, async () => {
  let reads = 0;
  const property = fc.asyncProperty(
    fc.array(fc.nat(ANSWERS.length - 1), { minLength: 1, maxLength: 6 }),
    fc.array(operation, { minLength: 3, maxLength: 25, size: 'max' }),
    fc.constantFrom(0, 5, 30),
    async (answers, operations, afterMs) => {
      const stayed = await seen(answers, operations, NEVER);
      const left = await seen(answers, operations, afterMs);
      reads += left.reads;
      expect(left.seenBy).toEqual(stayed.seenBy);
      expect(stayed.seenBy.ended.every(([, state]) => isFinal(state as 'completed'))).toBe(true);
      expect([left.pending, stayed.reads]).toEqual([0, 0]);
    },
  );
  await fc.assert(property, { numRuns: RUNS });
  expect(reads).toBeGreaterThan(RUNS / 4); // or hardly any conversation had left
});
