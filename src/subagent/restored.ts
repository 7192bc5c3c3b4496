/** What a subagent goes on from: made from its records, before its actor exists. */

import type { Snapshot } from 'xstate';
import type { SubagentInput } from '../../machines/index.js';
import { stateOf } from '../../machines/index.js';
import { parseArguments, validateInput } from '../activities/tools/index.js';
import type { LifecycleState } from '../domain/lifecycle.js';
import type { Task } from '../domain/tool.js';
import type { Usage } from '../domain/usage.js';
import type { FoldedLog } from './fold-log.js';
import type { OpenCall } from './live-subagent.js';
import type { SubagentPlan } from './plan.js';
import { replayChart } from './replay-chart.js';
import type { StructuredAnswer } from './structured-answer.js';
import { Transcript } from './transcript.js';

export interface RestoredSubagent {
  readonly persisted: Snapshot<unknown>;
  readonly state: LifecycleState;
  /** It has a slot, or had one. */
  readonly isActive: boolean;
  readonly transcript: Transcript;
  readonly openCalls: ReadonlyMap<string, OpenCall>;
  /** By call id: why a call cannot run any more. */
  readonly lostCalls: ReadonlyMap<string, string>;
  readonly begunCalls: ReadonlyMap<string, unknown>;
  readonly callCount: number;
  readonly turnSent: number;
  readonly steeringTaken: number;
  readonly usage: Usage;
  readonly tasks: readonly Task[];
  readonly filesSeen: ReadonlyMap<string, string>;
  readonly structured?: StructuredAnswer;
  readonly createdAt: number;
  /** Of the events from now on. */
  readonly epoch: number;
}

export async function restoreSubagent(
  plan: SubagentPlan,
  input: SubagentInput,
  log: FoldedLog,
): Promise<RestoredSubagent> {
  const { snapshot, persisted } = replayChart(input, log);
  const steered = log.events.flatMap(({ event }) => (event.type === 'STEER' ? [String(event.message)] : []));
  const taken = steered.slice(0, steered.length - snapshot.context.steering.length);
  const { transcript, callCount } = retell(log, taken);
  const openCalls = new Map<string, OpenCall>();
  const lostCalls = new Map<string, string>();
  const written = argumentsById(log);
  for (const { callId, name } of snapshot.context.calls) {
    const open = await openCall(plan, name, log.hiddenCalls.has(callId) ? undefined : written.get(callId));
    if (typeof open === 'string') lostCalls.set(callId, open);
    else openCalls.set(callId, open);
  }
  const { begunCalls, turnSent, usage, tasks, filesSeen, createdAt, epoch } = log;
  const structured = log.structured && (await answerOf(plan, log.structured.value));
  return {
    persisted,
    state: stateOf(snapshot),
    isActive: snapshot.matches('active'),
    transcript,
    openCalls,
    lostCalls,
    begunCalls,
    callCount,
    turnSent,
    steeringTaken: taken.length,
    usage,
    tasks,
    filesSeen,
    ...(structured ? { structured } : {}),
    createdAt,
    epoch: epoch + 1,
  };
}

/** @param taken Steered messages that requests have taken, in order. */
function retell({ messages }: FoldedLog, taken: readonly string[]) {
  const transcript = new Transcript();
  let callCount = 0;
  let steeredCount = 0;
  for (const entry of messages) {
    if (entry.type === 'settled') {
      transcript.settle(entry.callId, entry.content, entry.isError);
    } else if (entry.message.role === 'user') {
      transcript.addUser(entry.message.content);
      if (entry.steered) steeredCount += 1;
    } else {
      const { content, toolCalls = [] } = entry.message;
      transcript.addAnswer(content, toolCalls);
      callCount += toolCalls.length;
    }
  }
  // The chart had taken them, but the crash came before this was recorded.
  for (const message of taken.slice(steeredCount)) transcript.addUser(message);
  return { transcript, callCount };
}

function argumentsById({ messages }: FoldedLog): Map<string, string> {
  const found = new Map<string, string>();
  for (const entry of messages) {
    if (entry.type !== 'said' || entry.message.role !== 'assistant') continue;
    for (const { id, arguments: text } of entry.message.toolCalls ?? []) found.set(id, text);
  }
  return found;
}

/** @returns why not, as a text for the model. */
async function openCall(plan: SubagentPlan, name: string, text: string | undefined): Promise<OpenCall | string> {
  const tool = plan.tools.get(name);
  if (!tool) return `not run: there is no tool ${JSON.stringify(name)} any more`;
  if (text === undefined) {
    return 'not run: its arguments held a secret, which was not kept when the work was saved; make the call again if it is still wanted';
  }
  const parsed = parseArguments(text);
  if (!parsed.ok) return `not run: ${parsed.problem}`;
  const validated = await validateInput(tool, parsed.args);
  return validated.ok ? { tool, args: parsed.args, input: validated.input } : `not run: ${validated.problem}`;
}

/** As the schema of today gives it; undefined where it no longer fits. */
async function answerOf({ form }: SubagentPlan, json: unknown): Promise<StructuredAnswer | undefined> {
  const read = await form?.validate(json);
  return read?.ok ? { json, value: read.value } : undefined;
}
