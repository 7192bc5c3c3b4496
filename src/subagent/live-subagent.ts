/** One subagent at work: its actor, and what lies beside the machine's snapshot. */

import { type Actor, type AnyActorRef, createActor } from 'xstate';
import {
  activityOf,
  type ControlEvent,
  isAtRest,
  isQueued,
  stateOf,
  type subagentMachine,
} from '../../machines/index.js';
import type { Activity } from '../domain/activity.js';
import { type ErrorInfo, TroupeError, toErrorInfo } from '../domain/errors.js';
import { frozenCopy } from '../domain/frozen-copy.js';
import { type FinalState, isFinal, type LifecycleState } from '../domain/lifecycle.js';
import type { SubAgentInfo, SubAgentOutcome } from '../domain/outcome.js';
import { redactValue } from '../domain/redact-value.js';
import type { Task } from '../domain/tool.js';
import { type Bill, NO_USAGE, type Usage, withRequestBilled, withRequestSent } from '../domain/usage.js';
import { type AgentEventBody, completedBody } from '../events/index.js';
import type { Repair, StructuredAnswer } from './answer-form.js';
import type { OpenCall } from './open-call.js';
import { chartInput, type SubagentEnvironment, type SubagentPlan } from './plan.js';
import { Reporter } from './reporter.js';
import type { RestoredSubagent } from './restored.js';
import { type SignalAnswer, type Signals, signalsTo } from './signals.js';
import { stopActor } from './stop-actor.js';
import type { SubagentLog } from './subagent-log.js';
import { Transcript } from './transcript.js';

export type SubagentLogic = typeof subagentMachine;
export type SubagentActor = Actor<SubagentLogic>;

/** Where a subagent comes from and where it is kept. */
export interface Origin {
  /** Of its actor. */
  readonly parent?: AnyActorRef;
  /** How often the subagent above it was paused. */
  readonly pausesAbove?: () => number;
  readonly log?: SubagentLog;
  readonly restored?: RestoredSubagent;
}

export class LiveSubagent {
  readonly plan: SubagentPlan;
  readonly environment: SubagentEnvironment;
  readonly actor: SubagentActor;
  readonly createdAt: number;
  readonly signals: Signals;
  readonly transcript: Transcript;
  /** Absent where nothing is stored. */
  readonly log: SubagentLog | undefined;
  readonly filesSeen: Map<string, string>;
  /** By call id; those that may run and are not answered yet. */
  readonly openCalls: Map<string, OpenCall>;
  /** What it goes on from, if it lived before. */
  readonly restored: RestoredSubagent | undefined;
  /** Calls whose tool only waits for children; they do not keep a parent from being at rest. */
  readonly callsOnChildren = new Set<string>();
  /** Activities whose result is on its way to the record: the chart is not told before it is there. */
  readonly untold = new Set<string>();
  /** Side questions whose request is in flight. */
  asidesInFlight = 0;
  /** Side questions that were asked and not yet answered. */
  asidesOpen = 0;
  outcome: SubAgentOutcome | undefined;
  /** The final answer, where a form was asked for, until another request leaves. */
  structured: StructuredAnswer | undefined;
  /** What the next request is to mend. */
  repair: Repair | undefined;
  /** How long a provider that gave the run no answer asked to wait, in ms. */
  retryAfterMs: number | undefined;
  /** The turn that `turn_start` was told of last. */
  turnBegun = 0;
  /** How often it was paused, in all its lives. */
  pauseCount = 0;
  /** How often its parent was paused so far. */
  readonly pausesAbove: () => number;
  #usage: Usage = NO_USAGE;
  #tasks: readonly Task[] = [];
  #callCount = 0;
  readonly #filesRecorded: Map<string, string>;
  #updatedAt: number;
  readonly #reporter: Reporter;

