/** A one-shot timer as an actor: it persists what is left of it, so that a restore re-arms it and down time does not count. */

import { type AnyActorRef, type AnyEventObject, type CallbackActorLogic, type EventObject, fromCallback } from 'xstate';
import { type Clock, MAX_TIMER_MS } from '../src/domain/clock.js';

export interface TimerInput {
  /** `null` never fires. */
  readonly ms: number | null;
  /** Sent to the parent when the time is over. */
  readonly event: AnyEventObject;
  /** Filled in when armed, by this process's clock; never read from a snapshot. */
  readonly armedAt?: number;
}

interface TimerSnapshot {
  readonly input: TimerInput;
}

/** XState's own `after` is not re-armed when a snapshot is restored, and each actor's end scans all pending `after` timers. */
export function timerLogic(clock: Clock): CallbackActorLogic<EventObject, TimerInput> {
  const base = fromCallback<EventObject, TimerInput>(({ input, sendBack }) => {
    if (input.ms === null) return;
    let timer: unknown;
    const wait = (ms: number) => {
      const piece = Math.min(MAX_TIMER_MS, Math.max(0, ms)); // the clock takes no longer one
      timer = clock.setTimeout(() => (ms > piece ? wait(ms - piece) : sendBack(input.event)), piece);
    };
    wait(input.ms);
    return () => clock.clearTimeout(timer);
  });
  const arm = (input: TimerInput): TimerInput => ({ ...input, armedAt: clock.now() });
  return {
    ...base,
    getInitialSnapshot: (scope, input) => base.getInitialSnapshot(scope, arm(input)),
    // XState hands back what getPersistedSnapshot gave, so `input` is there.
    restoreSnapshot: (saved, scope) => {
      const restored = base.restoreSnapshot ? base.restoreSnapshot(saved, scope) : saved;
      return { ...restored, input: arm((saved as unknown as TimerSnapshot).input) } as ReturnType<
        typeof base.getInitialSnapshot
      >;
    },
    getPersistedSnapshot: (snapshot) => {
      const { ms, event, armedAt } = snapshot.input;
      const left = ms === null ? null : Math.max(0, ms - (clock.now() - (armedAt ?? clock.now())));
      return { ...snapshot, input: { ms: left, event } };
    },
  };
}

/** What is left of a running timer, in ms; `null` where it never fires, `undefined` where there is no timer. */
export function timeLeft(timer: AnyActorRef | undefined): number | null | undefined {
  // A timer's persisted form is written by timerLogic above.
  const saved = timer?.getPersistedSnapshot?.() as TimerSnapshot | undefined;
  return saved?.input.ms;
}
