/** What a journal on disk holds: its segments, followed from the latest back to the first. */

import { constants } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { asStoreIo, isErrno } from './fs-fault.js';
import type { ChainedLine } from './hash-chain.js';
import { parseRecord, readSealed, readSegment, type Segment, segmentEpochs, segmentName } from './segment.js';
import type { JournalContents, StorePath } from './session-store.js';
import type { StoreFolder } from './store-folder.js';
import { NO_FOLLOW } from './whole-file.js';

export interface JournalHistory {
  readonly records: readonly ChainedLine[];
  readonly tornBytes: number;
  /** `undefined` when nothing was ever written whole. */
  readonly latest: Segment | undefined;
}

/** @throws TroupeError `store_io`, `store_corrupt`, `store_version`. */
export async function readHistory(place: StoreFolder, path: StorePath): Promise<JournalHistory | undefined> {
  const folder = place.find(path);
  const epochs = folder === undefined ? [] : segmentEpochs(await namesIn(place, folder));
  if (folder === undefined || epochs.length === 0) return undefined;
  const read = async (epoch: number) => {
    const file = join(folder, segmentName(epoch));
    const bytes = await place.files.run(() => readFileOrNone(place, file));
    return { bytes, at: { path, epoch, file: place.show(file) } };
  };

  let tornBytes = 0;
  let latest: Segment | undefined;
  for (const epoch of epochs) {
    const { bytes, at } = await read(epoch);
    if (bytes === undefined) continue; // removed meanwhile
    latest = readSegment(bytes, at);
    tornBytes += latest?.tornBytes ?? bytes.length;
    if (latest !== undefined) break;
  }
  const segments = latest === undefined ? [] : [latest];
  for (let former = latest?.open.former ?? null; former !== null; ) {
    const { bytes, at } = await read(former.epoch);
    if (bytes === undefined && place.find(path) === undefined) return undefined; // removed meanwhile
    const segment = readSealed(bytes, former, at);
    segments.unshift(segment);
    former = segment.open.former;
  }
  return { records: segments.flatMap(({ records }) => records), tornBytes, latest };
}

/** @param file As messages name it. */
export function toContents({ records, tornBytes }: JournalHistory, file: string): JournalContents {
  const hashes = records.map(({ hash }) => hash);
  return {
    records: records.map(({ json }) => parseRecord(json, file)),
    hashes,
    tornBytes,
    position: { count: records.length, hash: hashes.at(-1) ?? '' },
  };
}

async function namesIn(place: StoreFolder, folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (cause) {
    if (isErrno(cause, 'ENOENT')) return [];
    throw asStoreIo(`list ${place.show(folder)}`, cause);
  }
}

async function readFileOrNone(place: StoreFolder, file: string): Promise<Buffer | undefined> {
  try {
    const handle = await open(file, constants.O_RDONLY | NO_FOLLOW);
    try {
      return await handle.readFile();
    } finally {
      await handle.close();
    }
  } catch (cause) {
    if (isErrno(cause, 'ENOENT')) return undefined;
    throw asStoreIo(`read ${place.show(file)}`, cause);
  }
}
