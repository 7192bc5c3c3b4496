/** A hand-driven world: every request, tool call and decision waits until the test answers it, and time stands still. */

import { type Actor, createActor, fromPromise, type Snapshot } from 'xstate';
import {
  activityOf,
  type CallInput,
  type Decided,
  interruptible,
  isAtRest,
  isQueued,
  type PlannedCall,
  type RequestLlmInput,
  type RequestLlmOutput,
  type SubagentEmitted,
  type SubagentInput,
  type SubagentMachineEvent,
  type SubagentSnapshot,
  stateOf,
  subagentMachine,
  type ToolSettled,
  timerLogic,
} from '../../machines/index.js';
import type { Decision } from '../../src/domain/permission.js';
import { VirtualClock } from '../../src/testing/virtual-clock.js';

export const INPUT: SubagentInput = {
  id: 's1',
  maxSteps: 10,
  maxParallelTools: 8,
  timeoutMs: null,
  approvalMs: null,
};

/** What is decided about a call; `later` waits for `World.decide`. */
export type Policy = (call: PlannedCall, interrupted: boolean) => Decision | 'later';

interface Open<Input, Output> {
  readonly input: Input;
  readonly resolve: (output: Output) => void;
  readonly reject: (cause: unknown) => void;
}

export interface WorldOptions {
  readonly input?: Partial<SubagentInput>;
  readonly policy?: Policy;
  readonly snapshot?: unknown;
  readonly startMs?: number;
}

const allowAll: Policy = () => ({ kind: 'allow' });

