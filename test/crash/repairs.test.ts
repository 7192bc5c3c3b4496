import { describe, expect, it } from 'vitest';
import type { ModelRequest } from '../../src/domain/model.js';
import type { ScriptedFunction } from '../../src/testing/index.js';
import { MortalStore } from '../support/mortal-store.js';
import { life, untilQuiet } from './support/one-life.js';

const outputSchema = { type: 'object', properties: { ok: { type: 'boolean' } }, required: ['ok'] };

/** What was asked of the model to mend so far. */
const repairsIn = ({ messages }: ModelRequest) =>
  messages.filter(({ role }, index) => role === 'assistant' && index > 0).length;

/** The `n`th answer of a conversation, whichever process asks for it. */
const inTurn =
  (...answers: readonly ReturnType<ScriptedFunction>[]): ScriptedFunction =>
  (request) =>
    answers[repairsIn(request)] ?? { text: 'one too many' };

/** How each answer was asked for, by the number of answers before it. */
function askedFor(requests: readonly ModelRequest[]): Map<number, Set<string>> {
  const asked = new Map<number, Set<string>>();
  for (const request of requests) {
    const count = repairsIn(request);
    const how = JSON.stringify([request.toolChoice ?? null, request.messages.map(({ content }) => content)]);
    asked.set(count, (asked.get(count) ?? new Set()).add(how));
  }
  return asked;
}

const unfit = { text: 'in plain words' };
const unfitCall = { toolCalls: [{ name: 'final_answer', args: { ok: 'maybe' } }] };

describe('a process that dies while an answer is mended', () => {
  for (const [name, answers] of [
    ['by words', [unfit, unfit, { text: '{"ok":true}' }]],
    ['by calls', [unfitCall, unfitCall, { toolCalls: [{ name: 'final_answer', args: { ok: true } }] }]],
    ['by words, then by calls', [unfit, unfitCall, { text: '{"ok":true}' }]],
  ] as const) {
    it(`leaves count and form as they were: ${name}`, async () => {
      let plain: Map<number, Set<string>> | undefined;
      for (let appends = Number.POSITIVE_INFINITY; ; appends = appends === Number.POSITIVE_INFINITY ? 1 : appends + 1) {
        const store = new MortalStore();
        const first = life(store, inTurn(...answers), { appends, writeMs: 1 });
        first.spawn({ outputSchema, repairs: 2 });
        await untilQuiet(first);
        if (!plain) {
          plain = askedFor(first.model.requests);
          expect([...plain.keys()]).toEqual([0, 1, 2]);
          continue;
        }
        if (!store.isDead) break;
        const second = life(store, inTurn(...answers));
        await second.orchestrator.restore();
        await untilQuiet(second);
        const handle = second.orchestrator.getHandle('subagent-1');
        const outcome = await handle?.outcome();
        expect([appends, outcome?.structured, outcome?.usage.repairs]).toEqual([appends, { ok: true }, 2]);
        expect([appends, askedFor([...first.model.requests, ...second.model.requests])]).toEqual([appends, plain]);
      }
    });
  }

  it('allows no more repairs than there were to be', async () => {
    for (let appends = 1; ; appends++) {
      const store = new MortalStore();
      const never = inTurn(unfit, unfit, unfit, unfit, unfit, unfit);
      const first = life(store, never, { appends, writeMs: 1 });
      first.spawn({ outputSchema, repairs: 2 });
      await untilQuiet(first);
      if (!store.isDead) break;
      const second = life(store, never);
      await second.orchestrator.restore();
      await untilQuiet(second);
      const outcome = await second.orchestrator.getHandle('subagent-1')?.outcome();
      expect([appends, outcome?.error?.code, outcome?.usage.repairs]).toEqual([appends, 'structured_output', 2]);
      const asked = askedFor([...first.model.requests, ...second.model.requests]);
      expect([appends, ...asked.keys()]).toEqual([appends, 0, 1, 2]);
    }
  });
});
