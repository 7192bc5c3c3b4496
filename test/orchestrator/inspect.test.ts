import { describe, expect, expectTypeOf, it } from 'vitest';
import type { AnyActorRef, createActor, InspectionEvent, Subscription } from 'xstate';
import { createRedactor } from '../../src/domain/redact.js';
import type { Orchestrator } from '../../src/orchestrator/index.js';
import { byPrompt, createWorld, errorOf, tasks } from '../support/world.js';

const SECRET = 'open-sesame-1234';

/** An inspector that writes down what it is told. */
function recorder() {
  const told: InspectionEvent[] = [];
  return { told, inspect: { next: (event: InspectionEvent) => void told.push(event) } };
}

const actorsOf = (told: readonly InspectionEvent[]) =>
  told.flatMap((event) => (event.type === '@xstate.actor' ? [(event.actorRef as AnyActorRef).id] : []));

describe('orchestrator.inspect', () => {
  it('takes what XState takes for inspect, and gives a subscription', () => {
    type Inspect = Parameters<typeof createActor>[1] extends infer Options
      ? NonNullable<NonNullable<Options>['inspect' & keyof NonNullable<Options>]>
      : never;
    expectTypeOf<Inspect>().toExtend<Parameters<Orchestrator['inspect']>[0]>();
    expectTypeOf<Orchestrator['inspect']>().returns.toEqualTypeOf<Subscription>();
  });

  it('tells of every actor that lives, parents first, then of all that happens until it is unsubscribed', async () => {
    const { spawn, settle, orchestrator } = createWorld(
      byPrompt({ lead: [tasks('a'), { text: 'x' }], a: [{ hang: true }], quick: [{ text: 'over' }] }),
    );
    spawn({ prompt: 'quick' });
    await settle();
    spawn({ agentType: 'lead', prompt: 'lead' });
    await settle();
    const { told, inspect } = recorder();
    const subscription = orchestrator.inspect(inspect);
    expect(actorsOf(told)).toEqual([
      'orchestrator',
      'subagent-2',
      'deadline',
      'tool.call1',
      'subagent-3',
      'deadline',
      'llm',
    ]);
    expect(told).toHaveLength(7);
    expect(new Set(told.map(({ rootId }) => rootId))).toEqual(new Set([orchestrator.actor.sessionId]));
    void orchestrator.pauseSubagent('subagent-3');
    const events = told.flatMap((event) => (event.type === '@xstate.event' ? [event.event.type] : []));
    expect(events).toContain('PAUSE');
    subscription.unsubscribe();
    const count = told.length;
    void orchestrator.cancelSubagent('subagent-3');
    expect(told).toHaveLength(count);
  });

  it('tells what `inspect` of the config tells', async () => {
    const [early, late] = [recorder(), recorder()];
    const { spawn, settle, orchestrator } = createWorld([{ text: 'done' }], { inspect: early.inspect });
    orchestrator.inspect(late.inspect);
    spawn();
    await settle();
    const shape = ({ type, actorRef }: InspectionEvent) => [type, actorRef.sessionId];
    expect(actorsOf(early.told)).toEqual(['orchestrator', 'subagent-1', 'deadline', 'llm']);
    expect(early.told[0]?.actorRef).toBe(orchestrator.actor);
    const started = 3; // the first was there when the orchestrator's actor was started: its init event and snapshot
    expect(early.told.slice(started).map(shape)).toEqual(late.told.slice(1).map(shape));
  });

  it('keeps what one inspector throws from the actors and from the others', async () => {
    const errors: string[] = [];
    const { told, inspect } = recorder();
    const { spawn, settle, orchestrator } = createWorld([{ text: 'done' }], {
      onError: ({ code, message }) => errors.push(`${code}: ${message}`),
    });
    orchestrator.inspect(() => {
      throw new Error('no screen');
    });
    orchestrator.inspect(inspect);
    await spawn().wait();
    await settle();
    expect(new Set(errors)).toEqual(new Set(['bug: inspect threw: no screen']));
    expect(errors.length).toBe(told.length);
  });

  it('shows no secret that was sent to an actor directly', async () => {
    const { told, inspect } = recorder();
    const { spawn, settle, orchestrator, model } = createWorld([{ text: 'done' }], {
      secrets: createRedactor([SECRET]),
    });
    orchestrator.inspect(inspect);
    const handle = spawn();
    handle.actor.send({ type: 'STEER', message: `say ${SECRET}` });
    await settle();
    const shown = JSON.stringify(
      told.map((event) => (event.type === '@xstate.actor' ? event.type : [{ ...event, actorRef: 0, sourceRef: 0 }])),
    );
    expect(shown).toContain('say [redacted]');
    expect(shown.includes(SECRET)).toBe(false); // or a failure would print all of it
    expect(JSON.stringify(model.requests)).toContain(SECRET); // it is the model's to see
  });

  it('refuses what is no inspector', async () => {
    const { orchestrator } = createWorld([]);
    for (const wrong of [undefined, {}, 'inspector', { next: 1 }]) {
      const error = await errorOf(() => orchestrator.inspect(wrong as never));
      expect(error).toMatchObject({ code: 'config_invalid', message: expect.stringMatching(/^inspect: expected/) });
    }
  });
});
