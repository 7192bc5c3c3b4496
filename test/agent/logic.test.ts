import { describe, expect, it, vi } from 'vitest';
import {
  type AnyActorRef,
  assign,
  createActor,
  type InspectionEvent,
  sendTo,
  setup,
  spawnChild,
  stopChild,
  toPromise,
  waitFor,
} from 'xstate';
import { TroupeError } from '../../src/domain/errors.js';
import type { SubAgentOutcome } from '../../src/domain/outcome.js';
import type { AgentEvent } from '../../src/events/index.js';
import type { SubAgentLogic } from '../../src/orchestrator/index.js';
import { MemorySessionStore } from '../../src/store/index.js';
import { calls, errorOf } from '../support/world.js';
import { logicWorld } from './logic-world.js';

/** A machine that has one subagent look around, and can be told to leave it. */
function explorer(logic: SubAgentLogic) {
  return setup({
    types: {
      context: {} as { prompt: string; outcome?: SubAgentOutcome; error?: unknown },
      input: {} as { prompt: string },
      events: {} as { type: 'LEAVE' } | { type: 'HOLD' } | { type: 'GO_ON' },
    },
    actors: { explorer: logic },
  }).createMachine({
    context: ({ input }) => ({ prompt: input.prompt }),
    initial: 'exploring',
    states: {
      exploring: {
        invoke: {
          id: 'explorer',
          src: 'explorer',
          systemId: 'the-explorer',
          input: ({ context }) => ({ prompt: context.prompt }),
          onDone: { target: 'explored', actions: assign({ outcome: ({ event }) => event.output }) },
          onError: { target: 'broken', actions: assign({ error: ({ event }) => event.error }) },
        },
        on: {
          LEAVE: 'left',
          HOLD: { actions: sendTo('explorer', { type: 'PAUSE' }) },
          GO_ON: { actions: sendTo('explorer', { type: 'RESUME' }) },
        },
      },
      explored: { type: 'final' },
      broken: { type: 'final' },
      left: {},
    },
  });
}

const SLOW = { toolCalls: [{ name: 'slow', args: { ms: 100 } }] };

