import { describe, expect, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import type { AgentStepSpec } from '../../src/config/index.js';
import type { OutcomesOf, StepOutcome } from '../../src/domain/step.js';
import { createSessionWorld, echo, step } from './session-world.js';

const Verdict = z.object({ safe: z.boolean(), score: z.string().transform(Number) });
const base = { agent: 'worker', description: '', prompt: 'x' };

describe('the type of structured', () => {
  it('is, step by step, what the schema of each gives', async () => {
    const { session, settle } = createSessionWorld(() => ({ text: '{"safe":true,"score":"7"}' }));
    const all = session.parallel([
      { taskId: 'a', ...base, outputSchema: Verdict },
      { taskId: 'b', ...base },
      { taskId: 'c', ...base, outputSchema: { type: 'object' } },
    ]);
    await settle();
    const outcomes = await all;
    expectTypeOf(outcomes[0].structured).toEqualTypeOf<{ safe: boolean; score: number } | undefined>();
    expectTypeOf(outcomes[1].structured).toEqualTypeOf<undefined>();
    expectTypeOf(outcomes[2].structured).toEqualTypeOf<unknown>();
    expectTypeOf(outcomes.length).toEqualTypeOf<3>();
    expectTypeOf(outcomes).toExtend<StepOutcome[]>();
    expect(outcomes.map(({ structured }) => structured)).toEqual([
      { safe: true, score: 7 },
      undefined,
      { safe: true, score: '7' },
    ]);
  });

  it('is that of the one schema in run', async () => {
    const { session, settle } = createSessionWorld(() => ({ text: '[1, 2]' }));
    const one = session.run({ taskId: 'a', ...base, outputSchema: z.array(z.number()) });
    await settle();
    const { structured } = await one;
    expectTypeOf(structured).toEqualTypeOf<number[] | undefined>();
    expect(structured).toEqual([1, 2]);
  });

  it('is unknown for a list of steps, which may have any', async () => {
    const { session, settle } = createSessionWorld(echo);
    const specs: AgentStepSpec[] = ['a', 'b'].map((taskId) => step(taskId));
    const all = session.parallel(specs);
    await settle();
    const outcomes = await all;
    expectTypeOf(outcomes).toEqualTypeOf<StepOutcome[]>();
    expect(outcomes).toHaveLength(2);
  });

  it('is that of the one schema of a list that was made by map', () => {
    type Spec = { taskId: string; agent: string; description: string; prompt: string; outputSchema: typeof Verdict };
    expectTypeOf<OutcomesOf<Spec[]>>().toEqualTypeOf<StepOutcome<{ safe: boolean; score: number }>[]>();
    expectTypeOf<OutcomesOf<readonly [AgentStepSpec]>>().toEqualTypeOf<[StepOutcome<unknown>]>();
  });
});

describe('the types of the rest', () => {
  it('give items and outcomes to the stages', async () => {
    const { session, settle } = createSessionWorld(echo);
    const all = session.pipeline(
      [{ name: 'x' }],
      [
        (context) => {
          expectTypeOf(context).toEqualTypeOf<{ readonly item: { name: string } }>();
          return step(context.item.name);
        },
        (context) => {
          expectTypeOf(context.item).toEqualTypeOf<{ name: string }>();
          expectTypeOf(context.previous).toEqualTypeOf<StepOutcome>();
          return null;
        },
      ],
    );
    await settle();
    expectTypeOf(await all).toEqualTypeOf<(StepOutcome | null)[]>();
  });

  it('refuse what is no step', () => {
    const { session } = createSessionWorld(echo);
    // @ts-expect-error: no prompt
    const wrong = () => session.run({ taskId: 'a', agent: 'worker', description: '' });
    // @ts-expect-error: maxIterations is a must
    const endless = () => session.loop(() => null, {});
    expect([wrong, endless]).toHaveLength(2);
  });
});
