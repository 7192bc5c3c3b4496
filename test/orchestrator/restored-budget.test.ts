/** What a budget was charged, in all lives of those below it. */

import { describe, expect, it, vi } from 'vitest';
import { TroupeError } from '../../src/domain/errors.js';
import { MemorySessionStore } from '../../src/store/index.js';
import type { ScriptedAnswer } from '../../src/testing/index.js';
import { firstLife, nextLife } from '../support/lives.js';
import { byPrompt, calls } from '../support/world.js';

describe('a budget that comes back', () => {
  const spends = (inputTokens: number) => ({ text: 'done', usage: { inputTokens, outputTokens: 0 } });

  it('counts what was spent below it by those whose parent has ended', async () => {
    const store = new MemorySessionStore();
    const script = byPrompt({
      grandparent: [calls(['slow', { ms: 60_000 }])],
      parent: [calls(['slow', { ms: 10 }])],
      child: [spends(2_500)],
      later: [spends(2_500)],
    });
    const first = firstLife(store, script);
    const grandparent = first.spawn({ prompt: 'grandparent', budget: { maxTokens: 4_900 } });
    const parent = grandparent.spawn({ agentType: 'worker', prompt: 'parent', maxSteps: 1 });
    const child = parent.spawn({ agentType: 'worker', prompt: 'child', detached: true });
    await first.clock.advance(5_000); // they ask one after the other
    expect([grandparent, parent, child].map((each) => each.state())).toEqual(['running', 'failed', 'completed']);

    const { handles, clock } = await nextLife(store, script);
    expect(handles.map(({ id }) => id)).toEqual([grandparent.id]);
    const [fits, isTooMuch] = [1, 2].map(() => handles[0]?.spawn({ agentType: 'worker', prompt: 'later' }));
    await clock.advance(5_000);
    expect(fits?.state()).toBe('completed');
    expect(await isTooMuch?.outcome()).toMatchObject({ success: false, by: 'budget' });
  });

  it('of a parent that has ended counts what that had spent, for children that go on without it', async () => {
    const store = new MemorySessionStore();
    const turn = calls(['slow', { ms: 100 }]);
    const script = byPrompt({ parent: [spends(980)], child: [turn, turn, turn, { text: 'done' }] });
    const first = firstLife(store, script);
    const parent = first.spawn({ prompt: 'parent', budget: { maxTokens: 1_000 } });
    const child = parent.spawn({ agentType: 'worker', prompt: 'child', detached: true });
    await first.settle();
    expect([parent.state(), child.state()]).toEqual(['completed', 'running']);

    const { handles, clock } = await nextLife(store, script);
    await clock.advance(1_000);
    expect(await handles[0]?.outcome()).toMatchObject({ success: false, by: 'budget', usage: { requests: 2 } });
  });

  const slow = { name: 'slow', args: { ms: 100 } };
  /** Some 1,000 tokens long. */
  const long = 'x'.repeat(4_000);
  const down: ScriptedAnswer = { error: new TroupeError('model_unavailable', 'HTTP 503') };
  const refused = { success: false, by: 'budget', error: { code: 'budget_exceeded' } };

  describe('keeps what was estimated where nobody told the usage', () => {
    const untold: ScriptedAnswer = { text: long, toolCalls: [slow], usage: 'none' };

    it.each(['going on', 'ended', 'ended, its document lost'])('of one that was %s', async (how) => {
      const store = new MemorySessionStore();
      const first = firstLife(store, [how === 'going on' ? untold : { text: long, usage: 'none' }], {
        budget: { maxTokens: 1_000 },
      });
      const handle = first.spawn({ prompt: 'go' });
      await first.settle();
      const { usage } = handle.info();
      expect(usage).toMatchObject({ totalTokens: 0, requests: 1, unknownRequests: 1 });
      expect(usage.estimatedTokens).toBeGreaterThan(1_000);
      if (how.endsWith('lost')) vi.spyOn(store, 'readDocument').mockResolvedValue(undefined);

      const next = await nextLife(store, [{ text: 'more' }], { budget: { maxTokens: 1_000 } });
      expect(next.orchestrator.listSubagents()[0]?.usage).toEqual(usage);
      const later = next.spawn({ prompt: 'later' });
      await next.clock.advance(1_000);
      expect(await later.outcome()).toMatchObject(refused);
      expect(next.model.requests).toHaveLength(0);
    });

    it('of one whose requests failed', async () => {
      const store = new MemorySessionStore();
      const budget = { maxTokens: 2_000 };
      const first = firstLife(store, [down, { hang: true }], { budget });
      const handle = first.spawn({ prompt: long });
      await first.clock.advance(60_000);
      expect(handle.info().usage).toMatchObject({ requests: 2, unknownRequests: 2 });
      const next = await nextLife(store, [{ text: 'done' }], { budget });
      await next.clock.advance(60_000);
      expect(await next.handles[0]?.outcome()).toMatchObject(refused);
      expect(next.model.requests).toHaveLength(0);
    });

    it('of one that was cancelled while it asked', async () => {
      const store = new MemorySessionStore();
      const budget = { maxTokens: 1_000 };
      const first = firstLife(store, () => ({ hang: true }), { budget });
      const handle = first.spawn({ prompt: long });
      await first.settle();
      await handle.cancel();
      await first.settle();
      const next = await nextLife(store, [{ text: 'done' }], { budget });
      const later = next.spawn();
      await next.settle();
      expect(await later.outcome()).toMatchObject(refused);
    });

    it('of one whose process died while it asked, life after life', async () => {
      const store = new MemorySessionStore();
      const hangs = () => ({ hang: true }) as const;
      const spec = { prompt: long, budget: { maxTokens: 3_000 } };
      const first = firstLife(store, hangs);
      first.spawn(spec);
      await first.settle();
      const requests = [first.model.requests.length];
      for (let life = 2; life <= 4; life++) {
        const next = await nextLife(store, hangs);
        requests.push(next.model.requests.length);
        if (life === 4) expect(await next.handles[0]?.outcome()).toMatchObject(refused);
      }
      expect(requests).toEqual([1, 1, 1, 0]);
    });

    it('and gives back what a provider that turned the request away does not charge', async () => {
      const store = new MemorySessionStore();
      const spec = { prompt: long, budget: { maxTokens: 1_500 } };
      const limited: ScriptedAnswer = { error: new TroupeError('rate_limited', 'HTTP 429') };
      const first = firstLife(store, [limited, limited, { hang: true }]);
      const handle = first.spawn(spec);
      await first.clock.advance(60_000);
      expect(handle.info().usage).toMatchObject({ requests: 3, unknownRequests: 3 });
      expect(handle.info().usage.estimatedTokens).toBeLessThan(1_500);
      const next = await nextLife(store, [{ text: 'done' }]);
      await next.clock.advance(60_000);
      expect(await next.handles[0]?.outcome()).toMatchObject({ success: true });
    });

    it('in USD as well', async () => {
      const store = new MemorySessionStore();
      const price = { inputCost: 1_000, outputCost: 1_000 };
      const options = { model: { price }, budget: { maxCostUsd: 1 } };
      const first = firstLife(store, [{ text: long, usage: 'none' }], options);
      const handle = first.spawn();
      await first.settle();
      expect(handle.info().usage.estimatedCostUsd).toBeGreaterThan(1);
      const next = await nextLife(store, [{ text: 'more' }], options);
      const later = next.spawn();
      await next.settle();
      expect(await later.outcome()).toMatchObject(refused);
    });
  });
});
