/** How a model is asked for an answer in a form, and how its answer is read: one road for every provider. */

import type { ModelProvider, ModelRequest, OutputRequest, ToolSpec } from '../../../domain/model.js';
import type { RequestedCall } from '../read-turn.js';
import { findJson } from './find-json.js';
import type { OutputForm, StructuredResult } from './output-form.js';

const ANSWER_TOOL = 'final_answer';
const HOW_TO_ANSWER =
  'Gives the final answer and ends the work. Call it once, alone, when everything else is done; an answer in plain text is not taken.';

/** The name of the tool that takes the answer: one that none of `tools` has, the same whenever these are the same. */
export function answerToolName(tools: readonly Pick<ToolSpec, 'name'>[]): string {
  const taken = new Set(tools.map(({ name }) => name.toLowerCase()));
  let name = ANSWER_TOOL;
  for (let count = 2; taken.has(name); count++) name = `${ANSWER_TOOL}_${count}`;
  return name;
}

/** The tool that takes the answer, to be offered beside `tools`. It is nobody's to run: its call is the answer. */
export function answerToolSpec(form: OutputForm, tools: readonly Pick<ToolSpec, 'name'>[]): ToolSpec {
  return { name: answerToolName(tools), description: HOW_TO_ANSWER, parameters: form.jsonSchema };
}

/** Which of a turn's calls is the answer; the first, where there are several. `tools` are those without the answer's. */
export function answerCallIn(
  calls: readonly RequestedCall[],
  tools: readonly Pick<ToolSpec, 'name'>[],
): RequestedCall | undefined {
  const answer = answerToolName(tools);
  return calls.find(({ name }) => name === answer);
}

export interface AskInForm {
  readonly form: OutputForm;
  readonly provider: Pick<ModelProvider, 'structuredOutput'>;
  /** The answer is due now, and no other tool may be called before; where the provider has the form natively, it changes nothing. */
  readonly isDue?: boolean;
}

/** The request with what the form needs: `output` for a provider that has it natively, else a tool beside the request's own. */
export function requestInForm(request: ModelRequest, { form, provider, isDue = false }: AskInForm): ModelRequest {
  if (provider.structuredOutput === 'native') return { ...request, output: outputOf(form) };
  const answer = answerToolSpec(form, request.tools);
  return {
    ...request,
    tools: [...request.tools, answer],
    ...(isDue ? { toolChoice: { name: answer.name } } : {}),
  };
}

function outputOf({ name, jsonSchema, strictSchema }: OutputForm): OutputRequest {
  return strictSchema === undefined ? { name, schema: jsonSchema } : { name, schema: strictSchema, strict: true };
}

/** What the model wrote: a text, in which JSON is looked for, or the arguments of the answer's call, which must be JSON. */
export type WrittenAnswer = { readonly text: string } | { readonly arguments: string };

/** Reads and checks an answer. Never rejects. */
export async function readStructured(form: OutputForm, answer: WrittenAnswer): Promise<StructuredResult> {
  const found = 'text' in answer ? findJson(answer.text) : parseArguments(answer.arguments);
  return 'problem' in found ? { ok: false, problems: found.problem } : form.validate(found.value);
}

function parseArguments(text: string): ReturnType<typeof findJson> {
  try {
    return { value: JSON.parse(text.trim() === '' ? '{}' : text) };
  } catch {
    return { problem: 'the arguments are not valid JSON; expected one JSON object' };
  }
}

/** What the model is told of an answer that does not fit: as a message, or as the result of the answer's call. */
export function repairMessage(problems: string): string {
  return `Your answer does not have the form that was asked for:\n${problems}\nGive the whole answer again, in the right form, with nothing else.`;
}
