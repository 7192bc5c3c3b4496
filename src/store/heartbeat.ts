/** How the holders of leases show that they live: one timer for all of a store, none when it holds none. */

import { LEASE_HEARTBEAT_MS } from '../domain/limits.js';

interface Beating {
  beat(): void;
  isHeld(): boolean;
}

export class Heartbeat {
  readonly #leases = new Set<Beating>();
  #timer: NodeJS.Timeout | undefined;

  add(lease: Beating): void {
    this.#leases.add(lease);
    this.#timer ??= setInterval(() => this.#beat(), LEASE_HEARTBEAT_MS).unref(); // a lease keeps no process alive
  }

  remove(lease: Beating): void {
    this.#leases.delete(lease);
    if (this.#leases.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #beat(): void {
    for (const lease of this.#leases) {
      if (isHeld(lease)) lease.beat();
      else this.remove(lease);
    }
  }
}

/** What cannot be read just now may still be held. */
function isHeld(lease: Beating): boolean {
  try {
    return lease.isHeld();
  } catch {
    return true;
  }
}
