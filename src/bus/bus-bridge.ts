/** How an orchestrator and a bus meet: each event goes out, control signals come in, and a bus that is down stops nothing. */

import { randomUUID } from 'node:crypto';
import type { Clock } from '../domain/clock.js';
import { messageOf, TroupeError } from '../domain/errors.js';
import { type ControlMessage, type EventHub, parseControlMessage, reportUnhandled } from '../events/index.js';
import { ControlReceiver } from './control-receiver.js';
import type { EventBus } from './event-bus.js';
import { EventSender } from './event-sender.js';

const DEFAULT_FLUSH_MS = 2_000;

export interface BusConnectionOptions {
  readonly hub: EventHub;
  readonly bus: EventBus;
  /** First token of all subjects. */
  readonly prefix: string;
  readonly clock: Clock;
  /** Unique to this run, so that the message ids `<source>:<offset>` are. */
  readonly source: string;
  /** Events that may wait for a bus that is slow or down; beyond it the oldest are lost, which a `gap` says. */
  readonly bufferSize: number;
  /** How long `close()` may go on sending, in ms; 2,000 by default. */
  readonly flushMs?: number;
  /** A checked signal for a subagent, known here or not; each message once. */
  readonly onSignal: (id: string, signal: ControlMessage) => void;
  /** `bus_unavailable` once for each time the bus goes down; `config_invalid` for a bad signal; `bug` for a throwing `onSignal`. */
  readonly onError?: (error: TroupeError) => void;
}

export interface BusConnection {
  /** Takes no more signals, sends what waits for at most `flushMs`. The bus stays open. Idempotent, never rejects. */
  close(): Promise<void>;
}

/**
 * Publishes the hub's events from now on to `<prefix>.<subagentId>.<type>`, in order for each subagent, and takes control signals
 * from `<prefix>.<subagentId>.control`. Faults of the bus are tried again after 0.2 s doubling to 10 s.
 */
export function connectBus(options: BusConnectionOptions): BusConnection {
  const { hub, flushMs = DEFAULT_FLUSH_MS, onError: tell } = options;
  const onError = (error: TroupeError) => {
    try {
      tell?.(error);
    } catch (cause) {
      reportUnhandled(cause);
    }
  };
  const sender = new EventSender({ ...options, onError });
  const events = hub.live$.subscribe((event) => {
    if (event.type !== 'gap') sender.add(event); // a live stream has no gaps: this is for the types
  });
  const receiver = new ControlReceiver({ ...options, onError });

  const close = async () => {
    receiver.stop();
    await Promise.resolve(); // what was published before is delivered in a microtask: it goes out too
    events.unsubscribe();
    await sender.flush(flushMs);
  };
  let closing: Promise<void> | undefined;
  return {
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}

export interface ControlAddress {
  /** First token of all subjects of the orchestrator that is meant. */
  readonly prefix: string;
  readonly id: string;
  readonly signal: ControlMessage;
  /** The same id is obeyed once; a random one by default. Give one to send again what may have arrived. */
  readonly messageId?: string;
}

/** Steers a subagent of another process; resolves when the bus has taken it. Rejects with `config_invalid`, or as `publish` does. */
export async function sendControlSignal(bus: EventBus, address: ControlAddress): Promise<void> {
  const { prefix, id, signal, messageId = randomUUID() } = address;
  const data = parseControlMessage(signal);
  try {
    await bus.publish({ id: messageId, subject: `${prefix}.${id}.control`, data });
  } catch (cause) {
    if (cause instanceof TroupeError) throw cause;
    throw new TroupeError('bus_unavailable', `${signal.signal} for ${id} was not sent: ${messageOf(cause)}`, { cause });
  }
}
