/** How records are chained: each line is `<hash> <json>`, and its hash covers the line before. Pure. */

import { createHash } from 'node:crypto';

/** Hexadecimal digits of a line's hash, 4 bits each. */
const HASH_LENGTH = 16;
const LINE_END = 0x0a;
const SPACE = 0x20;

export interface ChainedLine {
  readonly hash: string;
  readonly json: string;
}

export interface ReadLines {
  readonly lines: readonly ChainedLine[];
  /** Bytes up to the end of the last whole line. */
  readonly goodBytes: number;
  /** What follows them: nothing, one line or less that does not fit, or such a line with more after it. */
  readonly rest: 'nothing' | 'torn' | 'broken';
}

/** @param previous Hash of the line before; empty for the first. */
export function chainHash(previous: string, json: string | Uint8Array): string {
  return createHash('sha256').update(previous).update(json).digest('hex').slice(0, HASH_LENGTH);
}

export function formatLine({ hash, json }: ChainedLine): string {
  return `${hash} ${json}\n`;
}

/** Chains texts on to a line. */
export function chain(previous: string, texts: readonly string[]): ChainedLine[] {
  let hash = previous;
  return texts.map((json) => {
    hash = chainHash(hash, json);
    return { hash, json };
  });
}

/** Lines from the start of a file up to the first that does not fit. */
export function readLines(bytes: Buffer): ReadLines {
  const lines: ChainedLine[] = [];
  let previous = '';
  let start = 0;
  while (start < bytes.length) {
    const end = bytes.indexOf(LINE_END, start);
    const line = end < 0 ? undefined : readLine(bytes.subarray(start, end), previous);
    if (line === undefined) {
      const isLast = end < 0 || end === bytes.length - 1;
      return { lines, goodBytes: start, rest: isLast ? 'torn' : 'broken' };
    }
    lines.push(line);
    previous = line.hash;
    start = end + 1;
  }
  return { lines, goodBytes: start, rest: 'nothing' };
}

function readLine(bytes: Buffer, previous: string): ChainedLine | undefined {
  if (bytes[HASH_LENGTH] !== SPACE) return undefined;
  const hash = bytes.toString('latin1', 0, HASH_LENGTH);
  const json = bytes.subarray(HASH_LENGTH + 1);
  return chainHash(previous, json) === hash ? { hash, json: json.toString('utf8') } : undefined; // of the bytes, not the text: exact
}
