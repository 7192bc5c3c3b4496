/** How a text that comes in pieces is redacted, whatever redacts it. */

import type { Pieces, Redact } from '../domain/redact.js';

export type { Pieces };

/** A redactor that knows nothing of pieces takes each by itself. */
export function redactPieces(redact: Redact, handOn: (text: string) => void): Pieces {
  return redact.inPieces?.(handOn) ?? { push: (piece) => piece !== '' && handOn(redact(piece)), end: () => {} };
}
