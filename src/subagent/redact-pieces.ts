/** How a text that comes in pieces is redacted: a secret that is cut by the border of two pieces goes too. */

import type { Redact } from '../domain/redact.js';

export interface Pieces {
  push(piece: string): void;
  /** Hands on what was held back. */
  end(): void;
}

/** Hands on each piece as it comes, but for an end that may be the beginning of a secret. */
export function redactPieces(redact: Redact, handOn: (text: string) => void): Pieces {
  /** Redacted, and not handed on yet. */
  let pending = '';
  const release = (heldCount: number) => {
    const ready = pending.slice(0, pending.length - heldCount);
    pending = pending.slice(ready.length);
    if (ready !== '') handOn(ready);
  };
  return {
    push(piece) {
      pending = redact(pending + piece);
      release(redact.heldBack?.(pending) ?? 0);
    },
    end: () => release(0),
  };
}
