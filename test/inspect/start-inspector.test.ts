import { describe, expect, it, onTestFinished } from 'vitest';
import { assign, createActor, createMachine, type InspectionEvent } from 'xstate';
import { orchestratorMachine, subagentMachine } from '../../machines/index.js';
import { createRedactor } from '../../src/domain/redact.js';
import { type InspectorOptions, startInspector } from '../../src/inspect/index.js';
import { byPrompt, calls, createWorld, errorOf, tasks, type WorldOptions } from '../support/world.js';
import { isEndOf, listenTo, sessionOf, statelyRelay, type Told } from './support/listener.js';

const SECRET = 'the-combination-of-the-safe';

async function start(options: InspectorOptions = {}) {
  const inspector = await startInspector(options);
  onTestFinished(() => inspector.stop());
  return inspector;
}

/** A definition as a reader of the docs sees it. */
const asJson = (config: unknown): unknown =>
  JSON.parse(JSON.stringify(config, (_key, value) => (typeof value === 'function' ? { type: value.name } : value)));

const family: WorldOptions = { secrets: createRedactor([SECRET]) };
const script = byPrompt({
  lead: [tasks('a', 'b'), { text: 'both are done' }],
  a: [calls(['peek', { label: 'x' }]), { text: 'a is done' }],
  b: [{ text: 'b is done' }],
});

describe.each([
  ['the relay of @statelyai/inspect', true],
  ['a relay of our own', false],
])('at %s', (_name, isTheirs) => {
  const options = async (): Promise<InspectorOptions> => (isTheirs ? { url: await statelyRelay() } : {});

  it('every event and snapshot of a run with children arrives, in order', async () => {
    const inspector = await start({ ...(await options()), name: 'here' });
    const listener = await listenTo(inspector.url);
    const seen: unknown[] = [];
    const { spawn, settle, orchestrator } = createWorld(script, { ...family, inspect: inspector.inspect });
    orchestrator.inspect((event) => {
      if (event.type !== '@xstate.event' && event.type !== '@xstate.snapshot') return;
      seen.push([event.type, `here/${event.actorRef.sessionId}`, event.event.type, valueIn(event)]);
    });
    const lead = spawn({ agentType: 'lead', prompt: 'lead' });
    await settle();
    await expect(lead.wait()).resolves.toBe('both are done');
    await orchestrator.close();
    await listener.until(isEndOf(listener.told, 'orchestrator'));
    const arrived = listener.told.flatMap(({ type, sessionId, event, snapshot }) =>
      type === '@xstate.actor' ? [] : [[type, sessionId, event?.type, snapshot?.value]],
    );
    expect(arrived.length).toBeGreaterThan(60);
    // The second inspector came when the actor had just been made and started.
    expect(arrived.slice(-seen.length)).toEqual(seen);
    expect(arrived.length - seen.length).toBe(2);
  });

  it('definitions arrive whole, each actor under its parent, with names that say who it is', async () => {
    const inspector = await start({ ...(await options()), name: 'here' });
    const listener = await listenTo(inspector.url);
    const { spawn, settle } = createWorld(script, { ...family, inspect: inspector.inspect });
    spawn({ agentType: 'lead', prompt: 'lead' });
    await settle();
    await listener.until(({ name }) => name === 'subagent-3');
    const actors = listener.told.filter(({ type }) => type === '@xstate.actor');
    const definitionOf = (name: string) =>
      JSON.parse(actors.find((message) => message.name === name)?.definition ?? 'null');
    expect(definitionOf('orchestrator')).toEqual(asJson(orchestratorMachine.config));
    for (const name of ['subagent-1', 'subagent-2', 'subagent-3'])
      expect(definitionOf(name)).toEqual(asJson(subagentMachine.config));
    const root = sessionOf(actors, 'orchestrator');
    const first = sessionOf(actors, 'subagent-1');
    expect(actors.filter(({ parentId }) => parentId === root).map(({ name }) => name)).toEqual([
      'subagent-1',
      'subagent-2',
      'subagent-3',
    ]);
    expect(actors.filter(({ parentId }) => parentId === first).map(({ name }) => name)).toEqual(
      expect.arrayContaining(['llm', 'deadline']),
    );
    expect(new Set(actors.map(({ rootId }) => rootId))).toEqual(new Set([root]));
    expect(new Set(actors.map(({ sessionId }) => sessionId)).size).toBe(actors.length);
  });

  it('secrets do not arrive, not even those that were sent to an actor; prompts and long texts are cut', async () => {
    const inspector = await start(await options());
    const listener = await listenTo(inspector.url);
    const long = 'a very long sentence. '.repeat(100);
    const { spawn, settle } = createWorld(
      [calls(['note', { label: `it is ${SECRET}` }]), { text: `${SECRET} sk-proj-${'a1'.repeat(24)} ${long}` }],
      { ...family, inspect: inspector.inspect },
    );
    const handle = spawn({ prompt: `Open it with ${SECRET}.` });
    handle.steer(`quickly: ${SECRET}`);
    handle.actor.send({ type: 'STEER', message: `slowly: ${SECRET}, ${long}` });
    await settle();
    await handle.wait();
    await listener.until(isEndOf(listener.told, 'subagent-1'));
    const all = listener.texts.join('\n');
    const contains = (text: string) => all.includes(text); // or a failure would print all of it
    expect([SECRET, 'sk-proj-a1', long.slice(0, 300)].filter(contains)).toEqual([]);
    expect(['quickly: [redacted]', 'slowly: [redacted], a very', '… (2220 characters)'].filter(contains)).toHaveLength(
      3,
    );
  });
});