  constructor(logic: SubagentLogic, plan: SubagentPlan, environment: SubagentEnvironment, origin: Origin = {}) {
    const { parent, pausesAbove = () => 0, log, restored } = origin;
    this.plan = plan;
    this.environment = environment;
    this.log = log;
    this.pausesAbove = pausesAbove;
    this.restored = restored;
    const now = environment.clock.now();
    this.createdAt = restored?.createdAt ?? now;
    this.#updatedAt = now;
    this.transcript = restored?.transcript ?? new Transcript();
    this.transcript.onEntry = log && ((entry) => log.add(entry));
    this.openCalls = new Map(restored?.openCalls);
    this.filesSeen = new Map(restored?.filesSeen);
    this.#filesRecorded = new Map(restored?.filesSeen);
    if (restored) {
      this.#usage = restored.usage;
      this.#tasks = restored.tasks;
      this.#callCount = restored.callCount;
      this.turnBegun = restored.turnSent;
      this.pauseCount = restored.pauseCount;
      this.structured = restored.structured;
      this.repair = restored.repair;
    } else {
      this.transcript.addUser(plan.config.prompt);
    }
    this.actor = createActor(logic, {
      id: plan.id,
      systemId: plan.id,
      ...(parent ? { parent } : {}),
      ...(restored ? { snapshot: restored.persisted } : {}),
      input: chartInput(plan, environment),
    });
    this.signals = signalsTo(this.actor, environment.redact);
    this.#reporter = new Reporter(this, restored !== undefined && restored.state !== 'pending');
  }

  get id(): string {
    return this.plan.id;
  }

  /** As readers may see it. */
  get description(): string {
    return this.environment.redact(this.plan.config.description);
  }

  get state(): LifecycleState {
    return stateOf(this.actor.getSnapshot());
  }

  get isQueued(): boolean {
    return isQueued(this.actor.getSnapshot());
  }

  get activity(): Activity {
    const messageCount = this.transcript.length + 1; // and the system prompt
    return activityOf(this.actor.getSnapshot(), messageCount);
  }

  /** Paused with nothing of its own in flight; waiting for children does not count. */
  get isAtRest(): boolean {
    if (this.log?.isHolding) return this.state === 'paused'; // what came in waits for the store
    return this.asidesInFlight === 0 && isAtRest(this.actor.getSnapshot(), this.callsOnChildren);
  }

  get usage(): Usage {
    return this.#usage;
  }

  /** Something about it has changed now. */
  touch(): void {
    this.#updatedAt = this.environment.clock.now();
  }

  publish(event: AgentEventBody): void {
    this.environment.hub.publish(this.id, event);
  }

  nextCallId(): string {
    this.#callCount += 1;
    return `call${this.#callCount}`;
  }

  /** The call is answered: its result is what the model will see. */
  settleCall(callId: string, output: string, isError: boolean): void {
    this.openCalls.delete(callId);
    this.transcript.settle(callId, output, isError);
  }

