/** What a caller holds of one subagent. */

import type { Observable } from 'rxjs';
import type { ControlEvent } from '../../machines/index.js';
import type { SubAgentConfig } from '../config/index.js';
import type { Activity } from '../domain/activity.js';
import { RateLimitedError, TroupeError } from '../domain/errors.js';
import { type ControlResult, isFinal, type LifecycleState } from '../domain/lifecycle.js';
import type { SubAgentInfo, SubAgentOutcome } from '../domain/outcome.js';
import { readGiven } from '../domain/read-given.js';
import type { AgentEvent, SubAgentEventStream } from '../events/index.js';
import { type Aside, askAside, type SubagentActor } from '../subagent/index.js';
import type { Entry } from './entry.js';
import type { Supervisor } from './supervisor.js';

/**
 * Reads are synchronous and always true. Control calls never reject, so that they need not be awaited: one that does not
 * apply resolves with `accepted: false` and a reason.
 */
export interface SubAgentHandle {
  readonly id: string;
  /** With its defaults. */
  readonly config: SubAgentConfig;
  /** Ms since the epoch. */
  readonly createdAt: number;
  /** Its actor; events sent to it directly are honoured and reported like calls of this handle. */
  readonly actor: SubagentActor;
  /** From now on; completes after its last event. */
  readonly events$: Observable<AgentEvent>;
  /** From its first kept event, then live; completes after its last event. */
  readonly replay$: Observable<AgentEvent>;
  state(): LifecycleState;
  /** `idle` once it has ended. */
  activity(): Activity;
  info(): SubAgentInfo;
  isDone(): boolean;
  isRunning(): boolean;
  isPaused(): boolean;
  /** From its first kept event, then live, then over. Leaving it cancels nothing. */
  events(): SubAgentEventStream;
  /** Its state is `paused` at once; resolves when it has come to rest, or was resumed or ended first. */
  pause(): Promise<ControlResult>;
  resume(): Promise<ControlResult>;
  /** Its state is `cancelled` when this returns. Children go too, save detached ones; `cascade: false` spares all. */
  cancel(reason?: string, options?: { readonly cascade?: boolean }): Promise<ControlResult>;
  /** Its final text. @throws TroupeError with the code of what ended it otherwise; may be called many times, at any time. */
  wait(): Promise<string>;
  /** Never rejects. */
  outcome(): Promise<SubAgentOutcome>;
  /**
   * Asks aside from a read-only copy of the history: no tools, the history stays as it is. Waits while it is paused or
   * pending. @throws TroupeError `wrong_state` when it has ended or ends first, `config_invalid` for an empty question.
   */
  btw(question: string): Promise<string>;
  /**
   * A user message, taken at the next turn boundary. @throws TroupeError `wrong_state` when it has ended or too many wait
   * (`controlBufferSize`), `config_invalid` for an empty message.
   */
  steer(message: string): void;
  /** A child. @throws TroupeError as `spawnSubagent`, and `wrong_state` when it has ended. */
  spawn(config: SubAgentConfig): SubAgentHandle;
  /** Answers an open request; one that is not open is told by `control_signal_applied` with `accepted: false`. */
  approve(requestId: string): void;
  deny(requestId: string, reason?: string): void;
}

export interface HandleHost {
  readonly supervisor: Supervisor;
  readonly controlBufferSize: number;
  eventsOf(id: string): { readonly live$: Observable<AgentEvent>; readonly replay$: Observable<AgentEvent> };
  streamOf(id: string): SubAgentEventStream;
  /** @throws TroupeError `closed`. */
  checkOpen(): void;
  spawn(config: SubAgentConfig): SubAgentHandle;
  onAsked(aside: Aside): void;
}

