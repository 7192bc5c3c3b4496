/** From the records of a journal to what they say together: pure, and the only place that reads them. */

import type { Task } from '../domain/tool.js';
import type { ModelPrice } from '../domain/usage.js';
import { NO_USAGE, type Usage, withRequestBilled, withRequestSent } from '../domain/usage.js';
import { DONE, type LogRecord, type SpawnedRecord } from './log-record.js';
import type { TranscriptEntry } from './transcript.js';

export interface ChartEvent {
  readonly type: string;
  readonly [key: string]: unknown;
}

/** What a call's record of its result tells, where the crash came before the chart was told. */
export interface CallSettled extends ChartEvent {
  readonly type: 'call_settled';
  readonly callId: string;
}

/** What a steered message in the conversation tells: a request has taken it. */
const STEERING_TAKEN: ChartEvent = { type: 'steering_taken' };

/** Times without those in which no process had it, in ms since the epoch. */
export interface TimedEvent {
  readonly event: ChartEvent;
  readonly at: number;
  /** Place of the record that tells of it, among all that were written. */
  readonly record: number;
}

export interface LoggedRepair {
  /** The model was told by a message what is wrong, not by the result of a call. */
  readonly isByMessage: boolean;
}

export interface FoldedLog {
  readonly spawned: SpawnedRecord;
  readonly createdAt: number;
  /** Places of the records that count, among all that were written. */
  readonly places: readonly number[];
  /** What the chart was told, in the order in which it took it, and what of its records it must have known. */
  readonly events: readonly TimedEvent[];
  readonly messages: readonly TranscriptEntry[];
  readonly hiddenCalls: ReadonlySet<string>;
  /** Calls that may have begun, with the notes of their tools. */
  readonly begunCalls: ReadonlyMap<string, unknown>;
  /** Of the last request that left; 0 before the first. */
  readonly turnSent: number;
  readonly usage: Usage;
  readonly tasks: readonly Task[];
  readonly filesSeen: ReadonlyMap<string, string>;
  readonly structured?: { readonly value: unknown };
  /** The request that left last is to mend an answer. */
  readonly repair?: LoggedRepair;
  readonly pauseCount: number;
  /** How many pauses of its parent its last resume had overruled. */
  readonly overruledPauses: number;
  /** Of the last record, as the times of `events`. */
  readonly lastAt: number;
  /** How often it was taken up again. */
  readonly epoch: number;
  /** By epoch: `seq` of the last event that its records know of. */
  readonly lives: readonly number[];
  readonly outcome?: { readonly id: string };
}

export function foldLog(written: readonly LogRecord[], spawned: SpawnedRecord, price?: ModelPrice): FoldedLog {
  const upAt = upTimes(written);
  const half = halfAnswers(written, written.at(-1)?.type !== 'ended');
  const places = [...written.keys()].filter((index) => !half.has(index));
  const records = written.filter((_, index) => !half.has(index));
  const times = upAt.filter((_, index) => !half.has(index));
  const messages: TranscriptEntry[] = [];
  const hiddenCalls = new Set<string>();
  const begunCalls = new Map<string, unknown>();
  const filesSeen = new Map<string, string>();
  let turnSent = 0;
  let usage = NO_USAGE;
  let tasks: readonly Task[] = [];
  let repair: LoggedRepair | undefined;
  let isMessageLast = false;
  let structured: { readonly value: unknown } | undefined;
  let pauseCount = 0;
  let overruledPauses = 0;
  let epoch = 0;
  let outcome: { readonly id: string } | undefined;
  for (const record of records) {
    switch (record.type) {
      case 'said':
        messages.push(record);
        if (!record.steered) isMessageLast = record.message.role === 'user';
        for (const callId of record.hidden ?? []) hiddenCalls.add(callId);
        break;
      case 'settled':
        messages.push(record);
        isMessageLast = false;
        begunCalls.delete(record.callId);
        break;
      case 'sent':
        turnSent = record.turn ?? turnSent;
        if (record.isRepair) repair = { isByMessage: isMessageLast };
        usage = withRequestSent(usage, record, price);
        break;
      case 'billed':
        usage = withRequestBilled(usage, record, price);
        break;
      case 'calling':
        begunCalls.set(record.callId, record.note);
        break;
      case 'tasks':
        tasks = record.tasks;
        break;
      case 'seen':
        for (const [path, hash] of Object.entries(record.files)) filesSeen.set(path, hash);
        break;
      case 'structured':
        structured = { value: record.value };
        break;
      case 'restored':
        epoch = record.epoch;
        break;
      case 'ended':
        outcome = record.outcome;
        break;
      case 'event':
        if (record.event.type === DONE + LLM) repair = undefined;
        if (record.event.type === 'PAUSE') pauseCount += 1;
        if (record.event.type === 'RESUME') overruledPauses = record.pausesAbove ?? 0;
        if (isHeld(record.event)) begunCalls.delete(String(record.event.actorId).slice(TOOL.length));
        break;
      case 'spawned':
        break;
      default:
        record satisfies never;
    }
  }
  return {
    spawned,
    createdAt: spawned.t,
    places,
    events: inOrderTaken(records, times, places),
    messages,
    hiddenCalls,
    begunCalls,
    turnSent,
    usage,
    tasks,
    filesSeen,
    ...(structured ? { structured } : {}),
    ...(repair ? { repair } : {}),
    pauseCount,
    overruledPauses,
    lastAt: upAt.at(-1) ?? spawned.t,
    epoch,
    lives: livesOf(written),
    ...(outcome ? { outcome } : {}),
  };
}