describe('a subagent that a machine invokes', () => {
  it('gives its outcome to onDone', async () => {
    const { agent, model } = await logicWorld([{ text: 'three files' }]);
    const actor = createActor(explorer(agent.logic('explore')), { input: { prompt: 'How many?' } }).start();
    const { value, context } = await waitFor(actor, ({ status }) => status === 'done');
    expect(value).toBe('explored');
    expect(context.outcome).toMatchObject({ state: 'completed', success: true, output: 'three files', turns: 1 });
    expect(model.requests[0]?.messages).toEqual([{ role: 'user', content: 'How many?' }]);
  });

  it('that fails gives its outcome to onDone too: failure is data', async () => {
    const { agent } = await logicWorld([{ error: new TroupeError('model_auth', 'no key') }]);
    const actor = createActor(explorer(agent.logic('explore')), { input: { prompt: 'x' } }).start();
    const { value, context } = await waitFor(actor, ({ status }) => status === 'done');
    expect(value).toBe('explored');
    expect(context.outcome).toMatchObject({ state: 'failed', success: false, error: { code: 'model_auth' } });
  });

  it('that cannot run at all goes to onError', async () => {
    const { agent, model } = await logicWorld([]);
    const actor = createActor(explorer(agent.logic('explore')), { input: { prompt: '  ' } }).start();
    const { value, context } = await waitFor(actor, ({ status }) => status === 'done');
    expect(value).toBe('broken');
    expect(context.error).toBeInstanceOf(TroupeError);
    expect(context.error).toMatchObject({
      code: 'config_invalid',
      message: 'input of a logic: prompt: expected a text that is not empty',
    });
    expect(model.requests).toHaveLength(0);
  });

  it('is cancelled at once when its state is left', async () => {
    const { agent, settle, signals, clock } = await logicWorld([SLOW]);
    const session = agent.session();
    const events: AgentEvent[] = [];
    session.events$.subscribe((event) => events.push(event));
    const actor = createActor(explorer(session.logic('general')), { input: { prompt: 'x' } }).start();
    await settle();
    expect(signals[0]?.aborted).toBe(false);
    actor.send({ type: 'LEAVE' });
    expect(signals[0]?.aborted).toBe(true);
    expect(session.orchestrator.listSubagents()).toMatchObject([{ id: 'subagent-1', state: 'cancelled' }]);
    await settle();
    expect(events.at(-1)).toMatchObject({ type: 'subagent_completed', state: 'cancelled', by: 'parent' });
    expect(actor.getSnapshot().value).toBe('left');
    expect(clock.pending).toBe(0);
  });

  it('never begins when its state is left before it could', async () => {
    const { agent, settle, model } = await logicWorld([{ text: 'late' }]);
    const session = agent.session();
    const actor = createActor(explorer(session.logic('explore')), { input: { prompt: 'x' } }).start();
    actor.send({ type: 'LEAVE' });
    await settle();
    expect(model.requests).toHaveLength(0);
    expect(session.orchestrator.listSubagents()).toEqual([]);
  });

  it('is steered by events, and what does not apply is told', async () => {
    const { agent, settle, clock, model } = await logicWorld([SLOW, { text: 'done' }]);
    const actor = createActor(explorer(agent.logic('general')), { input: { prompt: 'x' } }).start();
    const child = () => actor.getSnapshot().children.explorer;
    const applied: unknown[] = [];
    child()?.on('control_signal_applied', ({ signal, accepted }) => applied.push([signal, accepted]));
    await settle();
    actor.send({ type: 'HOLD' });
    expect(child()?.getSnapshot().context).toMatchObject({ state: 'paused', info: { state: 'paused' } });
    await clock.advance(1000);
    expect(model.requests).toHaveLength(1); // at rest: the tool has ended, and nothing new starts
    expect(child()?.getSnapshot().context.activity.activityType).toBe('waiting_for_control');
    child()?.send({ type: 'STEER', message: 'Hurry.' });
    child()?.send({ type: 'STEER', message: '' });
    child()?.send({ type: 'APPROVE', requestId: 'nobody#1' });
    actor.send({ type: 'GO_ON' });
    await waitFor(actor, ({ status }) => status === 'done');
    expect(model.requests[1]?.messages.at(-1)).toMatchObject({ role: 'user', content: 'Hurry.' });
    expect(applied).toEqual([
      ['pause', true],
      ['steer', true],
      ['steer', false],
      ['approve', false],
      ['resume', true],
    ]);
  });

  it('takes signals that come before it has begun', async () => {
    const { agent, settle, signals } = await logicWorld([SLOW]);
    const actor = createActor(agent.logic('general'), { input: { prompt: 'x' } }).start();
    actor.send({ type: 'PAUSE' });
    await settle();
    expect(actor.getSnapshot().context).toMatchObject({ state: 'paused' });
    actor.send({ type: 'CANCEL', reason: 'no more' });
    expect(await toPromise(actor)).toMatchObject({
      state: 'cancelled',
      by: 'user',
      error: { code: 'cancelled', message: 'no more' },
    });
    expect(signals).toHaveLength(0);
  });

  it('is found by its systemId, and its children go with it', async () => {
    const { agent, settle } = await logicWorld(() => SLOW);
    const session = agent.session();
    const actor = createActor(explorer(session.logic('general')), { input: { prompt: 'x' } }).start();
    await settle();
    const child = session.orchestrator.getHandle('subagent-1')?.spawn({ agentType: 'explore', prompt: 'y' });
    (actor.system.get('the-explorer') as AnyActorRef).send({ type: 'CANCEL', cascade: false });
    expect(child?.state()).toBe('running');
    const second = createActor(explorer(session.logic('general')), { input: { prompt: 'x' } }).start();
    await settle();
    const id = second.getSnapshot().children.explorer?.getSnapshot().context.info?.id ?? '';
    const grandchild = session.orchestrator.getHandle(id)?.spawn({ agentType: 'explore', prompt: 'z' });
    second.send({ type: 'LEAVE' });
    expect(grandchild?.state()).toBe('cancelled');
    await session.close();
  });
});