/** Twice what their relay keeps. */
const MANY_MESSAGES = 400;

describe('whoever comes late', () => {
  it.each([
    ['the relay of @statelyai/inspect', true],
    ['a relay of our own', false],
  ])('gets the definitions and where each actor stands: %s', async (_name, isTheirs) => {
    const inspector = await start(isTheirs ? { url: await statelyRelay() } : {});
    const early = await listenTo(inspector.url);
    const { spawn, settle, clock } = createWorld(
      byPrompt({ busy: Array.from({ length: 60 }, () => calls(['peek', {}])), idle: [{ hang: true }] }),
      { inspect: inspector.inspect, definitions: [{ name: 'long', maxSteps: 60 }] },
    );
    const idle = spawn({ prompt: 'idle' });
    await settle();
    const rest = idle.pause();
    spawn({ agentType: 'long', prompt: 'busy' });
    await clock.advance(10);
    await early.until(isEndOf(early.told, 'subagent-2'));
    expect(early.told.length).toBeGreaterThan(MANY_MESSAGES);

    const late = await listenTo(inspector.url);
    await late.until(isEndOf(early.told, 'subagent-2'));
    const actors = late.told.filter(({ type }) => type === '@xstate.actor');
    expect(JSON.parse(lastOf(actors, 'subagent-1')?.definition ?? 'null')).toEqual(asJson(subagentMachine.config));
    expect(stateOf(late.told, 'subagent-1')?.value).toEqual({
      active: { control: 'paused', activity: 'requesting_llm' },
    });
    expect(stateOf(late.told, 'orchestrator')).toMatchObject({
      value: 'open',
      context: { live: expect.any(Number) },
    });
    void idle.cancel();
    await rest;
  });
});

/** More than may wait. */
const BURST = 12_000;

describe('a burst that is too much to be told whole', () => {
  it.each([
    ['the relay of @statelyai/inspect', true],
    ['a relay of our own', false],
  ])('leaves nobody out who lives then, nor the end of one that was told of: %s', async (_name, isTheirs) => {
    const inspector = await start(isTheirs ? { url: await statelyRelay() } : {});
    const listener = await listenTo(inspector.url);
    const counter = createMachine({
      context: { count: 0 },
      on: { GO: { actions: assign({ count: ({ context }) => context.count + 1 }) } },
    });
    const actorOf = (id: string) => createActor(counter, { id, inspect: inspector.inspect }).start();
    const ended = actorOf('ended');
    await listener.until(({ name }) => name === 'ended');
    const [quiet, busy] = [actorOf('quiet'), actorOf('busy')];
    quiet.send({ type: 'GO' });
    ended.stop();
    for (let count = 0; count < BURST; count++) busy.send({ type: 'GO' });
    await listener.until(({ name }) => name === 'quiet');
    await listener.until(isEndOf(listener.told, 'ended'));
    await listener.until(({ snapshot }) => snapshot?.context?.count === BURST);
    expect(stateOf(listener.told, 'quiet')?.context).toEqual({ count: 1 });
    const known = new Set<string>();
    for (const { type, sessionId } of listener.told) {
      if (type === '@xstate.actor') known.add(sessionId);
      expect(known).toContain(sessionId);
    }
  });
});

describe('an inspector that comes late', () => {
  it('is told of every actor that lives, with definition and state, and then of all that happens', async () => {
    const inspector = await start();
    const listener = await listenTo(inspector.url);
    const { spawn, settle, orchestrator } = createWorld(
      byPrompt({
        quick: [{ text: 'over' }],
        lead: [tasks('a', 'b'), { text: 'x' }],
        a: [{ hang: true }],
        b: [{ hang: true }],
      }),
    );
    spawn({ prompt: 'quick' });
    spawn({ agentType: 'lead', prompt: 'lead' });
    await settle();
    void orchestrator.pauseSubagent('subagent-3');

    const subscription = orchestrator.inspect(inspector.inspect);
    await listener.until(({ name }) => name === 'subagent-4');
    const names = listener.told.map(({ type, name }) => `${type} ${name}`);
    expect(names.slice(0, 2)).toEqual(['@xstate.actor orchestrator', '@xstate.actor subagent-2']);
    expect(listener.told.map(({ name }) => name)).not.toContain('subagent-1');
    const paused = lastOf(listener.told, 'subagent-3');
    expect(JSON.parse(paused?.definition ?? 'null')).toEqual(asJson(subagentMachine.config));
    expect(paused?.snapshot?.value).toMatchObject({ active: { control: 'paused' } });

    void orchestrator.cancelSubagent('subagent-4');
    await listener.until(isEndOf(listener.told, 'subagent-4'));
    subscription.unsubscribe();
    void orchestrator.resumeSubagent('subagent-3');
    await inspector.stop();
    expect(listener.told.filter(({ event }) => event?.type === 'RESUME')).toEqual([]);
  });
});

