import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { Session } from '../../src/session/index.js';
import { MemorySessionStore } from '../../src/store/index.js';
import type { ScriptedFunction } from '../../src/testing/index.js';
import { MortalStore } from '../support/mortal-store.js';
import { byPrompt, calls, errorOf, eventsOf, lastMessage, tasks } from '../support/world.js';
import { createSessionWorld, echo, sessionLife as life, type SessionWorld, step } from './session-world.js';

const prompts = ({ model }: SessionWorld) => model.requests.map(({ messages }) => messages[0]?.content);

describe('parallelResumable', () => {
  it('needs a store', async () => {
    const { session } = createSessionWorld(echo);
    const error = await errorOf(() => session.parallelResumable([step('a')], 'w'));
    expect(error.code).toBe('config_invalid');
    expect(error.message).toContain('sessionStore');
  });

  it('replays steps that are on record, and tells so', async () => {
    const store = new MemorySessionStore();
    const first = life(store, echo);
    await expect(first.session.parallelResumable([step('a'), step('b')], 'w')).resolves.toMatchObject([
      { output: 'done a', replayed: false },
      { output: 'done b', replayed: false },
    ]);

    const second = life(store, echo);
    const outcomes = await second.session.parallelResumable([step('b'), step('a'), step('c')], 'w');
    expect(outcomes.map(({ taskId, output, replayed }) => [taskId, output, replayed])).toEqual([
      ['b', 'done b', true],
      ['a', 'done a', true],
      ['c', 'done c', false],
    ]);
    expect(prompts(second)).toEqual(['c']);
    await second.settle();
    expect(
      eventsOf(second.events, 'step_replayed').map(({ taskId, workflowId, subagentId }) => [
        taskId,
        workflowId,
        subagentId,
      ]),
    ).toEqual([
      ['b', 'w', 'subagent-2'],
      ['a', 'w', 'subagent-1'],
    ]);
    // All succeeded, called again: all replayed; another workflow knows nothing of it.
    const again = await second.session.parallelResumable([step('a'), step('b'), step('c')], 'w');
    expect(again.every(({ replayed }) => replayed)).toBe(true);
    const [other] = await second.session.parallelResumable([step('a')], 'another');
    expect(other?.replayed).toBe(false);
  });

  it('leaves the events of the first run as they are, when it replays in the same process', async () => {
    const { session, events } = createSessionWorld(echo, { sessionStore: new MemorySessionStore() });
    await session.parallelResumable([step('a')], 'w');
    const ran = [...events];
    await session.parallelResumable([step('a')], 'w');
    await session.parallelResumable([step('a')], 'w');
    const told = eventsOf(events, 'step_replayed').map(({ subagentId, epoch, seq }) => [subagentId, epoch, seq]);
    expect(told).toEqual([
      ['subagent-1', 1, 1],
      ['subagent-1', 1, 2],
    ]);
    const kept: unknown[] = [];
    for await (const event of session.orchestrator.getHandle('subagent-1')?.events() ?? []) kept.push(event);
    expect(kept).toEqual(ran);
  });

  it('runs a failed step again', async () => {
    const store = new MemorySessionStore();
    const first = life(store, (request) => (lastMessage(request) === 'b' ? { finish: 'refusal' } : { text: 'fine' }));
    const outcomes = await first.session.parallelResumable([step('a'), step('b')], 'w');
    expect(outcomes.map(({ success }) => success)).toEqual([true, false]);
    const second = life(store, echo);
    const again = await second.session.parallelResumable([step('a'), step('b')], 'w');
    expect(again.map(({ success, replayed }) => [success, replayed])).toEqual([
      [true, true],
      [true, false],
    ]);
    expect(prompts(second)).toEqual(['b']);
  });

  it('goes on with a step in flight from its own last recorded call, children included', async () => {
    const store = new MemorySessionStore();
    const first = life(
      store,
      byPrompt({
        single: [calls(['note', { label: 's' }]), { hang: true }],
        lead: [tasks('child'), { text: 'never' }],
        child: [calls(['note', { label: 'c' }]), { hang: true }],
      }),
    );
    const steps = [step('single'), step('lead', { agent: 'lead' })];
    void first.session.parallelResumable(steps, 'w');
    await first.settle();
    expect(first.effects).toEqual(['s', 'c']);

    const second = life(
      store,
      byPrompt({
        single: [{ text: '' }, { text: 'single is done' }],
        lead: [{ text: '' }, { text: 'lead is done' }],
        child: [{ text: '' }, { text: 'child is done' }],
      }),
    );
    const outcomes = await second.session.parallelResumable(steps, 'w');
    expect(second.effects).toEqual([]);
    expect(outcomes.map(({ output, subagentId, turns }) => [output, subagentId, turns])).toEqual([
      ['single is done', 'subagent-1', 2],
      ['lead is done', 'subagent-2', 2],
    ]);
    expect(second.model.requests).toHaveLength(3);
  });

  it('tells readers of a step that goes on what its former life had told', async () => {
    const store = new MemorySessionStore();
    const first = life(store, [calls(['note', { label: 'n' }]), { hang: true }]);
    void first.session.parallelResumable([step('a')], 'w');
    await first.settle();
    const second = life(store, [{ text: 'finished' }]);
    await second.session.parallelResumable([step('a')], 'w');
    const stream = second.session.orchestrator.getHandle('subagent-1')?.events();
    const gap = await stream?.recv();
    expect(gap).toMatchObject({ type: 'gap', subagentId: 'subagent-1', epoch: 0, fromSeq: 1 });
    // At least as many as records tell of, never more than there were.
    const { toSeq = 0 } = gap as { toSeq?: number };
    expect(toSeq).toBeLessThanOrEqual(first.events.length);
    expect(toSeq).toBeGreaterThan(8);
    await expect(stream?.recv()).resolves.toMatchObject({ type: 'subagent_started', epoch: 1, seq: 1 });
  });

  it('refuses other work under the name of a step that is done, and runs it again when told to', async () => {
    const store = new MemorySessionStore();
    const first = life(store, echo);
    await first.session.parallelResumable([step('a'), step('b')], 'w');
    const changed = [
      { ...step('a'), prompt: 'other' },
      { ...step('b'), description: 'said otherwise' },
    ];
    const second = life(store, echo);
    const error = await errorOf(() => second.session.parallelResumable(changed, 'w'));
    expect(error.code).toBe('workflow_mismatch');
    expect(error.message).toContain('"a"');
    expect(error.message).not.toContain('"b"');
    expect(second.model.requests).toEqual([]);
    const outcomes = await second.session.parallelResumable(changed, 'w', { onChanged: 'rerun' });
    expect(outcomes.map(({ output, replayed }) => [output, replayed])).toEqual([
      ['done other', false],
      ['done b', true],
    ]);
  });

  it('goes on with a step that was run again and cut off', async () => {
    const store = new MemorySessionStore();
    const other = { ...step('a'), prompt: 'other' };
    await life(store, echo).session.parallelResumable([step('a')], 'w');
    const second = life(store, [{ toolCalls: [{ name: 'note', args: { label: 'other' } }] }, { hang: true }]);
    void second.session.parallelResumable([other], 'w', { onChanged: 'rerun' });
    await second.settle();
    expect(second.effects).toEqual(['other']);
    const third = life(store, echo);
    const outcomes = await third.session.parallelResumable([other], 'w', { onChanged: 'rerun' });
    expect(outcomes).toMatchObject([{ success: true, output: 'done other', subagentId: 'subagent-2', turns: 2 }]);
    expect(third.effects).toEqual([]);
    await expect(life(store, []).session.parallelResumable([other], 'w')).resolves.toMatchObject([{ replayed: true }]);
  });

  it('counts in the budget of its session, also when that comes back and nobody has called it yet', async () => {
    const store = new MemorySessionStore();
    const costs: ScriptedFunction = () => ({ text: 'done', usage: { inputTokens: 40, outputTokens: 0 } });
    const options = { budget: { maxTokens: 100 } };
    const first = life(store, costs, options);
    await first.session.parallelResumable([step('a')], 'w');
    await first.session.parallelResumable([step('b')], 'v');

    const second = life(store, costs, options);
    await second.session.orchestrator.restore();
    await expect(second.session.parallelResumable([step('a')], 'w')).resolves.toMatchObject([{ replayed: true }]);
    await expect(second.session.run(step('c'))).resolves.toMatchObject({ success: true });
    await expect(second.session.run(step('d'))).resolves.toMatchObject({ error: { code: 'budget_exceeded' } });

    const third = life(store, costs, options);
    await third.session.orchestrator.restore();
    await expect(third.session.run(step('e'))).resolves.toMatchObject({ error: { code: 'budget_exceeded' } });
  });

  it('refuses a name that holds a secret, which would be stored, and does not quote it', async () => {
    const key = 'hunting-season';
    const redact = (text: string) => text.replaceAll(key, '[redacted]');
    const store = new MemorySessionStore();
    const { session, model, runtime } = createSessionWorld(echo, { sessionStore: store }, { secrets: redact });
    const errors = [
      await errorOf(() => session.parallelResumable([step('a')], `of ${key}`)),
      await errorOf(() => Session.open(runtime, '.', { sessionStore: store, sessionId: key })),
    ];
    expect(errors.map(({ code, message }) => [code, message])).toEqual([
      ['config_invalid', expect.stringMatching(/^workflowId holds a secret/)],
      ['config_invalid', expect.stringMatching(/^sessionId holds a secret/)],
    ]);
    expect(errors.map(({ message }) => message).join()).not.toContain(key);
    expect(model.requests).toEqual([]);
  });

  it('counts what was estimated in the budget of its session, too', async () => {
    const store = new MemorySessionStore();
    const untold: ScriptedFunction = () => ({ text: 'x'.repeat(4_000), usage: 'none' });
    const options = { budget: { maxTokens: 1_000 } };
    await life(store, untold, options).session.parallelResumable([step('a')], 'w');

    const second = life(store, untold, options);
    const [replayed] = await second.session.parallelResumable([step('a')], 'w');
    expect(replayed).toMatchObject({ replayed: true, usage: { totalTokens: 0, estimatedTokens: expect.any(Number) } });
    await expect(second.session.run(step('b'))).resolves.toMatchObject({ error: { code: 'budget_exceeded' } });

    const third = life(store, untold, options);
    await third.session.orchestrator.restore(); // nobody has called the workflow
    await expect(third.session.run(step('b'))).resolves.toMatchObject({ error: { code: 'budget_exceeded' } });
  });

  it('refuses a second holder with workflow_busy, and leaves other workflows and the session free', async () => {
    const store = new MemorySessionStore();
    const first = life(store, [{ hang: true }]);
    void first.session.parallelResumable([step('a')], 'w');
    await first.settle();
    const second = createSessionWorld(echo, { sessionStore: store });
    expect((await errorOf(() => second.session.parallelResumable([step('a')], 'w'))).code).toBe('workflow_busy');
    expect((await errorOf(() => second.session.forgetWorkflow('w'))).code).toBe('workflow_busy');
    await expect(second.session.parallelResumable([step('b')], 'v')).resolves.toHaveLength(1);
    await expect(second.session.run(step('c'))).resolves.toMatchObject({ success: true });
  });

  it('holds a changed step against its last run, not against those before', async () => {
    const store = new MemorySessionStore();
    const other = { ...step('a'), prompt: 'other' };
    await life(store, echo).session.parallelResumable([step('a')], 'w');
    await life(store, echo).session.parallelResumable([other], 'w', { onChanged: 'rerun' });
    const third = life(store, echo);
    await expect(third.session.parallelResumable([other], 'w')).resolves.toMatchObject([{ replayed: true }]);
    expect((await errorOf(() => third.session.parallelResumable([step('a')], 'w'))).code).toBe('workflow_mismatch');
  });

  it('replays all that a step took, also where its first attempt had failed', async () => {
    const store = new MemorySessionStore();
    const usage = { inputTokens: 10, outputTokens: 5 };
    const spec = step('a', { retries: 1, timeoutMs: 100 });
    const first = life(store, [{ hang: true }, { text: 'done', usage }]);
    const running = first.session.parallelResumable([spec], 'w');
    await first.settle();
    await first.clock.advance(100);
    const [outcome] = await running;
    expect(outcome).toMatchObject({ success: true, subagentId: 'subagent-2', usage: { requests: 2 }, replayed: false });
    const [again] = await life(store, []).session.parallelResumable([spec], 'w');
    expect(again).toEqual({ ...outcome, replayed: true });
  });

  it('goes on with the attempt that was cut off: those that failed before it count', async () => {
    const store = new MemorySessionStore();
    const spec = step('a', { retries: 1, timeoutMs: 100 });
    const first = life(store, [{ hang: true }, { hang: true }]);
    void first.session.parallelResumable([spec], 'w');
    await first.settle();
    await first.clock.advance(150);
    const second = life(store, [{ hang: true }]);
    const running = second.session.parallelResumable([spec], 'w');
    await second.settle();
    await second.clock.advance(100);
    const [outcome] = await running;
    expect(outcome).toMatchObject({ success: false, error: { code: 'timeout' }, subagentId: 'subagent-2' });
    expect(outcome?.usage.requests).toBe(3);
  });

  it('replays a step whose subagent was released: what it came to goes with the workflow only', async () => {
    const store = new MemorySessionStore();
    const first = life(store, echo);
    await first.session.parallelResumable([step('a')], 'w');
    expect(first.session.orchestrator.release('subagent-1')).toBe(true);
    await first.settle();
    const second = life(store, []);
    await expect(second.session.parallelResumable([step('a')], 'w')).resolves.toMatchObject([
      { output: 'done a', replayed: true },
    ]);
  });

  it('takes no step for done whose end is not on disk', async () => {
    const store = new MortalStore();
    const world = createSessionWorld(echo, { sessionStore: store, onPersistError: 'fail' });
    store.onRecord = (_, record) => {
      const { event } = record as { event?: { type: string } };
      if (event?.type === 'xstate.done.actor.llm') store.isBroken = true;
    };
    const running = world.session.parallelResumable([step('a')], 'w');
    await world.settle();
    await expect(running).resolves.toMatchObject([{ success: false, output: 'done a', error: { code: 'store_io' } }]);
    expect(eventsOf(world.events, 'persist_failed').map(({ code }) => code)).toEqual(['store_io']);
    store.isBroken = false;
    store.begin();
    const next = createSessionWorld([], { sessionStore: store });
    await expect(next.session.parallelResumable([step('a')], 'w')).resolves.toMatchObject([{ output: 'done a' }]);
    expect(next.model.requests).toEqual([]); // its answer is on disk
  });

  it('gives typed answers back as the schema makes them', async () => {
    const store = new MemorySessionStore();
    const spec = step('a', { outputSchema: z.object({ when: z.string().transform((text) => text.length) }) });
    const answer: ScriptedFunction = () => ({ text: '{"when":"today"}' });
    const [one] = await life(store, answer).session.parallelResumable([spec], 'w');
    expect(one?.structured).toEqual({ when: 5 });
    const [two] = await life(store, []).session.parallelResumable([spec], 'w');
    expect(two).toMatchObject({ replayed: true, structured: { when: 5 } });
  });

  it('takes a schema for the same though its defaults are made anew each time', async () => {
    const store = new MemorySessionStore();
    let made = 0;
    const spec = (name = 'b') =>
      step('a', { outputSchema: z.object({ [name]: z.string(), id: z.number().default(() => ++made) }) });
    const answer: ScriptedFunction = () => ({ text: '{"b":"x"}' });
    await life(store, answer).session.parallelResumable([spec()], 'w');
    const { session } = life(store, []);
    await expect(session.parallelResumable([spec()], 'w')).resolves.toMatchObject([{ replayed: true }]);
    const error = await errorOf(() => session.parallelResumable([spec('default')], 'w'));
    expect(error.code).toBe('workflow_mismatch');
  });

  it('forgets a workflow when told to', async () => {
    const store = new MemorySessionStore();
    const { session } = life(store, echo);
    await session.parallelResumable([step('a')], 'w');
    await session.forgetWorkflow('w');
    const [again] = await session.parallelResumable([step('a')], 'w');
    expect(again?.replayed).toBe(false);
  });

  it('is suspended by close and goes on in the next life', async () => {
    const store = new MemorySessionStore();
    const first = life(store, [calls(['slow', { ms: 50 }]), { text: 'never' }]);
    const running = first.session.parallelResumable([step('a')], 'w');
    await first.settle();
    const closing = first.session.close();
    await first.clock.advance(50);
    await closing;
    await expect(running).resolves.toMatchObject([{ success: false, error: { code: 'closed' } }]);
    const second = life(store, [{ text: 'finished' }]);
    const again = second.session.parallelResumable([step('a')], 'w');
    await second.settle();
    await expect(again).resolves.toMatchObject([{ output: 'finished', turns: 2 }]);
    expect(second.model.requests).toHaveLength(1);
  });
});
