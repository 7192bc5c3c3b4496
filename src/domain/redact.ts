/** How secrets are taken out of a text before it is shown, sent or stored. */

const REDACTED = '[redacted]';

/** Shorter values are not looked for: they would tear holes into ordinary words. */
const MIN_SECRET_LENGTH = 6;

/**
 * What looks like a secret wherever it stands. Each shape either consumes all that it scans or has a bounded length, so that the
 * time is linear in the text.
 */
const SHAPES: readonly RegExp[] = [
  /-----BEGIN [A-Z ]{0,24}PRIVATE KEY-----[A-Za-z0-9+/=\\\s]*(?:-----END [A-Z ]{0,24}PRIVATE KEY-----)?/,
  /(?<![A-Za-z0-9_])sk-[A-Za-z0-9_*-]{12,}/,
  /(?<![A-Za-z0-9_])(?:gh[opusr]_[A-Za-z0-9]{16,}|github_pat_[A-Za-z0-9_]{16,})/,
  /(?<![A-Za-z0-9_])glpat-[A-Za-z0-9_-]{16,}/,
  /(?<![A-Za-z0-9_])(?:npm|hf)_[A-Za-z0-9]{24,}/,
  /(?<![A-Za-z0-9_])xox[abeoprs]-[A-Za-z0-9-]{10,}/,
  /(?<![A-Za-z0-9_])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])/,
  /(?<![A-Za-z0-9_])AIza[A-Za-z0-9_-]{30,}/,
  /(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*)?/,
  // The word before stays, so that the reader sees what was there; so does the place of a login in a URL.
  /(?<=\b[Bb]earer[ \t])[A-Za-z0-9._~+/=*-]{6,}/,
  /(?<=\b[Bb]asic[ \t])[A-Za-z0-9+/=]{12,}/,
  /(?<=:\/\/)[^\s/:@"'<>]{1,256}:[^\s/@"'<>]{1,256}(?=@)/,
];

/** Takes secrets out of a text. */
export interface Redact {
  (text: string): string;
  /** How many characters at the end of a text may be the beginning of a secret: what is streamed holds these back. */
  readonly heldBack?: (text: string) => number;
}

/**
 * A function that replaces the given values, and what looks like a key of a known kind, by `[redacted]`. Values under 6 characters
 * are passed over; a value is also found in its URL and its JSON spelling.
 */
export function createRedactor(secrets: readonly string[]): Redact {
  const spellings = new Set<string>();
  for (const secret of secrets) {
    if (secret.length < MIN_SECRET_LENGTH) continue;
    spellings.add(secret);
    spellings.add(JSON.stringify(secret).slice(1, -1));
    spellings.add(urlSpelling(secret));
  }
  const literals = [...spellings].sort((a, b) => b.length - a.length).map(escapeForPattern);
  const pattern = new RegExp([...literals, ...SHAPES.map(({ source }) => source)].join('|'), 'g');
  // Nothing that is looked for is shorter, and most pieces of a stream are.
  const redact = (text: string) => (text.length < MIN_SECRET_LENGTH ? text : text.replace(pattern, REDACTED));
  const heldBack = (text: string) => Math.max(0, ...[...spellings].map((spelling) => startedAtEnd(text, spelling)));
  return Object.assign(redact, { heldBack });
}

/** Length of the longest beginning of `word`, not the whole of it, that the text ends with. */
function startedAtEnd(text: string, word: string): number {
  for (let length = Math.min(text.length, word.length - 1); length > 0; length--) {
    if (text.endsWith(word.slice(0, length))) return length;
  }
  return 0;
}

function escapeForPattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`);
}

function urlSpelling(secret: string): string {
  try {
    return encodeURIComponent(secret);
  } catch {
    return secret; // half a surrogate pair has no URL spelling
  }
}
