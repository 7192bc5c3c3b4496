import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { byPrompt, calls, createWorld, eventsOf, tasks, typesOf } from '../support/world.js';

describe('cancel ends at once: the state is cancelled when it returns', () => {
  it('in a silent request', async () => {
    const { clock, settle, spawn, events } = createWorld([{ hang: true }]);
    const handle = spawn();
    await clock.advance(10);
    const result = handle.cancel('enough');
    expect(handle.state()).toBe('cancelled');
    expect(handle.isDone()).toBe(true);
    await expect(result).resolves.toEqual({ accepted: true, state: 'cancelled' });
    await settle();
    expect(eventsOf(events, 'subagent_completed')).toMatchObject([
      { state: 'cancelled', success: false, by: 'user', error: { code: 'cancelled', message: 'enough' } },
    ]);
    await expect(handle.outcome()).resolves.toMatchObject({ usage: { requests: 1, unknownRequests: 1 } });
    await expect(handle.wait()).rejects.toMatchObject({ code: 'cancelled', message: 'enough' });
  });

  it('before the request has left', async () => {
    const { clock, model, spawn } = createWorld([{ text: 'done' }]);
    const handle = spawn();
    void handle.cancel();
    expect(handle.state()).toBe('cancelled');
    await clock.advance(100);
    expect(model.requests).toHaveLength(0);
  });

  it('in a tool that takes no notice, whose late result and output are dropped', async () => {
    const { clock, signals, spawn, events } = createWorld([calls(['deaf', { label: 'd', ms: 100 }]), { text: 'done' }]);
    const handle = spawn();
    await clock.advance(10);
    expect(signals.get('d')?.aborted).toBe(false);
    void handle.cancel();
    expect(handle.state()).toBe('cancelled');
    expect(signals.get('d')?.aborted).toBe(true);
    await clock.advance(1_000);
    expect(typesOf(events).at(-1)).toBe('subagent_completed');
    expect(typesOf(events)).not.toContain('tool_output_delta');
    expect(typesOf(events)).not.toContain('tool_end');
  });

  it('with every call that runs side by side told to stop', async () => {
    const { clock, signals, spawn } = createWorld([
      calls(['slow', { label: 'a', ms: 100 }], ['slow', { label: 'b', ms: 200 }]),
    ]);
    const handle = spawn();
    await clock.advance(10);
    void handle.cancel();
    expect([...signals.values()].map(({ aborted }) => aborted)).toEqual([true, true]);
  });

  it('while pending in the queue', async () => {
    const { clock, model, spawn, orchestrator } = createWorld([{ text: 'first', delayMs: 100 }, { text: 'third' }], {
      maxConcurrentSubagents: 1,
      onLimit: 'queue',
    });
    spawn();
    const second = spawn();
    const third = spawn();
    expect(second.state()).toBe('pending');
    void second.cancel();
    expect(second.state()).toBe('cancelled');
    await clock.advance(200);
    expect(third.state()).toBe('completed');
    expect(model.requests).toHaveLength(2);
    expect(orchestrator.activeCount()).toBe(0);
  });

  it('while paused, at rest or not', async () => {
    const { clock, spawn } = createWorld([{ text: 'a', delayMs: 10 }, { hang: true }]);
    const [atRest, draining] = [spawn(), spawn()];
    await clock.advance(5);
    void atRest.pause();
    void draining.pause();
    await clock.advance(50);
    for (const handle of [atRest, draining]) {
      void handle.cancel();
      expect(handle.state()).toBe('cancelled');
    }
    await expect(atRest.outcome()).resolves.toMatchObject({ state: 'cancelled', output: 'a' });
  });

  it('while held in the queue', async () => {
    const { spawn } = createWorld([{ hang: true }], { maxConcurrentSubagents: 1, onLimit: 'queue' });
    spawn();
    const held = spawn();
    void held.pause();
    void held.cancel();
    expect(held.state()).toBe('cancelled');
  });

  it('while it waits for an approval', async () => {
    const { settle, spawn, events } = createWorld([calls(['note', {}])], { approvals: 'wait' });
    const handle = spawn({ agentType: 'asker' });
    await settle();
    expect(handle.activity()).toMatchObject({ activityType: 'waiting_for_control', requests: ['call1#1'] });
    void handle.cancel();
    expect(handle.state()).toBe('cancelled');
    handle.approve('call1#1');
    await settle();
    expect(typesOf(events).at(-1)).toBe('subagent_completed');
  });

  it('while it waits to try a request again', async () => {
    const { clock, model, spawn } = createWorld([{ finish: 'none' }, { text: 'done' }]);
    const handle = spawn();
    await clock.advance(1);
    void handle.cancel();
    expect(handle.state()).toBe('cancelled');
    await clock.advance(100_000);
    expect(model.requests).toHaveLength(1);
    expect(clock.pending).toBe(0);
  });

  it('with its children, whatever they are doing', async () => {
    const { clock, spawn, orchestrator, events, signals } = createWorld(
      byPrompt({
        lead: [tasks('a', 'b', 'c')],
        a: [{ hang: true }],
        b: [calls(['deaf', { label: 'b' }])],
        c: [calls(['slow', { label: 'c', ms: 1_000 }])],
      }),
    );
    const handle = spawn({ agentType: 'lead', prompt: 'lead' });
    await clock.advance(10);
    const [, , , c] = orchestrator.listSubagents();
    void orchestrator.pauseSubagent(c?.id ?? '');
    void handle.cancel();
    expect(orchestrator.getAllStates().map(({ state }) => state)).toEqual(Array(4).fill('cancelled'));
    expect([...signals.values()].every(({ aborted }) => aborted)).toBe(true);
    await clock.advance(10_000);
    expect(eventsOf(events, 'subagent_completed').map(({ by }) => by)).toEqual(['user', 'parent', 'parent', 'parent']);
  });
});

describe('what a cancel leaves', () => {
  it('is the last text as output, and the usage so far', async () => {
    const { clock, spawn } = createWorld([
      { text: 'I look around.', toolCalls: [{ name: 'slow', args: { ms: 100 } }] },
      { hang: true },
    ]);
    const handle = spawn();
    await clock.advance(500);
    void handle.cancel();
    await expect(handle.outcome()).resolves.toEqual({
      id: 'subagent-1',
      agentType: 'worker',
      state: 'cancelled',
      success: false,
      by: 'user',
      output: 'I look around.',
      error: { code: 'cancelled', message: 'cancelled by user' },
      usage: { inputTokens: 10, outputTokens: 5, totalTokens: 15, requests: 2, repairs: 0, unknownRequests: 1 },
      turns: 1,
      durationMs: 500,
    });
  });

  it('is no timer', async () => {
    const { clock, spawn } = createWorld([calls(['slow', { ms: 1_000 }])]);
    const handle = spawn({ timeoutMs: 60_000 });
    await clock.advance(10);
    void handle.cancel();
    expect(clock.pending).toBe(0);
  });

  it('is nothing more to be said of an approval whose confirm answers late', async () => {
    const answers: ((answer: 'allow') => void)[] = [];
    const { settle, spawn, events, effects } = createWorld([calls(['note', {}])], {
      confirm: () => new Promise((resolve) => answers.push(resolve)),
    });
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    onTestFinished(() => warn.mockRestore());
    const handle = spawn({ agentType: 'asker' });
    await settle();
    void handle.cancel();
    answers[0]?.('allow');
    await settle();
    expect(effects).toEqual([]);
    expect(typesOf(events).at(-1)).toBe('subagent_completed');
    expect(warn.mock.calls).toEqual([]);
  });
});