describe('its events', () => {
  it('arrive by actor.on, all and in order, and never pass through a machine', async () => {
    const { agent } = await logicWorld([{ text: ['one ', 'two'] }]);
    const inspected: InspectionEvent[] = [];
    const actor = createActor(agent.logic('explore'), {
      input: { prompt: 'x' },
      inspect: (event) => inspected.push(event),
    });
    const all: AgentEvent[] = [];
    const text: string[] = [];
    actor.on('*', (event) => all.push(event));
    actor.on('text_delta', (event) => text.push(event.text));
    await toPromise(actor.start());
    expect(text).toEqual(['one ', 'two']);
    expect(all.map((event) => 'seq' in event && event.seq)).toEqual(all.map((_, index) => index + 1));
    expect(all[0]?.type).toBe('subagent_started');
    expect(all.at(-1)?.type).toBe('subagent_completed');
    const told = inspected.flatMap((event) => (event.type === '@xstate.event' ? event.event.type : []));
    expect(new Set(told)).toEqual(new Set(['xstate.init', 'troupe.changed', 'troupe.ended']));
    expect(told.length).toBeLessThan(all.length);
  });

  it('of two logics of one agent stay apart', async () => {
    const { agent } = await logicWorld(({ messages }) => ({ text: messages[0]?.content === 'a' ? 'A' : 'B' }));
    const heard = await Promise.all(
      ['a', 'b', 'b'].map(async (prompt) => {
        const actor = createActor(agent.logic('explore'), { input: { prompt } });
        const ids = new Set<string | undefined>();
        let text = '';
        actor.on('*', ({ subagentId }) => ids.add(subagentId));
        actor.on('text_delta', (event) => {
          text += event.text;
        });
        const { output, id } = await toPromise(actor.start());
        expect([...ids]).toEqual([id]);
        expect(text).toBe(output);
        return id + output;
      }),
    );
    expect(heard).toEqual(['subagent-1A', 'subagent-2B', 'subagent-3B']);
  });

  it('may lead a machine to invoke the next one, in whatever transition they were told', async () => {
    const { agent } = await logicWorld(({ messages }) => ({ text: `did ${messages[0]?.content}` }));
    const logic = agent.logic('explore');
    const machine = setup({
      types: { events: {} as { type: 'STARTED' }, context: {} as { said: string[] } },
      actors: { logic },
    }).createMachine({
      context: { said: [] },
      initial: 'one',
      states: {
        one: { invoke: { id: 'one', src: 'logic', input: { prompt: 'one' } }, on: { STARTED: 'two' } },
        two: {
          invoke: {
            src: 'logic',
            input: { prompt: 'two' },
            onDone: { target: 'end', actions: assign({ said: ({ event }) => [event.output.output] }) },
          },
        },
        end: { type: 'final' },
      },
    });
    const actor = createActor(machine).start();
    actor.getSnapshot().children.one?.on('subagent_state_changed', () => actor.send({ type: 'STARTED' }));
    const { context } = await waitFor(actor, ({ status }) => status === 'done');
    expect(context.said).toEqual(['did two']);
  });
});

describe('its snapshot', () => {
  it('tells where it stands, without a renewal for a delta', async () => {
    const { agent, settle, clock } = await logicWorld([
      { text: Array.from({ length: 50 }, (_, index) => `${index} `), toolCalls: [{ name: 'slow', args: { ms: 100 } }] },
      { text: 'done' },
    ]);
    const actor = createActor(agent.logic('general', { description: 'looks' }), { input: { prompt: 'x' } });
    expect(actor.getSnapshot().context).toEqual({ state: 'pending', activity: { activityType: 'idle' }, requests: [] });
    let count = 0;
    actor.subscribe(() => {
      count += 1;
    });
    actor.start();
    await settle();
    expect(actor.getSnapshot().context).toMatchObject({
      state: 'running',
      activity: { activityType: 'calling_tool', toolName: 'slow' },
      info: { id: 'subagent-1', description: 'looks', turn: 1, currentActivity: { activityType: 'calling_tool' } },
    });
    await clock.advance(100);
    const last = actor.getSnapshot();
    expect(last).toMatchObject({ status: 'done', output: { output: 'done' }, context: { state: 'completed' } });
    expect(last.context.activity).toEqual({ activityType: 'idle' });
    expect(count).toBeLessThan(20);
    expect(JSON.parse(JSON.stringify(actor.getPersistedSnapshot()))).toEqual(
      JSON.parse(JSON.stringify({ ...last, error: undefined })),
    );
  });

  it('shows open requests, which a machine sees by onSnapshot and answers', async () => {
    const { agent, effects } = await logicWorld([
      calls(['note', { label: 'a' }], ['note', { label: 'b' }]),
      { text: 'done' },
    ]);
    const session = agent.session('.', { approvals: 'wait' });
    const asked: unknown[] = [];
    const machine = setup({ actors: { worker: session.logic('general') } }).createMachine({
      initial: 'working',
      states: {
        working: {
          invoke: {
            id: 'worker',
            src: 'worker',
            input: { prompt: 'x' },
            onSnapshot: {
              guard: ({ event }) => event.snapshot.context.requests.length > 0,
              actions: sendTo('worker', ({ event }) => {
                const [request] = event.snapshot.context.requests;
                if (!request) throw new Error('guarded');
                asked.push(request.args);
                const { requestId } = request;
                return JSON.stringify(request.args).includes('"a"')
                  ? { type: 'APPROVE', requestId }
                  : { type: 'DENY', requestId, reason: 'no' };
              }),
            },
            onDone: 'end',
          },
        },
        end: { type: 'final' },
      },
    });
    const actor = createActor(machine).start();
    await waitFor(actor, ({ status }) => status === 'done');
    expect(effects).toEqual(['a']);
    expect(asked).toContainEqual({ label: 'b' });
  });
});

