/** What a subagent goes on from: made from its records, before its actor exists. */

import type { Snapshot } from 'xstate';
import type { SubagentInput } from '../../machines/index.js';
import { stateOf } from '../../machines/index.js';
import type { Clock } from '../domain/clock.js';
import type { LifecycleState } from '../domain/lifecycle.js';
import type { Task } from '../domain/tool.js';
import type { Usage } from '../domain/usage.js';
import { checkInTime, type Repair, repairAgain, type StructuredAnswer } from './answer-form.js';
import type { FoldedLog } from './fold-log.js';
import type { LogEntry } from './log-record.js';
import { type OpenCall, openAgain } from './open-call.js';
import type { SubagentPlan } from './plan.js';
import { RESTORED, replayChart } from './replay-chart.js';
import { Transcript, type TranscriptEntry } from './transcript.js';

export interface RestoredSubagent {
  readonly persisted: Snapshot<unknown>;
  readonly state: LifecycleState;
  /** What it has said last. */
  readonly lastText: string;
  /** Who cancelled it asked that its children go on. */
  readonly sparesChildren: boolean;
  /** It waits for its parent to resume it. */
  readonly isPausedByParent: boolean;
  /** In all lives. */
  readonly pauseCount: number;
  /** How many pauses of its parent its last resume had overruled: later ones hold it, on record or not. */
  readonly overruledPauses: number;
  /** It has a slot, or had one. */
  readonly isActive: boolean;
  readonly transcript: Transcript;
  readonly openCalls: ReadonlyMap<string, OpenCall>;
  /** By call id: why a call cannot run any more. */
  readonly lostCalls: ReadonlyMap<string, string>;
  readonly begunCalls: ReadonlyMap<string, unknown>;
  readonly callCount: number;
  readonly turnSent: number;
  readonly usage: Usage;
  readonly tasks: readonly Task[];
  readonly filesSeen: ReadonlyMap<string, string>;
  readonly structured?: StructuredAnswer;
  readonly repair?: Repair;
  readonly createdAt: number;
  /** Of the events from now on. */
  readonly epoch: number;
  /** By epoch: `seq` of the last event that is known of each. */
  readonly formerLives: readonly number[];
  /** What a crash kept from the records, though others tell of it, and what the chart was told since: to be recorded before all else. */
  readonly unrecorded: readonly LogEntry[];
}

export async function restoreSubagent(
  plan: SubagentPlan,
  input: SubagentInput,
  log: FoldedLog,
  clock: Clock,
): Promise<RestoredSubagent> {
  const { snapshot, persisted, refusals } = replayChart(input, log);
  const steered = log.events.flatMap(({ event }) => (event.type === 'STEER' ? [String(event.message)] : []));
  const taken = steered.slice(0, steered.length - snapshot.context.steering.length);
  const { transcript, callCount, unrecorded } = retell(log, { prompt: plan.config.prompt, taken, refusals });
  if (snapshot.matches('active')) unrecorded.push({ type: 'event', event: RESTORED });
  const openCalls = new Map<string, OpenCall>();
  const lostCalls = new Map<string, string>();
  const written = argumentsById(log);
  for (const { callId, name } of snapshot.context.calls) {
    const open = await openAgain(plan, name, log.hiddenCalls.has(callId) ? undefined : written.get(callId), clock);
    if (typeof open === 'string') lostCalls.set(callId, open);
    else openCalls.set(callId, open);
  }
  const { begunCalls, pauseCount, overruledPauses, turnSent, usage, tasks, filesSeen, createdAt, epoch, lives } = log;
  const structured = log.structured && (await answerOf(plan, log.structured.value, clock));
  return {
    persisted,
    state: stateOf(snapshot),
    lastText: snapshot.context.text,
    sparesChildren: snapshot.context.sparesChildren,
    isPausedByParent: snapshot.context.pausedBy === 'parent',
    pauseCount,
    overruledPauses,
    isActive: snapshot.matches('active'),
    transcript,
    openCalls,
    lostCalls,
    begunCalls,
    callCount,
    turnSent,
    usage,
    tasks,
    filesSeen,
    ...(structured ? { structured } : {}),
    ...(log.repair ? { repair: repairAgain(plan, log.repair) } : {}),
    createdAt,
    epoch: epoch + 1,
    formerLives: lives,
    unrecorded,
  };
}

interface Implied {
  readonly prompt: string;
  /** Steered messages that requests have taken, in order. */
  readonly taken: readonly string[];
  /** By call id. */
  readonly refusals: ReadonlyMap<string, string>;
}

/** The conversation: what is on record of it, and what follows from the rest. */
function retell({ messages }: FoldedLog, { prompt, taken, refusals }: Implied) {
  const transcript = new Transcript();
  const unrecorded: LogEntry[] = [];
  const open = new Set<string>();
  let callCount = 0;
  let steeredCount = 0;
  for (const entry of messages) {
    replay(transcript, entry);
    if (entry.type === 'settled') {
      open.delete(entry.callId);
    } else if (entry.message.role === 'user') {
      if (entry.steered) steeredCount += 1;
    } else {
      for (const { id } of entry.message.toolCalls ?? []) open.add(id);
      callCount += entry.message.toolCalls?.length ?? 0;
    }
  }
  transcript.onEntry = (entry) => unrecorded.push(entry);
  if (messages.length === 0) transcript.addUser(prompt);
  for (const callId of open) {
    const text = refusals.get(callId);
    if (text !== undefined) transcript.settle(callId, text, true);
  }
  for (const message of taken.slice(steeredCount)) transcript.addUser(message, true);
  transcript.onEntry = undefined;
  return { transcript, callCount, unrecorded };
}

function replay(transcript: Transcript, entry: TranscriptEntry): void {
  if (entry.type === 'settled') transcript.settle(entry.callId, entry.content, entry.isError);
  else if (entry.message.role === 'user') transcript.addUser(entry.message.content, entry.steered);
  else transcript.addAnswer(entry.message.content, entry.message.toolCalls ?? []);
}

function argumentsById({ messages }: FoldedLog): Map<string, string> {
  const found = new Map<string, string>();
  for (const entry of messages) {
    if (entry.type !== 'said' || entry.message.role !== 'assistant') continue;
    for (const { id, arguments: text } of entry.message.toolCalls ?? []) found.set(id, text);
  }
  return found;
}

/** As the schema of today gives it; undefined where it no longer fits. */
async function answerOf({ form }: SubagentPlan, json: unknown, clock: Clock): Promise<StructuredAnswer | undefined> {
  const read = form && (await checkInTime(form, json, { clock }));
  return read?.ok ? { json, value: read.value } : undefined;
}