/** The conversation of one that lives, as its transcript was told of it. */
export function conversationIn(records: readonly LogRecord[]): TranscriptEntry[] {
  const half = halfAnswers(records, false);
  return records.flatMap((record, index) => {
    return (record.type === 'said' || record.type === 'settled') && !half.has(index) ? [record] : [];
  });
}

const LLM = 'llm';
const TOOL = 'tool.';
const DECIDE = 'decide.';

/** A pause came while it was written that the call begins. */
function isHeld({ type, output }: ChartEvent): boolean {
  return type.startsWith(DONE + TOOL) && kindOf(output) === 'held';
}

function kindOf(output: unknown): unknown {
  return typeof output === 'object' && output !== null && 'kind' in output ? output.kind : undefined;
}

/**
 * An answer counts when the chart was told of it, or when the request to mend it has left. A crash may come between its records:
 * what is there of it is left out, and the request is made again. @returns the places of such records.
 * @param endsInCrash The last record is the last that its process has written.
 */
function halfAnswers(records: readonly LogRecord[], endsInCrash: boolean): ReadonlySet<number> {
  const half = new Set<number>();
  let begun: number[] | undefined;
  const drop = () => {
    for (const index of begun ?? []) half.add(index);
    begun = undefined;
  };
  for (const [index, record] of records.entries()) {
    const isAnswer = record.type === 'said' && record.message.role === 'assistant';
    if (record.type === 'restored') drop();
    else if (isAnswer) begun = [index];
    else if (record.type === 'sent' && record.turn !== undefined) begun = undefined;
    else if (record.type === 'event' && record.event.type === DONE + LLM) begun = undefined;
    else if (isPartOfAnswer(record)) begun?.push(index);
  }
  if (endsInCrash) drop();
  return half;
}

function isPartOfAnswer(record: LogRecord): boolean {
  if (record.type === 'said') return record.steered !== true;
  return record.type === 'settled' || record.type === 'structured';
}

/** Results whose done event is not among the records: the crash came between the two. */
function untoldResults(records: readonly LogRecord[]): ReadonlySet<LogRecord> {
  const told = new Set<unknown>();
  const untold = new Set<LogRecord>();
  for (let index = records.length - 1; index >= 0; index--) {
    const record = records[index];
    if (record?.type === 'event') told.add(record.event.type);
    if (record?.type !== 'settled') continue;
    if (!told.has(DONE + TOOL + record.callId) && !told.has(DONE + DECIDE + record.callId)) untold.add(record);
  }
  return untold;
}

/** A result is recorded before the chart is told of it: a signal that came in between stands behind it, and names it. */
function inOrderTaken(
  records: readonly LogRecord[],
  times: readonly number[],
  places: readonly number[],
): TimedEvent[] {
  const events: TimedEvent[] = [];
  const untold = untoldResults(records);
  for (const [index, record] of records.entries()) {
    const event = toldBy(record, untold);
    if (!event) continue;
    const place = places[index] ?? index;
    events.splice(placeOf(record, events), 0, { event, at: times[index] ?? record.t, record: place });
  }
  return events;
}

/** Before the results that the chart was told of after it. */
function placeOf(record: LogRecord, events: readonly TimedEvent[]): number {
  const ahead = (record.type === 'event' && record.ahead) || [];
  const places = ahead.map((actorId) => events.findLastIndex(({ event }) => event.type === DONE + actorId));
  return Math.min(events.length, ...places.filter((place) => place >= 0));
}

function toldBy(record: LogRecord, untold: ReadonlySet<LogRecord>): ChartEvent | undefined {
  if (record.type === 'event') return record.event;
  if (record.type === 'said' && record.steered) return STEERING_TAKEN;
  if (record.type !== 'settled' || !untold.has(record)) return undefined;
  return { type: 'call_settled', callId: record.callId } satisfies CallSettled;
}

/** Each has told of its beginning, at least. */
function livesOf(records: readonly LogRecord[]): number[] {
  const lives: number[] = [1];
  let epoch = 0;
  for (const record of records) {
    if (record.type === 'restored') epoch = record.epoch;
    lives[epoch] = Math.max(lives[epoch] ?? 1, record.seq ?? 1);
  }
  return lives;
}

/** An interval ends with the last record before the process went. */
function upTimes(records: readonly LogRecord[]): number[] {
  let downMs = 0;
  let before = records[0]?.t ?? 0;
  return records.map((record) => {
    if (record.type === 'restored') downMs += record.t - before;
    before = record.t;
    return record.t - downMs;
  });
}