describe('the ways to run one', () => {
  it('createActor and toPromise, with the prompt in the logic', async () => {
    const { agent } = await logicWorld([{ text: 'hello' }]);
    const outcome = await toPromise(createActor(agent.logic('explore', { prompt: 'Say hello.' })).start());
    expect(outcome.output).toBe('hello');
  });

  it('spawnChild, spawn and stopChild', async () => {
    const { agent, settle, signals } = await logicWorld(() => SLOW);
    const session = agent.session();
    const machine = setup({
      types: { events: {} as { type: 'STOP' }, context: {} as { ref: AnyActorRef } },
      actors: { worker: session.logic('general') },
    }).createMachine({
      context: ({ spawn }) => ({ ref: spawn('worker', { id: 'spawned', input: { prompt: 'b' } }) }),
      entry: spawnChild('worker', { id: 'child', input: { prompt: 'a' } }),
      on: { STOP: { actions: stopChild(({ context }) => context.ref) } },
    });
    const actor = createActor(machine).start();
    await settle();
    expect(Object.keys(actor.getSnapshot().children).sort()).toEqual(['child', 'spawned']);
    expect(session.orchestrator.activeCount()).toBe(2);
    actor.send({ type: 'STOP' });
    expect(Object.keys(actor.getSnapshot().children)).toEqual(['child']);
    expect(signals.filter(({ aborted }) => aborted)).toHaveLength(1);
    expect(session.orchestrator.activeCount()).toBe(1);
    actor.stop();
    expect(signals.filter(({ aborted }) => aborted)).toHaveLength(2);
    expect(session.orchestrator.activeCount()).toBe(0);
  });

  it('under the limit of its session: the rest queue', async () => {
    const { agent, settle, clock } = await logicWorld(({ messages }) =>
      messages.length === 1 ? SLOW : { text: 'ok' },
    );
    const session = agent.session('.', { orchestrator: { maxConcurrentSubagents: 1 } });
    const [first, second] = ['general', 'general'].map((type) =>
      createActor(session.logic(type), { input: { prompt: 'x' } }).start(),
    );
    await settle();
    expect(first?.getSnapshot().context.state).toBe('running');
    expect(second?.getSnapshot().context).toMatchObject({
      state: 'pending',
      activity: { activityType: 'waiting_for_control', reason: 'queued for a slot' },
    });
    await clock.advance(200);
    expect(second?.getSnapshot().output).toMatchObject({ success: true });
  });
});

