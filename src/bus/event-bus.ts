/** The port to message buses: events go out over it, control signals come in. */

import type { Observable } from 'rxjs';

export interface BusMessage {
  /** Unique to what is said: the same id published twice is taken once. */
  readonly id: string;
  /** Tokens of letters, digits and the like, joined by dots; no wildcards. */
  readonly subject: string;
  /** Plain JSON. */
  readonly data: unknown;
}

export interface StoredMessage extends BusMessage {
  /** Grows with each message that the bus has taken, not always by one; the same for every reader. */
  readonly sequence: number;
}

export interface EventBus {
  /**
   * Resolves when the bus has taken the message, or had already taken one of this id within its window for duplicates.
   * Messages are stored in the order in which their publishing resolved. Rejects with `bus_unavailable` (try again),
   * `config_invalid` (a subject or data it cannot take), `closed`.
   */
  publish(message: BusMessage): Promise<void>;
  /**
   * Messages whose subject fits the pattern: `*` stands for one token, a last `>` for one or more. Without `from` live only: all
   * that this object is asked to publish after the subscription. With `from` what is kept from that sequence on, then live, nothing
   * missed and nothing twice; what is kept no more is left out. One order for all readers; each gets its own copy of the data.
   * Errors with `bus_unavailable` when messages may have been missed, and `closed` when subscribed to after `close()`.
   */
  messages$(pattern: string, options?: { readonly from?: number }): Observable<StoredMessage>;
  /** Delivers what it has taken, then completes all streams. Idempotent; later calls give `closed`. */
  close(): Promise<void>;
}
