import { describe, expect, it, vi } from 'vitest';
import {
  type AnyActorLogic,
  type AnyActorRef,
  assign,
  createActor,
  fromPromise,
  setup,
  toPromise,
  waitFor,
} from 'xstate';
import { z } from 'zod';
import type { SubAgentOutcome } from '../../src/domain/outcome.js';
import type { SubAgentLogic } from '../../src/orchestrator/index.js';
import { MemorySessionStore } from '../../src/store/index.js';
import type { ScriptedFunction, ScriptedTurn } from '../../src/testing/index.js';
import { folderWith } from '../config/temp-folder.js';
import { calls, errorOf } from '../support/world.js';
import { logicWorld } from './logic-world.js';

function machineOf(worker: SubAgentLogic) {
  return setup({
    types: { context: {} as { outcome?: SubAgentOutcome; error?: unknown }, events: {} as { type: 'LEAVE' } },
    actors: { worker },
  }).createMachine({
    context: {},
    initial: 'working',
    states: {
      working: {
        invoke: {
          id: 'worker',
          src: 'worker',
          input: { prompt: 'work' },
          onDone: { target: 'end', actions: assign({ outcome: ({ event }) => event.output }) },
          onError: { target: 'end', actions: assign({ error: ({ event }) => event.error }) },
        },
        on: { LEAVE: 'left' },
      },
      end: { type: 'final' },
      left: {},
    },
  });
}

const SLOW = calls(['slow', { ms: 100 }]);

/** As it would go to a disk and come back. */
const saved = (actor: { getPersistedSnapshot(): unknown }) => JSON.parse(JSON.stringify(actor.getPersistedSnapshot()));

const runIdOf = (actor: AnyActorRef) => actor.getSnapshot().children.worker?.getSnapshot().context.runId as string;

describe('a machine whose agent has no store', () => {
  it('begins its subagent anew when it is restored', async () => {
    const first = await logicWorld([SLOW]);
    const actor = createActor(machineOf(first.agent.logic('general'))).start();
    await first.settle();
    const snapshot = saved(actor);
    expect(snapshot.children.worker).toMatchObject({
      src: 'worker',
      snapshot: { status: 'active', input: { prompt: 'work' }, context: { state: 'running' } },
    });
    actor.stop();
    expect(first.signals[0]?.aborted).toBe(true);

    const second = await logicWorld([{ text: 'done' }]);
    const again = createActor(machineOf(second.agent.logic('general')), { snapshot });
    expect(again.getSnapshot().children.worker?.getSnapshot().context.state).toBe('pending');
    const { context } = await waitFor(again.start(), ({ status }) => status === 'done');
    expect(context.outcome).toMatchObject({ id: 'subagent-1', output: 'done' });
    expect(second.model.requests.map(({ messages }) => messages.length)).toEqual([1]);
  });
});

describe('a machine that had another actor in its place, when it is restored', () => {
  it.each([
    ['without a store', undefined],
    ['with one', new MemorySessionStore()],
  ])('begins its subagent anew, %s', async (_name, store) => {
    const machine = (worker: AnyActorLogic) =>
      setup({ actors: { worker } }).createMachine({
        initial: 'working',
        states: {
          working: { invoke: { id: 'worker', src: 'worker', input: { prompt: 'work' }, onDone: 'end' } },
          end: { type: 'final' },
        },
      });
    const before = createActor(machine(fromPromise(() => new Promise(() => {})))).start();
    const { agent, model } = await logicWorld([{ text: 'done' }], store ? { sessionStore: store } : {});
    const actor = createActor(machine(agent.logic('general')), { snapshot: saved(before) }).start();
    await waitFor(actor, ({ status }) => status === 'done', { timeout: 5_000 });
    expect(model.requests.map(({ messages }) => messages[0]?.content)).toEqual(['work']);
  });
});

