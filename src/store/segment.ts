/** What one file of a journal holds: the records of one epoch, after a first line that seals the file of the epoch before. Pure. */

import { z } from 'zod';
import { TroupeError } from '../domain/errors.js';
import { type ChainedLine, readLines } from './hash-chain.js';
import type { StorePath } from './session-store.js';
import { checkVersion } from './store-format.js';

const JOURNAL_VERSION = 1;
const SEGMENT_FILE = /^journal\.(\d+)\.ndjson$/;

/** Up to where a former epoch's file is part of the journal: what a woken former holder writes later lies outside and is never read. */
const Seal = z.strictObject({ epoch: z.int().positive(), bytes: z.int().positive(), hash: z.string() });
export type Seal = z.output<typeof Seal>;

const OpenRecord = z.strictObject({
  format: z.literal('troupe-journal'),
  version: z.literal(JOURNAL_VERSION),
  path: z.array(z.string()),
  epoch: z.int().positive(),
  /** How many names of the path are those of the lease. */
  leaseDepth: z.int().positive(),
  former: Seal.nullable(),
});
type OpenRecord = z.output<typeof OpenRecord>;

export interface Segment {
  readonly open: OpenRecord;
  /** Without the first line. */
  readonly records: readonly ChainedLine[];
  /** As far as it can be relied on. */
  readonly seal: Seal;
  /** Bytes after that. */
  readonly tornBytes: number;
}

export interface SegmentPlace {
  readonly path: StorePath;
  readonly epoch: number;
  /** As messages name it. */
  readonly file: string;
}

export function segmentName(epoch: number): string {
  return `journal.${epoch}.ndjson`;
}

/** Epochs of a folder's segments, the latest first. */
export function segmentEpochs(names: readonly string[]): number[] {
  return names.flatMap((name) => Number(SEGMENT_FILE.exec(name)?.[1] ?? 0) || []).sort((a, b) => b - a);
}

/** The text of a segment's first line. */
export function openRecord(path: StorePath, epoch: number, leaseDepth: number, former: Seal | null): string {
  const open: OpenRecord = {
    format: 'troupe-journal',
    version: JOURNAL_VERSION,
    path: [...path],
    epoch,
    leaseDepth,
    former,
  };
  return JSON.stringify(open);
}

/** @returns `undefined` when not even its first line was written whole. @throws TroupeError `store_corrupt`, `store_version`. */
export function readSegment(bytes: Buffer, place: SegmentPlace): Segment | undefined {
  const { lines, goodBytes, rest } = readLines(bytes);
  if (rest === 'broken') throw damaged(place, goodBytes, lines.length);
  const [first, ...records] = lines;
  if (first === undefined) return undefined;
  const seal = { epoch: place.epoch, bytes: goodBytes, hash: lines.at(-1)?.hash ?? '' };
  return { open: parseOpen(first.json, place), records, seal, tornBytes: bytes.length - goodBytes };
}

/** A former segment: up to its seal all of it must be there. @throws TroupeError `store_corrupt`, `store_version`. */
export function readSealed(bytes: Buffer | undefined, seal: Seal, place: SegmentPlace): Segment {
  if (bytes === undefined) {
    throw corrupt(place, 'is gone, though later parts of the journal build on it');
  }
  const { lines, goodBytes, rest } = readLines(bytes.subarray(0, seal.bytes));
  const [first, ...records] = lines;
  const isWhole = rest === 'nothing' && goodBytes === seal.bytes && lines.at(-1)?.hash === seal.hash;
  if (first === undefined || !isWhole) throw damaged(place, goodBytes, lines.length);
  return { open: parseOpen(first.json, place), records, seal, tornBytes: 0 };
}

/** @throws TroupeError `store_corrupt`. */
export function parseRecord<Value>(json: string, place: string): Value {
  try {
    return JSON.parse(json) as Value; // whose hash is right: what a store wrote
  } catch (cause) {
    throw new TroupeError('store_corrupt', `${place} holds a record that is not JSON; nothing was changed`, { cause });
  }
}

function parseOpen(json: string, place: SegmentPlace): OpenRecord {
  const value = parseRecord<unknown>(json, place.file);
  checkVersion(value, JOURNAL_VERSION, place.file);
  const parsed = OpenRecord.safeParse(value);
  if (!parsed.success) throw corrupt(place, 'does not begin as a journal does');
  const { path, epoch, former } = parsed.data;
  const isHere = epoch === place.epoch && JSON.stringify(path) === JSON.stringify(place.path);
  if (!isHere) throw corrupt(place, 'belongs to another place; it was moved or renamed');
  if (former !== null && former.epoch >= epoch) throw corrupt(place, 'names a former part that is later than itself');
  return parsed.data;
}

/** @param good Lines, the first one included. */
function damaged(place: SegmentPlace, offset: number, good: number): TroupeError {
  const records = Math.max(0, good - 1);
  return corrupt(place, `is damaged at byte ${offset}; its first ${records} records are whole`);
}

function corrupt({ file }: SegmentPlace, problem: string): TroupeError {
  return new TroupeError('store_corrupt', `${file} ${problem}; nothing was changed; restore it from a copy`);
}
