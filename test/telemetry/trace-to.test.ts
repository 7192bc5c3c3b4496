import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TroupeError } from '../../src/domain/errors.js';
import { MemorySessionStore } from '../../src/store/index.js';
import { type TraceOptions, traceTo } from '../../src/telemetry/index.js';
import { byPrompt, calls, createWorld, errorOf, tasks, type World, type WorldOptions } from '../support/world.js';

beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager());
});
afterAll(() => context.disable());

function traced(world: World, options: TraceOptions = {}) {
  const exporter = new InMemorySpanExporter();
  const started: ReadableSpan[] = [];
  const order: SpanProcessor = {
    onStart: (span) => started.push(span as unknown as ReadableSpan), // it is both
    onEnd: () => {},
    forceFlush: async () => {},
    shutdown: async () => {},
  };
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter), order] });
  const tracer = provider.getTracer('test');
  const stop = traceTo(world.orchestrator, { tracer, ...options });
  const spans = () => exporter.getFinishedSpans();
  const nameOf = (id: string | undefined) => spans().find((span) => span.spanContext().spanId === id)?.name;
  return {
    tracer,
    stop,
    spans,
    span: (name: string): ReadableSpan => {
      const found = spans().find((span) => span.name === name);
      if (!found) throw new Error(`no span ${name}; there are ${spans().map((span) => span.name)}`);
      return found;
    },
    /** Each span with its parent's name, in the order of their beginning; all have ended. */
    tree: () => {
      expect(spans()).toHaveLength(started.length);
      return started.map((span) => `${span.name} < ${nameOf(span.parentSpanContext?.spanId) ?? '-'}`);
    },
  };
}

const msOf = ([seconds, nanos]: readonly [number, number]) => seconds * 1_000 + nanos / 1e6;
const options: WorldOptions = { model: { name: 'acme/m1' } };

