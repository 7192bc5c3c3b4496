import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { defineTool } from '../../src/activities/tools/index.js';
import { MemorySessionStore } from '../../src/store/index.js';
import { firstLife, nextLife } from '../support/lives.js';
import { byPrompt, calls, errorOf, eventsOf, lastMessage } from '../support/world.js';

const mine = defineTool({ name: 'mine', description: 'An own one.', input: z.object({}), run: () => 'mine was run' });

const ASKS = { allow: [], deny: [], ask: [], default: 'ask' } as const;

describe('what is restored by a program that has changed', () => {
  it('asks its confirm about requests that are open, and tells readers of them', async () => {
    const store = new MemorySessionStore();
    const first = firstLife(store, [calls(['note', { label: 'x' }])], { confirm: () => new Promise(() => {}) });
    const handle = first.spawn({ agentType: 'asker' });
    await first.clock.advance(40_000);
    handle.steer('go on'); // time is known up to the last record
    await first.settle();
    const asked: string[] = [];
    const second = await nextLife(store, [{ text: 'thanks' }], {
      confirm: async ({ requestId, expiresAt }) => {
        asked.push(`${requestId} until ${expiresAt}`);
        return 'allow' as const;
      },
    });
    await second.settle();
    expect(asked).toEqual(['call1#1 until 20000']);
    expect(
      eventsOf(second.events, 'permission_request').map(({ requestId, expiresAt }) => [requestId, expiresAt]),
    ).toEqual([['call1#1', 20_000]]);
    await expect(second.handles[0]?.wait()).resolves.toBe('thanks');
    expect(second.effects).toEqual(['x']);
  });

  it('names the subagent whose agent or tools are not known any more, runs nothing, and can be mended', async () => {
    const store = new MemorySessionStore();
    const first = firstLife(store, () => ({ hang: true }), { definitions: [{ name: 'special' }], tools: [mine] });
    first.spawn({ agentType: 'special', prompt: 'a' });
    first.spawn({ prompt: 'b', tools: [mine] });
    await first.settle();
    const script = byPrompt({ a: [{ text: 'a is done' }], b: [calls(['mine', {}]), { text: 'b is done' }] });
    const noAgent = await errorOf(() => nextLife(store, script, { tools: [mine] }));
    expect([noAgent.code, noAgent.message]).toEqual(['unknown_agent', expect.stringContaining('subagent-1')]);
    const noTool = await errorOf(() => nextLife(store, script, { definitions: [{ name: 'special' }] }));
    expect([noTool.code, noTool.message]).toEqual(['config_invalid', expect.stringMatching(/subagent-2.*"mine"/)]);
    const mended = await nextLife(store, script, { definitions: [{ name: 'special' }], tools: [mine] });
    await expect(mended.handles[0]?.wait()).resolves.toBe('a is done');
    await expect(mended.handles[1]?.wait()).resolves.toBe('b is done');
    expect(lastMessage(mended.model.requests.at(-1))).toBe('mine was run');
  });

  it('goes on by the definition of today, and tells the model of a call whose tool is gone', async () => {
    const store = new MemorySessionStore();
    const turns = [calls(['mine', {}])];
    const first = firstLife(store, turns, {
      definitions: [{ name: 'asker', tools: ['mine'], permissions: ASKS }],
      tools: [mine],
      approvals: 'wait',
    });
    first.spawn({ agentType: 'asker' });
    await first.settle();
    const second = await nextLife(store, [{ text: 'then not' }], {
      definitions: [{ name: 'asker', prompt: 'Be new.', permissions: ASKS }],
      approvals: 'wait',
    });
    second.handles[0]?.approve('call1#1');
    await second.settle();
    await expect(second.handles[0]?.wait()).resolves.toBe('then not');
    expect(second.model.requests[0]?.system).toContain('Be new.');
    expect(lastMessage(second.model.requests[0])).toContain('there is no tool "mine" any more');
  });

  it('takes no negative time, though the clock was set back meanwhile', async () => {
    const store = new MemorySessionStore();
    const first = firstLife(store, [{ hang: true }]);
    await first.clock.advance(1_000);
    first.spawn({ timeoutMs: 50 });
    await first.settle();
    const second = await nextLife(store, [{ text: 'done' }]);
    await expect(second.handles[0]?.outcome()).resolves.toMatchObject({ success: true, durationMs: 0 });
  });

  it('lists ended ones as it keeps them now, and forgets what is released for good', async () => {
    const store = new MemorySessionStore();
    const first = firstLife(store, [{ text: 'one' }, { text: 'two' }, { text: 'three' }]);
    for (const prompt of ['a', 'b', 'c']) await first.spawn({ prompt }).wait();
    await first.settle();
    const few = await nextLife(store, [], { keepEnded: 2 });
    expect(few.orchestrator.listSubagents().map(({ id }) => id)).toEqual(['subagent-2', 'subagent-3']);
    expect(few.orchestrator.release('subagent-2')).toBe(true);
    await few.settle();
    const all = await nextLife(store, []);
    expect(all.orchestrator.listSubagents().map(({ id }) => id)).toEqual(['subagent-1', 'subagent-3']);
    expect(await all.orchestrator.waitAll()).toMatchObject([{ output: 'one' }, { output: 'three' }]);
    expect(all.spawn().id).toBe('subagent-4');
  });
});

describe('many lives', () => {
  it('add up to one: history, usage, tasks, budget and time', async () => {
    const store = new MemorySessionStore();
    const turn = (label: string) =>
      calls(['todo', { tasks: [{ content: label, status: 'pending' }] }], ['slow', { ms: 100 }]);
    const script = byPrompt({ go: ['a', 'b', 'c', 'd', 'e'].map(turn) });
    const spec = { prompt: 'go', timeoutMs: 450, budget: { maxTokens: 10_000 } };
    const first = firstLife(store, script);
    first.spawn(spec);
    await first.clock.advance(100);
    for (let life = 1; life < 4; life++) {
      const next = await nextLife(store, script, { downMs: 1_000 });
      const [handle] = next.handles;
      await next.clock.advance(100);
      expect(handle?.info()).toMatchObject({ state: 'running', tasks: [{ content: 'abcde'[life + 1] }] });
      expect(handle?.info().usage.requests).toBeGreaterThan(life);
    }
    const last = await nextLife(store, script, { downMs: 1_000 });
    const [handle] = last.handles;
    await last.clock.advance(49);
    expect(handle?.state()).toBe('running');
    await last.clock.advance(1);
    expect(await handle?.outcome()).toMatchObject({ state: 'failed', by: 'timeout' });
  });
});