export function createHandle(entry: Entry, host: HandleHost): SubAgentHandle {
  const { supervisor, controlBufferSize } = host;
  const { live$, replay$ } = host.eventsOf(entry.id);

  const control = async (signal: ControlEvent): Promise<ControlResult> => {
    const answer = entry.live ? await entry.live.signal(signal) : { accepted: false, reason: 'already_ended' };
    return { ...answer, state: entry.state };
  };
  const untilEnded = async <Result>(work: Promise<Result>): Promise<Result> => {
    const letGo = supervisor.keepAlive.hold();
    try {
      return await work;
    } finally {
      letGo();
    }
  };
  const liveOrThrow = (what: string) => {
    if (entry.live) return entry.live;
    throw new TroupeError('wrong_state', `${entry.id} is ${entry.state}: ${what}`);
  };
  const roomFor = (what: string) => {
    const live = liveOrThrow(`it takes no ${what} any more`);
    const waiting = live.asidesOpen + live.actor.getSnapshot().context.steering.length;
    if (waiting < controlBufferSize) return live;
    throw new TroupeError(
      'wrong_state',
      `${entry.id} has ${waiting} messages and questions waiting; wait for some, or raise controlBufferSize`,
    );
  };

  return {
    id: entry.id,
    config: entry.config,
    createdAt: entry.createdAt,
    actor: entry.actor,
    events$: live$,
    replay$,
    state: () => entry.state,
    activity: () => entry.activity,
    info: () => entry.info(),
    isDone: () => isFinal(entry.state),
    isRunning: () => entry.state === 'running',
    isPaused: () => entry.state === 'paused',
    events: () => host.streamOf(entry.id),
    pause: async () => {
      const result = await control({ type: 'PAUSE', by: 'user' });
      if (!result.accepted) return result;
      await supervisor.rest(entry);
      await restOfLogs(entry);
      return { ...result, state: entry.state };
    },
    resume: () => control({ type: 'RESUME', by: 'user' }),
    cancel: (reason, options) =>
      control({
        type: 'CANCEL',
        by: 'user',
        ...reasonIn(reason),
        sparesChildren: sparesChildren(options),
      }),
    wait: async () => {
      const { success, state, output, error } = await untilEnded(entry.ended);
      if (success) return output;
      const { code, message } = error ?? { code: 'bug', message: `${entry.id} is ${state} for no known reason` };
      if (code === 'rate_limited') throw new RateLimitedError(message, entry.retryAfterMs);
      throw new TroupeError(code, message);
    },
    outcome: () => untilEnded(entry.ended),
    btw: async (question) => {
      requireText(question, 'question');
      const live = roomFor('questions');
      const onSettled = () => supervisor.changed(entry);
      return untilEnded(askAside(live, question, { onSettled, onAsked: (aside) => host.onAsked(aside) }));
    },
    steer: (message) => {
      requireText(message, 'message');
      void roomFor('messages').signal({ type: 'STEER', message });
    },
    spawn: (config) => {
      host.checkOpen();
      liveOrThrow('it can have no more children');
      const given = readGiven(() => ({ ...config }), 'SubAgentConfig');
      if (given.parentId !== undefined && given.parentId !== entry.id) {
        throw new TroupeError('config_invalid', `parentId: leave it out, or give ${entry.id}, whose child is spawned`);
      }
      return host.spawn({ ...given, parentId: entry.id });
    },
    approve: (requestId) => void control({ type: 'APPROVE', requestId, by: 'user' }),
    deny: (requestId, reason) => void control({ type: 'DENY', requestId, by: 'user', ...reasonIn(reason) }),
  };
}

/** What holds it and all below it is on record, or cannot be for now: it comes back as it was told to be. */
async function restOfLogs({ live, children }: Entry): Promise<void> {
  await Promise.all([live?.log?.rest(), ...[...children].map(restOfLogs)]);
}

// A signal is never refused for what is said with it.

function reasonIn(reason: unknown): { reason?: string } {
  return typeof reason === 'string' && reason !== '' ? { reason } : {};
}

function sparesChildren(options: { readonly cascade?: boolean } | undefined): boolean {
  try {
    return options?.cascade === false;
  } catch {
    return false;
  }
}

function requireText(text: unknown, what: string): void {
  if (typeof text !== 'string' || text.trim() === '') {
    throw new TroupeError('config_invalid', `${what}: expected a text that is not empty`);
  }
}