describe('the spans of a subagent', () => {
  it('are one for it, one for each request and one for each tool, by the GenAI conventions', async () => {
    const world = createWorld(
      [
        { ...calls(['slow', { ms: 100 }]), delayMs: 50 },
        { text: 'done', delayMs: 30, usage: { inputTokens: 7, outputTokens: 3, cachedTokens: 2 } },
      ],
      options,
    );
    const { tree, span } = traced(world);
    world.spawn({ description: 'a secret plan' });
    await world.clock.advance(1_000);
    expect(tree()).toEqual([
      'invoke_agent worker < -',
      'chat m1 < invoke_agent worker',
      'execute_tool slow < invoke_agent worker',
      'chat m1 < invoke_agent worker',
    ]);
    const agent = span('invoke_agent worker');
    expect(agent.kind).toBe(SpanKind.INTERNAL);
    expect([msOf(agent.startTime), msOf(agent.endTime)]).toEqual([0, 180]);
    expect(agent.attributes).toEqual({
      'gen_ai.operation.name': 'invoke_agent',
      'gen_ai.provider.name': 'acme',
      'gen_ai.request.model': 'm1',
      'gen_ai.conversation.id': expect.stringMatching(/\/subagent-1$/),
      'gen_ai.agent.id': 'subagent-1',
      'gen_ai.agent.name': 'worker',
      'gen_ai.agent.description': 'Runs what it is told to.',
      'gen_ai.usage.input_tokens': 17,
      'gen_ai.usage.output_tokens': 8,
      'gen_ai.usage.cache_read.input_tokens': 2,
      'troupe.epoch': 0,
      'troupe.state': 'completed',
    });
    const chat = span('chat m1');
    expect(chat.kind).toBe(SpanKind.CLIENT);
    expect([msOf(chat.startTime), msOf(chat.endTime)]).toEqual([0, 50]); // the tool is not in it
    expect(chat.attributes).toMatchObject({
      'gen_ai.operation.name': 'chat',
      'gen_ai.request.model': 'm1',
      'gen_ai.usage.input_tokens': 10,
      'gen_ai.usage.output_tokens': 5,
      'troupe.turn': 1,
    });
    const tool = span('execute_tool slow');
    expect([msOf(tool.startTime), msOf(tool.endTime)]).toEqual([50, 150]);
    expect(tool.attributes).toEqual({
      'gen_ai.operation.name': 'execute_tool',
      'gen_ai.tool.name': 'slow',
      'gen_ai.tool.type': 'function',
      'gen_ai.tool.call.id': 'call1',
    });
  });

  it('hold nothing of what was said, unless asked', async () => {
    const script = [calls(['note', { label: 'SECRET-args' }]), { text: 'SECRET-answer' }];
    const told = async (content: boolean) => {
      const world = createWorld(script, options);
      const { spans } = traced(world, { content });
      await world.spawn({ prompt: 'SECRET-prompt', description: 'SECRET-description' }).wait();
      await world.settle();
      return JSON.stringify(
        spans().map(({ name, attributes, events, status }) => ({ name, attributes, events, status })),
      );
    };
    expect(await told(false)).not.toContain('SECRET');
    const content = await told(true);
    for (const text of ['SECRET-prompt', 'SECRET-args', 'noted SECRET-args', 'SECRET-answer'])
      expect(content).toContain(text);
  });

  it('say by its code what failed, and nothing about what was cancelled', async () => {
    const failing = createWorld([{ error: new TroupeError('model_auth', 'no key of yours') }], options);
    const first = traced(failing);
    await failing.spawn().outcome();
    await failing.settle();
    for (const name of ['chat m1', 'invoke_agent worker']) {
      expect(first.span(name).status).toEqual({ code: SpanStatusCode.ERROR });
      expect(first.span(name).attributes['error.type']).toBe('model_auth');
    }

    const cancelled = createWorld([calls(['deaf', {}])], options);
    const second = traced(cancelled);
    const handle = cancelled.spawn();
    await cancelled.settle();
    void handle.cancel();
    await cancelled.settle();
    expect(second.span('execute_tool deaf').attributes['error.type']).toBe('cancelled');
    expect(second.span('invoke_agent worker').status.code).toBe(SpanStatusCode.UNSET);
    expect(second.span('invoke_agent worker').attributes).toMatchObject({
      'troupe.state': 'cancelled',
      'troupe.by': 'user',
    });
  });

  it('tell a tool that failed and a request that was tried again', async () => {
    const world = createWorld(
      [
        { error: new TroupeError('model_unavailable', 'down') },
        calls(['slow', { ms: 'soon' }], ['note', { label: 'a' }]),
        { text: 'done' },
      ],
      options,
    );
    const { span, tree } = traced(world);
    world.spawn();
    await world.clock.advance(60_000);
    expect(span('chat m1').events.map(({ name, attributes }) => [name, attributes?.['troupe.retry.attempt']])).toEqual([
      ['retry', 1],
    ]);
    expect(span('execute_tool note').status.code).toBe(SpanStatusCode.UNSET);
    expect(tree().filter((line) => line.startsWith('chat'))).toHaveLength(2); // a try is no turn
  });
});

describe('the parent of a span', () => {
  it('is the call that spawned it, or the subagent that did, at any depth', async () => {
    const script = byPrompt({
      lead: [tasks('one'), { text: 'led' }],
      one: [calls(['slow', { ms: 10 }]), { text: 'one' }],
      two: [{ text: 'two', delayMs: 10 }],
    });
    const world = createWorld(script, options);
    const { tree, spans } = traced(world);
    const lead = world.spawn({ agentType: 'lead', prompt: 'lead' });
    lead.spawn({ agentType: 'worker', prompt: 'two' });
    await world.clock.advance(1_000);
    expect(
      tree()
        .filter((line) => line.startsWith('invoke_agent'))
        .sort(),
    ).toEqual([
      'invoke_agent lead < -',
      'invoke_agent worker < execute_tool task',
      'invoke_agent worker < invoke_agent lead',
    ]);
    expect(tree()).toContain('execute_tool slow < invoke_agent worker');
    expect(new Set(spans().map((span) => span.spanContext().traceId)).size).toBe(1);
  });

  it('is what was active where it was spawned', async () => {
    const world = createWorld(() => ({ text: 'done' }), options);
    const { tracer, spans, tree } = traced(world);
    const wait = (name: string) =>
      tracer.startActiveSpan(name, async (span) => {
        await world.spawn().wait();
        span.end();
      });
    await Promise.all([wait('a'), wait('b')]);
    await world.settle();
    expect(
      tree()
        .filter((line) => line.startsWith('invoke_agent'))
        .sort(),
    ).toEqual(['invoke_agent worker < a', 'invoke_agent worker < b']);
    expect(new Set(spans().map((span) => span.spanContext().traceId)).size).toBe(2);
  });
});

