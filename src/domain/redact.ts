/** How secrets are taken out of a text before it is shown, sent or stored. */

import { HarmlessPieces } from './harmless-pieces.js';
import { RedactedPieces } from './redact-pieces.js';
import { SECRET_SHAPES } from './secret-shapes.js';

const REDACTED = '[redacted]';

/** Shorter values are not looked for: they would tear holes into ordinary words. */
const MIN_SECRET_LENGTH = 6;

/** A text that comes in pieces. */
export interface Pieces {
  push(piece: string): void;
  /** Hands on what was held back. */
  end(): void;
}

/** Takes secrets out of a text. */
export interface Redact {
  (text: string): string;
  /** For a text in pieces: hands on each as it comes, but for an end that may be part of a secret that goes on in the next. */
  readonly inPieces?: (handOn: (text: string) => void) => Pieces;
}

/**
 * A function that replaces the given values, and what looks like a key of a known kind, by `[redacted]`. Values under 6 characters
 * are passed over; a value is also found in its URL and its JSON spelling, also in JSON that stands in a text of JSON.
 */
export function createRedactor(secrets: readonly string[]): Redact {
  const spellings = new Set<string>();
  for (const secret of secrets) {
    if (secret.length < MIN_SECRET_LENGTH) continue;
    spellings.add(secret);
    for (const spelling of jsonSpellings(secret)) spellings.add(spelling);
    spellings.add(urlSpelling(secret));
  }
  const values = [...spellings].sort((a, b) => b.length - a.length);
  const whole = [...values.map(escapeForPattern), ...SECRET_SHAPES.map((shape) => shape.whole.source)].join('|');
  const open = SECRET_SHAPES.map((shape) => shape.open).join('|');
  const pattern = new RegExp(whole, 'g');
  const harmless = new HarmlessPieces(values);
  const patternInPieces = new RegExp(`((?:${open})$)|${whole}`, 'g');
  const marks = [...values, ...SECRET_SHAPES.flatMap((shape) => shape.marks)];
  // The pattern looks at each place in many ways; to look for the marks first costs a twentieth of that.
  const isSuspect = (text: string) => text.length >= MIN_SECRET_LENGTH && marks.some((mark) => text.includes(mark));
  const redact = (text: string) => (isSuspect(text) ? text.replace(pattern, REDACTED) : text);
  const inPieces = (handOn: (text: string) => void): Pieces => {
    const options = { values, harmless, openOrWhole: patternInPieces, whole: pattern, replacement: REDACTED, handOn };
    const pieces = new RedactedPieces(options);
    return { push: (piece) => pieces.push(piece), end: () => pieces.end() };
  };
  return Object.assign(redact, { inPieces });
}

function escapeForPattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`);
}

/** Tools answer with JSON that holds what others have said in JSON. */
const MAX_JSON_DEPTH = 3;

function jsonSpellings(secret: string): string[] {
  const spellings: string[] = [];
  for (let spelling = secret; spellings.length < MAX_JSON_DEPTH; spellings.push(spelling)) {
    spelling = JSON.stringify(spelling).slice(1, -1);
  }
  return spellings;
}

function urlSpelling(secret: string): string {
  try {
    return encodeURIComponent(secret);
  } catch {
    return secret; // half a surrogate pair has no URL spelling
  }
}