describe('a machine whose agent has a store', () => {
  it('goes on with its subagent where it was, after a stop', async () => {
    const store = new MemorySessionStore();
    const first = await logicWorld([calls(['note', { label: 'once' }]), SLOW], {
      sessionStore: store,
      confirm: () => 'allow',
    });
    const actor = createActor(machineOf(first.agent.logic('general'))).start();
    await first.settle();
    expect(first.effects).toEqual(['once']);
    const snapshot = saved(actor);
    actor.stop();
    expect(first.signals[0]?.aborted).toBe(true);

    const second = await logicWorld([{ text: 'done' }], { sessionStore: store, confirm: () => 'allow' });
    const again = createActor(machineOf(second.agent.logic('general')), { snapshot });
    expect(again.getSnapshot().children.worker?.getSnapshot().context.info?.turn).toBe(2); // as it was persisted
    const events: { type: string; epoch?: number }[] = [];
    again.getSnapshot().children.worker?.on('*', (event) => events.push(event));
    again.start();
    await second.settle();
    await second.clock.advance(100); // `slow` only reads, so it simply ran again
    const { context } = again.getSnapshot();
    expect(context.outcome).toMatchObject({ id: 'subagent-1', output: 'done', turns: 3 });
    expect(second.effects).toEqual([]);
    expect(second.model.requests.map(({ messages }) => messages.length)).toEqual([5]);
    expect(events[0]).toMatchObject({ type: 'subagent_started', epoch: 1 });
  });

  it('goes on in the same process too, at once after the stop', async () => {
    const store = new MemorySessionStore();
    const { agent, settle, clock } = await logicWorld([SLOW, { text: 'done' }], { sessionStore: store });
    const machine = machineOf(agent.logic('general'));
    const actor = createActor(machine).start();
    await settle();
    const snapshot = saved(actor);
    actor.stop();
    const again = createActor(machine, { snapshot }).start();
    await settle();
    await clock.advance(100);
    expect(again.getSnapshot().context.outcome).toMatchObject({ id: 'subagent-1', success: true, turns: 2 });
  });

  it.each([1, 2, 3, 5, 8, 13])(
    'goes on also when it was stopped while its store was opened: after %i microtasks',
    async (count) => {
      const store = new MemorySessionStore();
      const { agent, settle } = await logicWorld(() => ({ text: 'done' }), { sessionStore: store });
      const machine = machineOf(agent.logic('general'));
      const actor = createActor(machine).start();
      const snapshot = saved(actor);
      for (let passed = 0; passed < count; passed += 1) await null;
      actor.stop();
      const again = createActor(machine, { snapshot }).start();
      await settle();
      expect(again.getSnapshot().context).toMatchObject({ outcome: { success: true, output: 'done' } });
    },
  );

  it('goes on after a crash: nothing on record runs again', async () => {
    const store = new MemorySessionStore();
    const first = await logicWorld([calls(['note', { label: 'once' }]), { hang: true }], {
      sessionStore: store,
      confirm: () => 'allow',
    });
    const actor = createActor(machineOf(first.agent.logic('general'))).start();
    const before = saved(actor); // before it had begun
    await first.settle();
    expect(first.effects).toEqual(['once']);
    store.abandonLeases();

    const second = await logicWorld([{ text: 'done' }], { sessionStore: store, confirm: () => 'allow' });
    const again = createActor(machineOf(second.agent.logic('general')), { snapshot: before }).start();
    const { context } = await waitFor(again, ({ status }) => status === 'done');
    expect(context.outcome).toMatchObject({ output: 'done', turns: 2, usage: { unknownRequests: 1 } });
    expect(second.effects).toEqual([]);
  });

  it('has its outcome at once when it had ended meanwhile', async () => {
    const store = new MemorySessionStore();
    const outputSchema = z.object({ when: z.string().transform((text) => text.length) });
    const first = await logicWorld([{ text: '{"when":"today"}' }], { sessionStore: store });
    const actor = createActor(first.agent.logic('explore', { prompt: 'When?', outputSchema })).start();
    const before = saved(actor);
    const outcome = await toPromise(actor);
    expect(outcome.structured).toEqual({ when: 5 });
    await first.settle();

    const second = await logicWorld([], { sessionStore: store });
    const logic = second.agent.logic('explore', { prompt: 'When?', outputSchema });
    const again = createActor(logic, { snapshot: before }).start();
    expect(await toPromise(again)).toEqual(outcome);
    expect(again.getSnapshot().context).toMatchObject({ state: 'completed', info: { id: 'subagent-1' } });
    expect(second.model.requests).toHaveLength(0);
  });

  it('stays paused when it was paused, and takes the resume', async () => {
    const store = new MemorySessionStore();
    const first = await logicWorld([SLOW], { sessionStore: store });
    const actor = createActor(machineOf(first.agent.logic('general'))).start();
    await first.settle();
    actor.getSnapshot().children.worker?.send({ type: 'PAUSE' });
    await first.clock.advance(100);
    const snapshot = saved(actor);
    expect(snapshot.children.worker.snapshot.context.state).toBe('paused');
    actor.stop();
    await first.settle();

    const second = await logicWorld([{ text: 'done' }], { sessionStore: store });
    const again = createActor(machineOf(second.agent.logic('general')), { snapshot }).start();
    await second.clock.advance(1000);
    const worker = again.getSnapshot().children.worker;
    expect(worker?.getSnapshot().context).toMatchObject({ state: 'paused' });
    expect(second.model.requests).toHaveLength(0);
    worker?.send({ type: 'RESUME' });
    const { context } = await waitFor(again, ({ status }) => status === 'done');
    expect(context.outcome).toMatchObject({ output: 'done', turns: 2 });
  });

  it('keeps its open requests', async () => {
    const store = new MemorySessionStore();
    const options = { sessionStore: store, approvals: 'wait' as const };
    const first = await logicWorld([calls(['note', { label: 'a' }])]);
    const actor = createActor(machineOf(first.agent.session('.', options).logic('general'))).start();
    await first.settle();
    const snapshot = saved(actor);
    const [asked] = snapshot.children.worker.snapshot.context.requests;
    expect(asked).toMatchObject({ requestId: 'call1#1', toolName: 'note', args: { label: 'a' } });
    actor.stop();
    await first.settle();

    const second = await logicWorld([{ text: 'done' }]);
    const again = createActor(machineOf(second.agent.session('.', options).logic('general')), { snapshot }).start();
    await second.settle();
    const worker = again.getSnapshot().children.worker;
    expect(worker?.getSnapshot().context.requests).toEqual([asked]);
    worker?.send({ type: 'APPROVE', requestId: asked.requestId });
    await waitFor(again, ({ status }) => status === 'done');
    expect(second.effects).toEqual(['a']);
  });

  it('shows a request no more that was answered before the store was', async () => {
    const options = { sessionStore: new MemorySessionStore(), approvals: 'wait' as const };
    const first = await logicWorld([calls(['note', { label: 'a' }], ['note', { label: 'b' }])]);
    const actor = createActor(machineOf(first.agent.session('.', options).logic('general'))).start();
    await first.settle();
    const snapshot = saved(actor);
    actor.stop();

    const second = await logicWorld([{ text: 'done' }]);
    const again = createActor(machineOf(second.agent.session('.', options).logic('general')), { snapshot }).start();
    const worker = again.getSnapshot().children.worker;
    const seen: string[][] = [];
    worker?.subscribe(({ context }) => seen.push(context.requests.map(({ requestId }) => requestId)));
    worker?.send({ type: 'APPROVE', requestId: 'call1#1' });
    await vi.waitFor(() => expect(second.effects).toEqual(['a']));
    expect(new Set(seen.flat())).toEqual(new Set(['call2#1']));
    worker?.send({ type: 'DENY', requestId: 'call2#1' });
    await waitFor(again, ({ status }) => status === 'done');
    expect(second.effects).toEqual(['a']);
  });

  it('runs nothing of machines that are not restored', async () => {
    const store = new MemorySessionStore();
    const first = await logicWorld([SLOW], { sessionStore: store });
    const lost = createActor(machineOf(first.agent.logic('general'))).start();
    await first.settle();
    lost.stop();
    await first.settle();

    const second = await logicWorld([{ text: 'done' }], { sessionStore: store });
    const actor = createActor(machineOf(second.agent.logic('general'))).start();
    const { context } = await waitFor(actor, ({ status }) => status === 'done');
    expect(context.outcome).toMatchObject({ id: 'subagent-2', output: 'done' });
    expect(second.model.requests).toHaveLength(1);
  });

  it('goes on from an older snapshot, though the state was left: a stop is no end on record', async () => {
    const store = new MemorySessionStore();
    const first = await logicWorld([SLOW], { sessionStore: store });
    const actor = createActor(machineOf(first.agent.logic('general'))).start();
    await first.settle();
    const snapshot = saved(actor);
    actor.send({ type: 'LEAVE' });
    await first.settle();

    const second = await logicWorld([{ text: 'done' }], { sessionStore: store });
    const again = createActor(machineOf(second.agent.logic('general')), { snapshot }).start();
    await second.settle();
    await second.clock.advance(100);
    expect(again.getSnapshot().context.outcome).toMatchObject({ output: 'done', turns: 2 });
  });

  it('does not go on with one that was cancelled on purpose: that is its outcome', async () => {
    const store = new MemorySessionStore();
    const first = await logicWorld([SLOW], { sessionStore: store });
    const actor = createActor(machineOf(first.agent.logic('general'))).start();
    await first.settle();
    const snapshot = saved(actor);
    actor.getSnapshot().children.worker?.send({ type: 'CANCEL', reason: 'enough' });
    await first.settle();

    const second = await logicWorld([], { sessionStore: store });
    const again = createActor(machineOf(second.agent.logic('general')), { snapshot }).start();
    const { context } = await waitFor(again, ({ status }) => status === 'done');
    expect(context.outcome).toMatchObject({ state: 'cancelled', by: 'user', error: { message: 'enough' } });
  });

  it('refuses to have one run twice at a time', async () => {
    const store = new MemorySessionStore();
    const first = await logicWorld([SLOW], { sessionStore: store });
    const actor = createActor(machineOf(first.agent.logic('general'))).start();
    await first.settle();
    const second = await logicWorld([], { sessionStore: store });
    const again = createActor(machineOf(second.agent.logic('general')), { snapshot: saved(actor) }).start();
    const { context } = await waitFor(again, ({ status }) => status === 'done');
    expect(context.error).toMatchObject({ code: 'workflow_busy' });
    expect(actor.getSnapshot().children.worker?.getSnapshot().context.state).toBe('running');
  });

  it('can have what is on record of it removed, and begins anew then', async () => {
    const store = new MemorySessionStore();
    const first = await logicWorld([SLOW], { sessionStore: store });
    const actor = createActor(machineOf(first.agent.logic('general'))).start();
    await first.settle();
    const snapshot = saved(actor);
    const runId = runIdOf(actor);
    actor.stop();
    await first.settle();

    const second = await logicWorld([{ text: 'anew' }], { sessionStore: store });
    await second.agent.session('.', { sessionStore: store }).forgetWorkflow(runId);
    const again = createActor(machineOf(second.agent.logic('general')), { snapshot }).start();
    const { context } = await waitFor(again, ({ status }) => status === 'done');
    expect(context.outcome).toMatchObject({ output: 'anew', turns: 1 });
  });

  it('stays as it is when its session is suspended, to be persisted then', async () => {
    const store = new MemorySessionStore();
    const first = await logicWorld([SLOW]);
    const session = first.agent.session('.', { sessionStore: store });
    const actor = createActor(machineOf(session.logic('general'))).start();
    await first.settle();
    const closed = session.close();
    await first.clock.advance(100);
    await closed;
    expect(actor.getSnapshot().value).toBe('working');
    const snapshot = saved(actor);
    actor.stop();

    const second = await logicWorld([{ text: 'done' }], { sessionStore: store });
    const again = createActor(machineOf(second.agent.logic('general')), { snapshot }).start();
    await second.settle();
    const { context } = await waitFor(again, ({ status }) => status === 'done');
    expect(context.outcome).toMatchObject({ output: 'done', turns: 2 });
    expect(second.signals).toHaveLength(0);
  });

  it('tells by onError that a store cannot be read', async () => {
    const store = new MemorySessionStore();
    store.acquire = () => {
      throw new Error('the disk is gone');
    };
    const { agent } = await logicWorld([], { sessionStore: store });
    const actor = createActor(agent.logic('explore'), { input: { prompt: 'x' } });
    const failed = errorOf(() => toPromise(actor));
    actor.start();
    expect(await failed).toMatchObject({ code: 'bug', message: 'the disk is gone' });
  });

  it('is taken up on its own, where the logic itself is the root', async () => {
    const store = new MemorySessionStore();
    const first = await logicWorld([SLOW], { sessionStore: store });
    const actor = createActor(first.agent.logic('general', { prompt: 'work' })).start();
    await first.settle();
    const snapshot = saved(actor);
    actor.stop();
    const second = await logicWorld([{ text: 'done' }], { sessionStore: store });
    const again = createActor(second.agent.logic('general', { prompt: 'work' }), { snapshot }).start();
    await second.settle();
    await second.clock.advance(100);
    expect(again.getSnapshot().output).toMatchObject({ turns: 2, output: 'done' });
  });

  it('brings its children back below it: the call that had spawned them finds them', async () => {
    const store = new MemorySessionStore();
    const lead = '---\nname: lead\ndescription: Leads.\ncan_spawn_subagents: true\n---\nYou lead.';
    const options = { sessionStore: store, agentDirs: [folderWith({ 'lead.md': lead })] };
    const task = calls(['task', { tasks: [{ agent: 'general', prompt: 'help' }] }]);
    const script: ScriptedFunction = ({ messages }) => {
      const isHelp = messages[0]?.content === 'help';
      if (messages.length === 1) return (isHelp ? SLOW : task) as ScriptedTurn; // neither is a function
      return { text: isHelp ? 'helped' : `I heard: ${messages.at(-1)?.content}` };
    };
    const first = await logicWorld(script, options);
    const actor = createActor(machineOf(first.agent.logic('lead'))).start();
    await first.settle();
    const snapshot = saved(actor);
    actor.stop();
    expect(first.signals[0]?.aborted).toBe(true);

    const second = await logicWorld(script, options);
    const again = createActor(machineOf(second.agent.logic('lead')), { snapshot }).start();
    await second.settle();
    await second.clock.advance(100);
    expect(again.getSnapshot().context.outcome?.output).toContain('helped');
    expect(second.model.requests.map(({ messages }) => messages[0]?.content)).toEqual(['help', 'work']);
  });

  it('lets detached children go on, and can be taken up when they have ended', async () => {
    const store = new MemorySessionStore();
    const first = await logicWorld(({ messages }) =>
      messages.length === 1 ? (SLOW as ScriptedTurn) : { text: 'done' },
    );
    const session = first.agent.session('.', { sessionStore: store });
    const machine = machineOf(session.logic('general'));
    const actor = createActor(machine).start();
    await first.settle();
    const child = session.orchestrator
      .getHandle('subagent-1')
      ?.spawn({ agentType: 'general', prompt: 'y', detached: true });
    await first.settle();
    const snapshot = saved(actor);
    actor.stop();
    expect(child?.state()).toBe('running');
    const again = createActor(machine, { snapshot }).start();
    await first.clock.advance(100);
    expect(child?.state()).toBe('completed');
    await first.clock.advance(100);
    expect(again.getSnapshot().context.outcome).toMatchObject({ id: 'subagent-1', success: true });
  });
});