describe('a side question', () => {
  it('is a span of its own below the subagent, whose tokens no turn counts again', async () => {
    const world = createWorld(
      [
        { ...calls(['slow', { ms: 100 }]), delayMs: 50 },
        { text: 'SECRET-aside', delayMs: 20, usage: { inputTokens: 7, outputTokens: 3 } },
        { text: 'done', delayMs: 30 },
      ],
      options,
    );
    const { tree, spans } = traced(world, { content: true });
    const handle = world.spawn();
    await world.clock.advance(60);
    const answer = handle.btw('SECRET-question');
    await world.clock.advance(1_000);
    expect(await answer).toBe('SECRET-aside');
    expect(tree()).toEqual([
      'invoke_agent worker < -',
      'chat m1 < invoke_agent worker',
      'execute_tool slow < invoke_agent worker',
      'chat m1 < invoke_agent worker',
      'chat m1 < invoke_agent worker',
    ]);
    const chats = spans()
      .filter(({ name }) => name === 'chat m1')
      .sort((a, b) => msOf(a.startTime) - msOf(b.startTime));
    expect(chats.map(({ attributes }) => [attributes['troupe.aside'], attributes['troupe.turn']])).toEqual([
      [undefined, 1],
      [true, undefined],
      [undefined, 2],
    ]);
    expect(chats.map(({ attributes }) => attributes['gen_ai.usage.input_tokens'])).toEqual([10, 7, 10]);
    const aside = chats[1];
    expect(aside && [msOf(aside.startTime), msOf(aside.endTime)]).toEqual([60, 80]);
    expect(JSON.stringify(aside?.attributes)).toMatch(/SECRET-question.*SECRET-aside/);
  });

  it('says nothing of what was said unless asked, and by its code what failed or was left unanswered', async () => {
    const world = createWorld(
      [
        { hang: true },
        { error: new TroupeError('model_auth', 'SECRET-key is not known') },
        { hang: true },
        { hang: true },
      ],
      options,
    );
    const { spans, stop } = traced(world);
    const handle = world.spawn();
    await world.settle();
    const refused = errorOf(() => handle.btw('SECRET-question'));
    await world.settle();
    expect((await refused).code).toBe('model_auth');
    const left = errorOf(() => handle.btw('SECRET-question'));
    await world.settle();
    await handle.cancel();
    expect((await left).code).toBe('wrong_state');
    const other = world.spawn();
    await world.settle();
    stop();
    await other.cancel();
    const asides = spans().filter(({ attributes }) => attributes['troupe.aside'] === true);
    expect(asides.map(({ attributes }) => attributes['error.type'])).toEqual(['model_auth', 'wrong_state']);
    expect(asides.map(({ status }) => status.code)).toEqual([SpanStatusCode.ERROR, SpanStatusCode.ERROR]);
    expect(JSON.stringify(spans().map(({ attributes, status }) => [attributes, status]))).not.toContain('SECRET');
  });

  it('that is open when tracing is stopped ends then, and is not told of a second time', async () => {
    const world = createWorld([{ hang: true }, { text: 'late', delayMs: 50 }], options);
    const { tree, stop, spans } = traced(world);
    const handle = world.spawn();
    await world.settle();
    const answer = handle.btw('why?');
    await world.settle();
    stop();
    expect(tree()).toHaveLength(3);
    await world.clock.advance(50);
    expect(await answer).toBe('late');
    expect(spans()).toHaveLength(3);
  });
});