/** When all promises that could settle have settled and the chart has taken them. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export class World {
  readonly clock: VirtualClock;
  readonly actor: Actor<typeof subagentMachine>;
  /** In order: `request 1/1 start`, `call a start`, `call a abort`, `decide a`; one that goes again says `interrupted`. */
  readonly log: string[] = [];
  readonly emitted: SubagentEmitted[] = [];
  readonly requests: Open<RequestLlmInput, RequestLlmOutput>[] = [];
  readonly calls: Open<CallInput, ToolSettled>[] = [];
  readonly decisions: Open<CallInput, Decision>[] = [];
  /** What began although the subagent was paused, or had no slot. */
  readonly startsWhilePaused: string[] = [];
  completions = 0;
  readonly #policy: Policy;

  constructor({ input, policy = allowAll, snapshot, startMs = 0 }: WorldOptions = {}) {
    this.#policy = policy;
    this.clock = new VirtualClock(startMs);
    this.actor = createActor(this.#machine(), {
      input: { ...INPUT, ...input }, // not looked at where there is a snapshot
      ...(snapshot === undefined ? {} : { snapshot: snapshot as Snapshot<unknown> }), // made by save()
    });
    this.actor.on('*', (event) => this.emitted.push(event));
    this.actor.subscribe({
      complete: () => {
        this.completions += 1;
      },
    });
    this.actor.start();
  }

  /** A world whose subagent runs, its first request open. */
  static async running(options: WorldOptions = {}): Promise<World> {
    const world = new World(options);
    await world.send({ type: 'START' });
    return world;
  }

  #machine(): typeof subagentMachine {
    return subagentMachine.provide({
      actors: {
        requestLlm: interruptible<RequestLlmOutput, RequestLlmInput>(({ input, signal }) =>
          this.#open(this.requests, `request ${input.turn}/${input.attempt}`, input, signal),
        ),
        callTool: interruptible<ToolSettled, CallInput>(({ input, signal }) =>
          this.#open(this.calls, `call ${nameOf(input)}`, input, signal),
        ),
        decide: fromPromise<Decided, CallInput>(({ input, signal }) => {
          this.log.push(`decide ${nameOf(input)}`);
          const decision = this.#policy(input.call, input.interrupted);
          if (decision !== 'later') return Promise.resolve(decision);
          return waitFor(this.decisions, input, signal);
        }),
        deadline: timerLogic(this.clock),
        retryTimer: timerLogic(this.clock),
        approvalTimer: timerLogic(this.clock),
      },
    });
  }

  #open<Input, Output>(list: Open<Input, Output>[], key: string, input: Input, signal: AbortSignal): Promise<Output> {
    this.log.push(`${key} start`);
    // XState v5: children start when the snapshot of the transition that spawned them stands.
    if (this.state === 'paused' || isQueued(this.snapshot)) this.startsWhilePaused.push(key);
    signal.addEventListener('abort', () => this.log.push(`${key} abort`), { once: true });
    return waitFor(list, input, signal);
  }

  get snapshot(): SubagentSnapshot {
    return this.actor.getSnapshot();
  }

  get state() {
    return stateOf(this.snapshot);
  }

  get activity() {
    return activityOf(this.snapshot, 1);
  }

  /** State and activity in two words. */
  get at(): string {
    return `${this.state} ${this.activity.activityType}`;
  }

  get isAtRest(): boolean {
    return isAtRest(this.snapshot, new Set());
  }

  get output() {
    return this.snapshot.output;
  }

  /** Ids of the children that stand in the snapshot. */
  get children(): string[] {
    return Object.keys(this.snapshot.children).sort();
  }

  get callsInFlight(): string[] {
    return this.calls.map(({ input }) => input.call.callId);
  }

  /** Requests and calls that were begun, in order. */
  get starts(): string[] {
    return this.log.filter((line) => line.endsWith(' start')).map((line) => line.slice(0, -' start'.length));
  }

  get aborts(): string[] {
    return this.log.filter((line) => line.endsWith(' abort')).map((line) => line.slice(0, -' abort'.length));
  }

  /** Every signal as it was reported: `PAUSE`, or `PAUSE: already_paused` where it was refused. */
  get signals(): string[] {
    return this.told('signal').map(({ signal, accepted, reason }) =>
      accepted ? signal.type : `${signal.type}: ${reason}`,
    );
  }

  told<Type extends SubagentEmitted['type']>(type: Type): Extract<SubagentEmitted, { type: Type }>[] {
    return this.emitted.filter((event): event is Extract<SubagentEmitted, { type: Type }> => event.type === type);
  }

  async send(...events: readonly SubagentMachineEvent[]): Promise<void> {
    for (const event of events) this.actor.send(event);
    await settled();
  }

  /** Answers the open request. */
  async reply(output: RequestLlmOutput): Promise<void> {
    take(this.requests, 'request', () => true).resolve(output);
    await settled();
  }

  async failRequest(cause: unknown): Promise<void> {
    take(this.requests, 'request', () => true).reject(cause);
    await settled();
  }

  async settle(callId: string, cause?: Error): Promise<void> {
    const open = take(this.calls, `call ${callId}`, ({ input }) => input.call.callId === callId);
    if (cause) open.reject(cause);
    else open.resolve({ kind: 'settled' });
    await settled();
  }

  async decide(callId: string, decision: Decision | Error): Promise<void> {
    const open = take(this.decisions, `decision on ${callId}`, ({ input }) => input.call.callId === callId);
    if (decision instanceof Error) open.reject(decision);
    else open.resolve(decision);
    await settled();
  }

  async advance(ms: number): Promise<void> {
    await this.clock.advance(ms);
    await settled();
  }

  /** The snapshot as it comes back from disk. */
  save(): unknown {
    return JSON.parse(JSON.stringify(this.actor.getPersistedSnapshot()));
  }

  /** What a later process makes of this one's snapshot: its own world, another clock. */
  async restored(policy: Policy = this.#policy): Promise<World> {
    const world = new World({ policy, snapshot: this.save(), startMs: this.clock.now() + 1e9 });
    await settled();
    return world;
  }
}

function nameOf({ call: { callId }, interrupted }: CallInput): string {
  return interrupted ? `${callId} interrupted` : callId;
}

function waitFor<Input, Output>(list: Open<Input, Output>[], input: Input, signal: AbortSignal): Promise<Output> {
  return new Promise((resolve, reject) => {
    const open = { input, resolve, reject };
    list.push(open);
    signal.addEventListener('abort', () => list.splice(list.indexOf(open), list.includes(open) ? 1 : 0), {
      once: true,
    });
  });
}

function take<Item>(list: Item[], what: string, matches: (item: Item) => boolean): Item {
  const index = list.findIndex(matches);
  const [item] = index < 0 ? [] : list.splice(index, 1);
  if (item === undefined) throw new Error(`${what}: nothing of that kind is open`);
  return item;
}
