import { describe, expect, it } from 'vitest';
import type { ModelRequest } from '../../src/domain/model.js';
import { calls, createWorld, errorOf, eventsOf, lastMessage, typesOf } from '../support/world.js';

/** Answers side questions by themselves, and the run by its own script. */
const isAside = ({ tools }: ModelRequest) => tools.length === 0;

describe('btw', () => {
  it('answers from a copy of the history, without tools, and leaves the history untouched', async () => {
    const { clock, model, spawn, events } = createWorld((request, index) => {
      if (isAside(request)) return { text: `aside to: ${lastMessage(request)}` };
      return index === 0 ? { toolCalls: [{ name: 'slow', args: { label: 'a', ms: 100 } }] } : { text: 'done' };
    });
    const handle = spawn();
    await clock.advance(10);
    await expect(handle.btw('how far are you?')).resolves.toBe('aside to: how far are you?');
    await clock.advance(0);
    expect(eventsOf(events, 'btw_answer')).toMatchObject([
      { question: 'how far are you?', answer: 'aside to: how far are you?' },
    ]);
    expect(typesOf(events)).not.toContain('text_delta');
    const aside = model.requests[1];
    expect(aside?.tools).toEqual([]);
    expect(aside?.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool', 'user']);
    await clock.advance(100);
    await expect(handle.wait()).resolves.toBe('done');
    expect(model.requests.at(-1)?.messages.map(({ content }) => content)).toEqual(['do it', '', 'slow a done']);
    expect(handle.info().usage).toMatchObject({ requests: 3, totalTokens: 45, unknownRequests: 0 });
  });

  it('waits while paused, and is answered after resume', async () => {
    const { clock, model, spawn } = createWorld((request) =>
      isAside(request) ? { text: 'aside' } : { text: 'done', delayMs: 100 },
    );
    const handle = spawn();
    await clock.advance(10);
    void handle.pause();
    const answer = handle.btw('well?');
    await clock.advance(50);
    expect(model.requests).toHaveLength(1);
    void handle.resume();
    await expect(answer).resolves.toBe('aside');
  });

  it('starts nothing when the subagent is resumed and paused in one tick', async () => {
    const { clock, model, spawn } = createWorld((request) => (isAside(request) ? { text: 'aside' } : { hang: true }));
    const handle = spawn();
    await clock.advance(10);
    void handle.pause();
    const answer = errorOf(() => handle.btw('well?'));
    await clock.advance(10);
    void handle.resume();
    void handle.pause();
    await clock.advance(10_000);
    expect(model.requests).toHaveLength(1);
    void handle.cancel();
    await expect(answer).resolves.toMatchObject({ code: 'wrong_state' });
  });

  it('is not tried again while paused', async () => {
    const { clock, model, spawn } = createWorld((request, index) => {
      if (!isAside(request)) return { hang: true };
      return index < 3 ? { finish: 'none' } : { text: 'aside' };
    });
    const handle = spawn();
    await clock.advance(10);
    const answer = handle.btw('well?');
    await clock.advance(1);
    expect(model.requests).toHaveLength(2);
    void handle.pause();
    await clock.advance(100_000);
    expect(model.requests).toHaveLength(2);
    void handle.resume();
    await clock.advance(100_000);
    await expect(answer).resolves.toBe('aside');
    expect(model.requests).toHaveLength(4);
  });

  it('in flight keeps a pause from being at rest until it is answered', async () => {
    const { clock, spawn } = createWorld((request) =>
      isAside(request) ? { text: 'aside', delayMs: 500 } : { text: 'done', delayMs: 100 },
    );
    const handle = spawn();
    await clock.advance(10);
    void handle.btw('well?');
    let rest: unknown;
    void handle.pause().then((result) => {
      rest = result;
    });
    await clock.advance(499);
    expect(rest).toBeUndefined();
    await clock.advance(1);
    expect(rest).toMatchObject({ state: 'paused' });
  });

  it('is answered for several at once', async () => {
    const { clock, spawn, events } = createWorld((request) =>
      isAside(request) ? { text: `to ${lastMessage(request)}`, delayMs: 10 } : { hang: true },
    );
    const handle = spawn();
    await clock.advance(1);
    const answers = Promise.all(['1', '2', '3'].map((question) => handle.btw(question)));
    await clock.advance(10);
    await expect(answers).resolves.toEqual(['to 1', 'to 2', 'to 3']);
    await clock.advance(0);
    expect(eventsOf(events, 'btw_answer')).toHaveLength(3);
  });

  it('of one that has ended, or ends first, rejects with wrong_state', async () => {
    const { clock, spawn } = createWorld((request) =>
      isAside(request) ? { hang: true } : { text: 'done', delayMs: 100 },
    );
    const handle = spawn();
    await clock.advance(10);
    const answer = handle.btw('well?');
    const seen = errorOf(() => answer);
    await clock.advance(100);
    expect(handle.state()).toBe('completed');
    await expect(seen).resolves.toMatchObject({ code: 'wrong_state' });
    await expect(handle.btw('and now?')).rejects.toMatchObject({ code: 'wrong_state' });
  });

  it('of one in the queue waits for its start', async () => {
    const { clock, model, spawn } = createWorld(
      (request) => (isAside(request) ? { text: 'aside' } : { text: 'done', delayMs: 100 }),
      { maxConcurrentSubagents: 1, onLimit: 'queue' },
    );
    spawn();
    const second = spawn();
    const answer = second.btw('well?');
    await clock.advance(99);
    expect(model.requests).toHaveLength(1);
    await clock.advance(1);
    await expect(answer).resolves.toBe('aside');
  });

  it('fails as a turn fails, and the run goes on', async () => {
    const { clock, spawn } = createWorld((request) =>
      isAside(request) ? { finish: 'refusal' } : { text: 'done', delayMs: 100 },
    );
    const handle = spawn();
    await clock.advance(10);
    const error = errorOf(() => handle.btw('well?'));
    await clock.advance(100);
    await expect(error).resolves.toMatchObject({ code: 'model_refused' });
    await expect(handle.wait()).resolves.toBe('done');
  });

  it.each([
    ['empty', ''],
    ['blank', '  '],
    ['no text', 7],
  ])('rejects a question that is %s', async (_what, question) => {
    const { spawn, orchestrator } = createWorld([{ hang: true }]);
    const handle = spawn();
    const error = await errorOf(() => handle.btw(question as string));
    expect(error.code).toBe('config_invalid');
    expect(error.message).toContain('question');
    expect(orchestrator.activeCount()).toBe(1);
  });

  it('tells each retry of it by an event', async () => {
    const { clock, spawn, events } = createWorld((request) =>
      request.messages.length === 1 ? { hang: true } : (asides.shift() ?? { text: 'never' }),
    );
    const asides = [{ finish: 'none' as const }, { text: 'an answer' }];
    const handle = spawn();
    await clock.advance(1);
    const aside = handle.btw('how far?');
    await clock.advance(10_000);
    await expect(aside).resolves.toBe('an answer');
    expect(eventsOf(events, 'retry')).toEqual([expect.objectContaining({ attempt: 1, delayMs: expect.any(Number) })]);
    void handle.cancel();
  });

  it('counts with steered messages against controlBufferSize', async () => {
    const { spawn } = createWorld([{ hang: true }], { controlBufferSize: 3 });
    const handle = spawn();
    void handle.pause();
    void handle.btw('1').catch(() => {});
    handle.steer('2');
    handle.steer('3');
    const error = await errorOf(() => handle.steer('4'));
    expect(error.code).toBe('wrong_state');
    expect(error.message).toContain('controlBufferSize');
    await expect(handle.btw('5')).rejects.toMatchObject({ code: 'wrong_state' });
    void handle.cancel();
  });
});

describe('steer', () => {
  const said = (request: ModelRequest | undefined) => request?.messages.map(({ content }) => content);

  it('is taken at the next turn boundary, in order', async () => {
    const { clock, model, spawn, events } = createWorld([calls(['slow', { label: 'a', ms: 100 }]), { text: 'done' }]);
    const handle = spawn();
    await clock.advance(10);
    handle.steer('look left');
    handle.steer('then right');
    expect(model.requests).toHaveLength(1);
    await clock.advance(90);
    expect(said(model.requests[1])).toEqual(['do it', '', 'slow a done', 'look left', 'then right']);
    await expect(handle.wait()).resolves.toBe('done');
    expect(eventsOf(events, 'control_signal_applied')).toMatchObject([
      { signal: 'steer', accepted: true },
      { signal: 'steer', accepted: true },
    ]);
  });

  it('at a final answer makes one more turn in place of the end', async () => {
    const { clock, model, spawn } = createWorld([{ text: 'first', delayMs: 100 }, { text: 'second' }]);
    const handle = spawn();
    await clock.advance(10);
    handle.steer('one more thing');
    await clock.advance(90);
    await expect(handle.wait()).resolves.toBe('second');
    expect(said(model.requests[1])).toEqual(['do it', 'first', 'one more thing']);
  });

  it('before the start goes along with the prompt', async () => {
    const { clock, model, spawn } = createWorld([{ text: 'a', delayMs: 10 }, { text: 'b' }], {
      maxConcurrentSubagents: 1,
      onLimit: 'queue',
    });
    spawn();
    const second = spawn({ prompt: 'second' });
    second.steer('hint');
    await clock.advance(10);
    expect(said(model.requests[1])).toEqual(['second', 'hint']);
    await expect(second.wait()).resolves.toBe('b');
  });

  it('while paused waits for resume', async () => {
    const { clock, model, spawn } = createWorld([{ text: 'first', delayMs: 10 }, { text: 'second' }]);
    const handle = spawn();
    await clock.advance(1);
    void handle.pause();
    handle.steer('and this');
    await clock.advance(1_000);
    expect(model.requests).toHaveLength(1);
    void handle.resume();
    await clock.advance(0);
    await expect(handle.wait()).resolves.toBe('second');
  });

  it('is not taken along by a request that is made again', async () => {
    const { clock, model, spawn } = createWorld([{ finish: 'none' }, { text: 'first' }, { text: 'second' }]);
    const handle = spawn();
    await clock.advance(1);
    handle.steer('later');
    await clock.advance(10_000);
    await expect(handle.wait()).resolves.toBe('second');
    expect(model.requests.map(said)).toEqual([['do it'], ['do it'], ['do it', 'first', 'later']]);
  });

  it('of one that has ended throws wrong_state, of no text config_invalid', async () => {
    const { settle, spawn } = createWorld([{ text: 'done' }]);
    const handle = spawn();
    for (const message of ['', ' ', undefined, {}]) {
      expect((await errorOf(() => handle.steer(message as string))).code).toBe('config_invalid');
    }
    await settle();
    expect((await errorOf(() => handle.steer('more'))).code).toBe('wrong_state');
  });
});