describe('a subagent that is restored', () => {
  it('has a trace for each life, under one conversation, and ends what was open when it was suspended', async () => {
    const store = new MemorySessionStore();
    const world = createWorld([calls(['slow', { ms: 10 }]), { text: 'never', delayMs: 1_000_000 }], {
      ...options,
      store,
    });
    const first = traced(world);
    world.spawn();
    await world.settle();
    const closed = world.orchestrator.close();
    await world.clock.advance(10);
    await closed;
    await world.settle();
    expect(first.tree()).toEqual([
      'invoke_agent worker < -',
      'chat m1 < invoke_agent worker',
      'execute_tool slow < invoke_agent worker',
    ]);
    const next = createWorld([{ text: 'done' }], { ...options, store });
    const second = traced(next);
    await next.orchestrator.restore();
    await next.clock.advance(1_000);
    expect(second.tree()).toEqual(['invoke_agent worker < -', 'chat m1 < invoke_agent worker']);
    const [before, after] = [first.span('invoke_agent worker'), second.span('invoke_agent worker')];
    expect(after.attributes).toMatchObject({ 'troupe.epoch': 1, 'gen_ai.conversation.id': 'default/subagent-1' });
    expect(before.attributes['gen_ai.conversation.id']).toBe('default/subagent-1');
    expect(after.spanContext().traceId).not.toBe(before.spanContext().traceId);
    const used = 'gen_ai.usage.input_tokens';
    expect([first.span('chat m1'), second.span('chat m1'), after].map(({ attributes }) => attributes[used])).toEqual([
      10, 10, 20,
    ]);
  });
});

describe('children that are restored', () => {
  it('stand below their parents again, and all below the span that is active there', async () => {
    const store = new MemorySessionStore();
    const script = byPrompt({
      lead: [calls(['task', { tasks: [{ agent: 'lead', prompt: 'mid' }] }]), { text: 'led' }],
      mid: [tasks('leaf'), { text: 'mid' }],
      leaf: [calls(['slow', { ms: 50 }]), { text: 'leaf' }],
    });
    const world = createWorld(script, { ...options, store });
    world.spawn({ agentType: 'lead', prompt: 'lead' });
    await world.settle();
    store.abandonLeases(); // as after a crash
    const next = createWorld(script, { ...options, store });
    const { tree, tracer } = traced(next);
    const span = tracer.startSpan('restoring');
    await context.with(trace.setSpan(context.active(), span), () => next.orchestrator.restore());
    span.end();
    await next.clock.advance(1_000);
    expect(tree().filter((line) => line.startsWith('invoke_agent'))).toEqual([
      'invoke_agent lead < restoring',
      'invoke_agent lead < invoke_agent lead',
      'invoke_agent worker < invoke_agent lead',
    ]);
    expect(tree()).toContain('execute_tool slow < invoke_agent worker');
  });
});

describe('traceTo', () => {
  it('ends what is open when it is stopped, and traces nothing more', async () => {
    const world = createWorld([calls(['slow', { ms: 10 }]), { text: 'done' }], options);
    const { stop, tree } = traced(world);
    world.spawn();
    await world.settle();
    stop();
    world.spawn();
    await world.clock.advance(100);
    expect(tree()).toHaveLength(3);
  });

  it('uses the global provider, and refuses what is no orchestrator', async () => {
    const exporter = new InMemorySpanExporter();
    trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
    const world = createWorld([{ text: 'done' }], options);
    traceTo(world.orchestrator);
    await world.spawn().wait();
    await world.settle();
    trace.disable();
    expect(exporter.getFinishedSpans().map(({ name }) => name)).toEqual(['chat m1', 'invoke_agent worker']);
    expect(exporter.getFinishedSpans()[0]?.instrumentationScope.name).toBe('troupe');
    expect(() => traceTo({} as never)).toThrow('traceTo: expected an Orchestrator');
  });
});