describe('startInspector', () => {
  it('serves actors that are not ours too, whatever is in their context', async () => {
    const inspector = await start({ name: 'mine' });
    const listener = await listenTo(inspector.url);
    const circular: Record<string, unknown> = { big: 10n, when: new Date(0), error: new Error('sad'), run: () => 1 };
    circular.self = circular;
    const actor = createActor(createMachine({ id: 'own', context: circular, on: { GO: {} } }), {
      inspect: inspector.inspect,
    }).start();
    actor.send({ type: 'GO', list: Array.from({ length: 1_000 }, (_, index) => index) } as never);
    const { event } = await listener.until(({ type, event }) => type === '@xstate.event' && event?.type === 'GO');
    expect(event?.list).toHaveLength(101);
    const own = listener.told.find(({ name }) => name === 'own');
    expect(own?.sessionId).toMatch(/^mine\/x:\d+$/);
    expect(own?.snapshot?.context).toEqual({
      big: '10',
      when: '1970-01-01T00:00:00.000Z',
      error: { name: 'Error', message: 'sad' },
      run: { type: 'run' },
      self: '(refers to itself)',
    });
  });

  it('tells definitions whole, but for the secrets that their author has written into them', async () => {
    const inspector = await start({ redact: createRedactor([SECRET]) });
    const listener = await listenTo(inspector.url);
    const states = Object.fromEntries(Array.from({ length: 150 }, (_, index) => [`state${index}`, {}]));
    const description = 'very long. '.repeat(100);
    const config = { id: 'own', initial: 'state0', description, states, meta: { key: SECRET } };
    createActor(createMachine(config), { inspect: inspector.inspect }).start();
    const { definition } = await listener.until(({ name }) => name === 'own');
    expect(JSON.parse(definition ?? '')).toEqual({ ...config, meta: { key: '[redacted]' } });
  });

  it('makes messages only when somebody takes them; then all of it', async () => {
    let textCount = 0;
    const redact = (text: string) => {
      textCount += 1;
      return text;
    };
    const inspector = await start({ redact });
    const { spawn, orchestrator } = createWorld([{ text: 'done' }], { inspect: inspector.inspect });
    await spawn().outcome();
    await orchestrator.close();
    await new Promise((resolve) => setTimeout(resolve, 0)); // when messages would have been made
    expect(textCount).toBe(0);
    const listener = await listenTo(inspector.url);
    await listener.until(isEndOf(listener.told, 'orchestrator'));
    expect(textCount).toBeGreaterThan(100);
    expect(listener.told[0]).toMatchObject({ type: '@xstate.actor', name: 'orchestrator' });
  });

  it('tells onError of what cannot be sent, and goes on', async () => {
    const errors: string[] = [];
    const inspector = await start({
      redact: (text) => {
        if (text === 'BAD') throw new Error('what a word');
        return text;
      },
      onError: ({ code, message }) => errors.push(`${code}: ${message}`),
    });
    const listener = await listenTo(inspector.url);
    const actor = createActor(createMachine({ id: 'own' }), { inspect: inspector.inspect }).start();
    for (const type of ['BAD', 'GOOD']) actor.send({ type });
    await listener.until(({ type, event }) => type === '@xstate.snapshot' && event?.type === 'GOOD');
    expect(errors).toEqual(['bug: an inspection event was not sent: what a word', expect.stringMatching(/^bug: /)]);
    expect(listener.told.filter(({ event }) => event?.type === 'BAD')).toEqual([]);
  });

  it.each([
    [{ url: 'http://localhost' }, 'url: expected the ws: or wss: address of a relay'],
    [{ port: -1 }, 'port: '],
    [{ name: 'a/b' }, 'name: expected at most 64 letters'],
    [{ ui: 'stately' }, 'ui: expected the http: or https: address'],
    [{ colour: 'red' }, 'unknown key; known keys: url, port'],
  ])('refuses %j', async (options, problem) => {
    const error = await errorOf(() => startInspector(options as never));
    expect(error.code).toBe('config_invalid');
    expect(error.message).toContain(problem);
  });

  it('says which port is taken', async () => {
    const { url } = await start();
    const port = Number(new URL(url).port);
    expect((await errorOf(() => startInspector({ port }))).message).toMatch(`port: ${port} cannot be listened on`);
  });
});

function valueIn(event: InspectionEvent): unknown {
  return 'snapshot' in event && 'value' in event.snapshot ? event.snapshot.value : undefined;
}

function lastOf(told: readonly Told[], name: string): Told | undefined {
  return told.findLast((message) => message.type === '@xstate.actor' && message.name === name);
}

/** As whoever reads all of it sees it in the end. */
function stateOf(told: readonly Told[], name: string): Told['snapshot'] {
  const session = sessionOf(told, name);
  return told.findLast(({ type, sessionId }) => type !== '@xstate.event' && sessionId === session)?.snapshot;
}