describe('the session that the subagents of all logics of an agent share', () => {
  it('lists them, tells of them, and closes them', async () => {
    const { agent, settle } = await logicWorld([SLOW, SLOW]);
    const session = agent.logicSession;
    const types: string[] = [];
    session.events$.subscribe(({ type }) => types.push(type));
    const actors = ['a', 'b'].map((description) =>
      createActor(agent.logic('general', { description }), { input: { prompt: 'x' } }).start(),
    );
    await settle();
    expect(session.orchestrator.listSubagents().map(({ description, state }) => [description, state])).toEqual([
      ['a', 'running'],
      ['b', 'running'],
    ]);
    expect(types.filter((type) => type === 'subagent_started')).toHaveLength(2);
    await agent.logicSession.close();
    expect(actors.map((actor) => actor.getSnapshot().output)).toEqual(
      actors.map(() => expect.objectContaining({ state: 'cancelled', by: 'shutdown' })),
    );
    expect(await errorOf(() => agent.logic('explore'))).toMatchObject({ code: 'closed' });
  });

  it('forgets what their store has of a run', async () => {
    const store = new MemorySessionStore();
    const { agent, model } = await logicWorld([{ text: 'once' }, { text: 'anew' }], { sessionStore: store });
    const logic = agent.logic('explore', { prompt: 'x' });
    const actor = createActor(logic).start();
    const snapshot = actor.getPersistedSnapshot();
    const { runId } = (await waitFor(actor, ({ status }) => status === 'done')).context;
    await vi.waitFor(() => agent.logicSession.forgetWorkflow(runId ?? '')); // it lets go of the store a moment later
    expect((await toPromise(createActor(logic, { snapshot }).start())).output).toBe('anew');
    expect(model.requests).toHaveLength(2);
  });
});

describe('a logic', () => {
  it('refuses what cannot be meant when it is made', async () => {
    const { agent } = await logicWorld([]);
    const refused = (make: () => unknown) => errorOf(make);
    expect(await refused(() => agent.logic('explorer'))).toMatchObject({ code: 'unknown_agent' });
    expect(await refused(() => agent.logic(''))).toMatchObject({ code: 'config_invalid' });
    expect(await refused(() => agent.logic('explore', { maxSteps: 0 }))).toMatchObject({
      code: 'config_invalid',
      message: expect.stringContaining('overrides of a logic: maxSteps: '),
    });
    expect(await refused(() => Reflect.apply(agent.logic, agent, ['explore', { promt: 'x' }]))).toMatchObject({
      message: expect.stringContaining('promt: unknown key'),
    });
    expect(await refused(() => agent.logic('explore', { agentType: 'plan' }))).toMatchObject({
      message: 'overrides of a logic: agentType: leave it out, or give "explore"',
    });
    expect(await refused(() => agent.logic('explore', { outputSchema: {} as never, repairs: 99 }))).toMatchObject({
      code: 'config_invalid',
    });
    const session = agent.session();
    const logic = session.logic('explore');
    await session.close();
    expect(await refused(() => session.logic('explore'))).toMatchObject({ code: 'closed' });
    const actor = createActor(logic, { input: { prompt: 'x' } });
    const failed = errorOf(() => toPromise(actor));
    actor.start();
    expect(await failed).toMatchObject({ code: 'closed' });
  });

  it('takes no tools and no schema in its input, which must be JSON', async () => {
    const { agent } = await logicWorld([]);
    const actor = createActor(agent.logic('explore'), { input: { prompt: 'x', tools: [] } as { prompt: string } });
    const failed = errorOf(() => toPromise(actor));
    actor.start();
    expect(await failed).toMatchObject({ message: expect.stringContaining('input of a logic: tools: unknown key') });
    const persisted = JSON.stringify(actor.getPersistedSnapshot());
    expect(JSON.parse(persisted).error).toEqual({ code: 'config_invalid', message: (await failed).message });
    const restored = createActor(agent.logic('explore'), {
      snapshot: JSON.parse(persisted),
      input: undefined as never,
    });
    expect(restored.getSnapshot().error).toBeInstanceOf(TroupeError);
  });

  it('gives its input precedence over its overrides', async () => {
    const { agent, model } = await logicWorld([{ text: 'ok' }]);
    const logic = agent.logic('explore', { prompt: 'by the logic', description: 'by the logic', maxSteps: 3 });
    const outcome = createActor(logic, { input: { prompt: 'by the input', description: undefined } }).start();
    await toPromise(outcome);
    expect(model.requests[0]?.messages[0]?.content).toBe('by the input');
    expect(outcome.getSnapshot().context.info?.description).toBe('by the logic');
  });
});
