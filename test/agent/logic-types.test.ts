import { from, type Observable } from 'rxjs';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { createActor, type OutputFrom, type SnapshotFrom, setup, toPromise } from 'xstate';
import { z } from 'zod';
import type { orchestratorMachine, subagentMachine } from '../../machines/index.js';
import type {
  AgentEvent,
  LifecycleState,
  Orchestrator,
  SubAgentHandle,
  SubAgentLogic,
  SubAgentOutcome,
} from '../../src/index.js';
import { logicWorld } from './logic-world.js';

describe('the types of a logic', () => {
  it('are its outcome, its events and its snapshot', async () => {
    const { agent } = await logicWorld([{ text: 'hi' }]);
    const logic = agent.logic('explore');
    expectTypeOf(logic).toExtend<SubAgentLogic>();
    expectTypeOf<OutputFrom<typeof logic>>().toEqualTypeOf<SubAgentOutcome>();
    expectTypeOf<SnapshotFrom<typeof logic>['context']['state']>().toEqualTypeOf<LifecycleState>();
    const actor = createActor(logic, { input: { prompt: 'x', maxSteps: 3 } });
    actor.on('text_delta', (event) => expectTypeOf(event.text).toEqualTypeOf<string>());
    actor.on('*', (event) => expectTypeOf(event).toEqualTypeOf<AgentEvent>());
    expectTypeOf(actor.send).toBeCallableWith({ type: 'STEER', message: 'x' });
    expectTypeOf(await toPromise(actor.start())).toEqualTypeOf<SubAgentOutcome>();
    // @ts-expect-error a steered message has a text
    () => actor.send({ type: 'STEER' });
    // @ts-expect-error there is no such event
    () => actor.on('text', () => {});
  });

  it('hold what a zod schema makes of the answer, in onDone too', async () => {
    const { agent } = await logicWorld([{ text: '{"files":3}' }]);
    const outputSchema = z.object({ files: z.number() });
    const logic = agent.logic('explore', { outputSchema });
    expectTypeOf<OutputFrom<typeof logic>['structured']>().toEqualTypeOf<{ files: number } | undefined>();
    expectTypeOf(agent.logic('explore', { outputSchema: { type: 'object' } })).toExtend<SubAgentLogic>();
    let files: number | undefined;
    const machine = setup({ actors: { logic } }).createMachine({
      invoke: {
        src: 'logic',
        input: { prompt: 'How many?' },
        onDone: {
          actions: ({ event }) => {
            expectTypeOf(event.output.structured).toEqualTypeOf<{ files: number } | undefined>();
            files = event.output.structured?.files;
          },
        },
      },
    });
    const actor = createActor(machine).start();
    const child = Object.values(actor.getSnapshot().children)[0];
    if (child) await toPromise(child);
    expect(files).toBe(3);
  });

  it('want a prompt from the input, unless the logic has one', async () => {
    const { agent } = await logicWorld([]);
    const bare = agent.logic('explore');
    const whole = agent.logic('explore', { prompt: 'Look.' });
    expectTypeOf(whole).toExtend<SubAgentLogic<unknown, undefined>>();
    createActor(whole);
    // @ts-expect-error there is no prompt
    () => createActor(bare);
    // @ts-expect-error tools belong to the logic
    () => createActor(bare, { input: { prompt: 'x', tools: [] } });
    // @ts-expect-error an unknown key
    () => agent.logic('explore', { promt: 'x' });
    const machine = setup({ actors: { bare, whole } });
    machine.createMachine({ invoke: [{ src: 'whole' }, { src: 'bare', input: { prompt: 'x' } }] });
    // @ts-expect-error its input has no prompt
    () => machine.createMachine({ invoke: { src: 'bare', input: {} } });
  });
});

describe('the types of the charts', () => {
  it('are those of their actors, for RxJS too', () => {
    type Subagent = SubAgentHandle['actor'];
    type Parent = Orchestrator['actor'];
    const ofSubagent = (actor: Subagent) => from(actor);
    const ofOrchestrator = (actor: Parent) => from(actor);
    expectTypeOf<ReturnType<typeof ofSubagent>>().toEqualTypeOf<Observable<SnapshotFrom<typeof subagentMachine>>>();
    expectTypeOf<ReturnType<typeof ofOrchestrator>>().toEqualTypeOf<
      Observable<SnapshotFrom<typeof orchestratorMachine>>
    >();
  });
});
