/** The form that was asked of a final answer: which tool takes it, what of a turn it is, and whether it fits. */

import {
  answerCallIn,
  answerToolName,
  type ModelTurn,
  type OutputForm,
  type StructuredResult,
  type WrittenAnswer,
} from '../activities/llm/index.js';
import type { CheckScope } from '../activities/tools/index.js';
import { inTime } from '../domain/clock.js';
import { messageOf } from '../domain/errors.js';
import { MAX_CHECK_MS } from '../domain/limits.js';
import type { SubagentPlan } from './plan.js';

export interface StructuredAnswer {
  /** What the model wrote, redacted: JSON, and checked again it gives `value` again. To be stored, unlike `value`. */
  readonly json: unknown;
  /** With the defaults and transforms of a zod schema applied. */
  readonly value: unknown;
}

/** A request that is to mend an answer. */
export interface Repair {
  /** The model has to be made to use the answer's tool. */
  readonly isForced: boolean;
  /** Attempts at the request before: those of this one are counted anew. */
  readonly attemptsBefore: number;
  isSent: boolean;
}

/** A request to mend an answer that a crash cut off goes on as the same repair. @param isByMessage As it was told what is wrong. */
export function repairAgain(plan: SubagentPlan, { isByMessage }: { readonly isByMessage: boolean }): Repair {
  return { isForced: isByMessage && answerToolOf(plan) !== undefined, attemptsBefore: 0, isSent: true };
}

/** A whole final answer. */
export interface FinalAnswer {
  readonly form: OutputForm;
  readonly turn: ModelTurn;
  readonly written: WrittenAnswer;
}

/** The name under which the model was offered the tool that takes the answer, if it was. */
export function answerToolOf({ form, model, toolSpecs }: SubagentPlan): string | undefined {
  return form && model.structuredOutput !== 'native' ? answerToolName(toolSpecs) : undefined;
}

/** Undefined where no form was asked for, and while the model wants other tools to be run. */
export function finalAnswerIn(plan: SubagentPlan, turn: ModelTurn): FinalAnswer | undefined {
  const { form, toolSpecs } = plan;
  const answerTool = answerToolOf(plan);
  if (!form || turn.toolCalls.some(({ name }) => name !== answerTool)) return undefined;
  const call = answerCallIn(turn.toolCalls, toolSpecs);
  return { form, turn, written: call ? { arguments: call.arguments } : { text: turn.text } };
}

/** A refinement that takes longer than 10 s is a problem like any other. Rejects with the signal's reason as soon as it aborts. */
export async function checkInTime(form: OutputForm, value: unknown, scope: CheckScope): Promise<StructuredResult> {
  try {
    return await inTime(form.validate(value), { ...scope, ms: MAX_CHECK_MS });
  } catch (cause) {
    scope.signal?.throwIfAborted();
    return { ok: false, problems: `could not be checked: ${messageOf(cause)}` };
  }
}