  /** What it has seen of files since this was last recorded. */
  recordFilesSeen(): void {
    if (!this.log) return;
    const files = [...this.filesSeen].filter(([path, hash]) => this.#filesRecorded.get(path) !== hash);
    if (files.length === 0) return;
    for (const [path, hash] of files) this.#filesRecorded.set(path, hash);
    this.log.add({ type: 'seen', files: Object.fromEntries(files) });
  }

  /** Why a call cannot run although the chart wants it to: a restore could not bring all of it back. */
  whyLost(callId: string): string {
    const reason = this.restored?.lostCalls.get(callId);
    if (reason !== undefined) return reason;
    throw new TroupeError('bug', `${this.id} has no call ${callId}`);
  }

  /** It has its slot. */
  start(): void {
    this.log?.add({ type: 'event', event: { type: 'START' } });
    this.actor.send({ type: 'START' });
  }

  /** Lets it go at rest, to be taken up again from its records: no event and no record tells of an end. */
  suspend(): SubAgentOutcome {
    const message = `${this.id} was suspended; restore() goes on with it, or parallelResumable() where it is of a workflow`;
    const error = { code: 'closed' as const, message };
    this.outcome = { ...this.#outcomeOf('cancelled', error), by: 'shutdown' };
    stopActor(this.actor);
    return this.outcome;
  }

  /** Sends a signal; resolves when the chart has taken or refused it. Never rejects. */
  signal(signal: ControlEvent): Promise<SignalAnswer> {
    return this.signals.send(signal, this.outcome !== undefined);
  }

  /** A request has taken this message: it is part of the conversation. */
  takeSteered(message: string): void {
    this.transcript.addUser(this.signals.asSaid(message), true);
  }

  /** @param turn Absent for a side question. @param expected Its input tokens, where a budget counts them. */
  requestSent(turn: number | undefined, expected: number | undefined): void {
    const isRepair = turn !== undefined && this.repair?.isSent === false;
    if (isRepair && this.repair) this.repair.isSent = true; // tried again, it is the same repair
    const sent = { ...(isRepair ? { isRepair } : {}), ...(expected === undefined ? {} : { expected }) };
    this.#usage = withRequestSent(this.#usage, sent, this.plan.model.price);
    this.log?.add({ type: 'sent', ...(turn === undefined ? {} : { turn }), ...sent });
  }

  requestBilled(bill: Bill): void {
    this.#usage = withRequestBilled(this.#usage, bill, this.plan.model.price);
    this.log?.add({ type: 'billed', ...bill });
  }

  setTasks(tasks: readonly Task[]): void {
    this.#tasks = frozenCopy(redactValue(tasks, this.environment.redact));
    this.#updatedAt = this.environment.clock.now();
    this.log?.add({ type: 'tasks', tasks: this.#tasks });
    this.publish({ type: 'tasks_updated', tasks: this.#tasks });
  }

  /** Tells what has changed since it was last told. Called wherever the snapshot may have moved, before anything acts on it. */
  reportChanges(): void {
    this.#reporter.tell();
  }

  reportState(): void {
    this.#reporter.tellState();
  }

  /** The last word of a subagent. @param defect What broke the machine itself, if that is how it ended. */
  finish(defect?: unknown): SubAgentOutcome {
    if (this.outcome) return this.outcome; // it was suspended
    const { output } = this.actor.getSnapshot();
    const state = output?.state ?? 'failed';
    const error = output ? this.error : this.#defect(defect);
    if (!output && error) this.publish({ type: 'error', error: error.message, code: error.code });
    this.outcome = this.#outcomeOf(state, error);
    this.log?.add({ type: 'ended', outcome: JSON.parse(JSON.stringify(this.outcome)) });
    this.publish(completedBody(this.outcome));
    return this.outcome;
  }

  #outcomeOf(state: FinalState, error: ErrorInfo | undefined): SubAgentOutcome {
    const { output } = this.actor.getSnapshot();
    return Object.freeze({
      id: this.id,
      agentType: this.plan.config.agentType,
      state,
      success: state === 'completed',
      ...(output?.by ? { by: output.by } : {}),
      output: output?.text ?? '',
      ...(state === 'completed' && this.structured ? { structured: this.structured.value } : {}),
      ...(output?.truncated ? { truncated: true } : {}),
      ...(error ? { error } : {}),
      usage: frozenCopy(this.#usage),
      turns: output?.turns ?? 0,
      durationMs: Math.max(0, this.environment.clock.now() - this.createdAt), // the clock of a former life may have been ahead
    });
  }

  info(): SubAgentInfo {
    const { plan } = this;
    const state = this.outcome?.state ?? this.state;
    const error = this.error;
    return {
      id: plan.id,
      agentType: plan.config.agentType,
      description: this.description,
      state,
      ...(isFinal(state) ? {} : { currentActivity: this.activity }),
      ...(plan.parentId === undefined ? {} : { parentId: plan.parentId }),
      detached: plan.config.detached,
      depth: plan.depth,
      turn: this.turnBegun,
      usage: frozenCopy(this.#usage),
      tasks: this.#tasks,
      createdAt: this.createdAt,
      updatedAt: this.#updatedAt,
      ...(error ? { error } : {}),
    };
  }

  /** What went wrong, as readers may see it. */
  get error(): ErrorInfo | undefined {
    const error = this.outcome?.error ?? this.actor.getSnapshot().output?.error;
    return error ? { code: error.code, message: this.environment.redact(error.message) } : undefined;
  }

  #defect(cause: unknown): ErrorInfo {
    const { code, message } = toErrorInfo(cause);
    return { code, message: this.environment.redact(`the machine of ${this.id} broke: ${message}`) };
  }
}
