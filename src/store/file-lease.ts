/** Who may write: a lease file whose number, the epoch, only rises, so that of all contenders one wins. Synchronous. */

import { randomUUID } from 'node:crypto';
import { lstatSync, lutimes, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { TroupeError } from '../domain/errors.js';
import { asStoreIo, isErrno, storeIo } from './fs-fault.js';
import type { Heartbeat } from './heartbeat.js';
import { isDead, LeaseOwner, lookAt, ownIdentity } from './lease-owner.js';
import type { Lease, StorePath } from './session-store.js';
import type { StoreFolder } from './store-folder.js';
import { showPath } from './store-path.js';
import { linkIfFree, readWhole, sweepTemporary, writeTemporary } from './whole-file.js';

const LEASE_FILE = /^(lease|released)\.(\d+)$/;
/** A contender starts anew when another one moved in between; so often only when something else is wrong. */
const MAX_ATTEMPTS = 100;

/** Texts of leases of this process that it has let go, though the disk does not say so, or not yet: they hold nobody off. */
const letGo = new Set<string>();

export class FileLease implements Lease {
  /** Journals that are open under it. */
  readonly openJournals = new Set<string>();
  readonly #place: StoreFolder;
  readonly #file: string;
  readonly #text: string;
  readonly #heartbeat: Heartbeat;
  #isOver = false;
  #isGivenUp = false;

  constructor(
    place: StoreFolder,
    readonly path: StorePath,
    readonly epoch: number,
    text: string,
    heartbeat: Heartbeat,
  ) {
    this.#place = place;
    this.#file = join(place.folderOf(path), `lease.${epoch}`);
    this.#text = text;
    this.#heartbeat = heartbeat;
    heartbeat.add(this);
  }

  isHeld(): boolean {
    if (this.#isOver) return false;
    this.#isOver = !this.#isOnDisk();
    return !this.#isOver;
  }

  #isOnDisk(): boolean {
    return this.#place.guard('read', this.#file, () => readWhole(this.#file)) === this.#text;
  }

  /** @throws TroupeError `lease_lost`, or `store_io` when the folder itself is gone. */
  assertHeld(): void {
    if (this.isHeld()) return;
    const folder = dirname(this.#file);
    const isTaken = this.#isGivenUp || this.#place.guard('list', folder, () => epochsIn(folder).length > 0);
    if (!isTaken) throw storeIo(`find ${this.#place.show(folder)}`, 'ENOENT');
    const where = `${showPath(this.path)} in ${this.#place.name}`;
    throw new TroupeError(
      'lease_lost',
      `the lease on ${where} was taken over, given up, or away for a while with its folder; acquire it again`,
    );
  }

  /** @throws TroupeError `store_io`; it is let go in any case, for others when this process ends at the latest. */
  release(): void {
    if (this.#isGivenUp) return;
    letGo.add(this.#text); // where it is not on disk now, its folder was moved, and may come back
    try {
      if (!this.#isOnDisk()) return;
      this.#place.guard('release', this.#file, () => this.#rename());
      letGo.delete(this.#text);
    } finally {
      this.giveUp();
    }
  }

  /** Its number stays, so that the next is higher. */
  #rename(): void {
    try {
      renameSync(this.#file, join(dirname(this.#file), `released.${this.epoch}`));
    } catch (cause) {
      if (!isErrno(cause, 'ENOENT')) throw cause;
    }
  }

  /** For who removed the folder, and the lease with it. */
  giveUp(): void {
    this.#isOver = true;
    this.#isGivenUp = true;
    this.#heartbeat.remove(this);
  }

  /** Shows other machines that the holder lives. Who cannot is told so by its next write. */
  beat(): void {
    const now = new Date();
    lutimes(this.#file, now, now, () => {});
  }
}

/** @throws TroupeError `workflow_busy`, `store_io`, `store_corrupt`, `store_version`. */
export function acquireLease(place: StoreFolder, path: StorePath, heartbeat: Heartbeat): FileLease {
  const folder = place.folderOf(path);
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    place.ensure(path);
    const owner: LeaseOwner = { ...ownIdentity(), since: Date.now(), nonce: randomUUID() };
    try {
      const epoch = contend(folder, JSON.stringify(owner), place, path);
      if (epoch !== undefined) return new FileLease(place, [...path], epoch, JSON.stringify(owner), heartbeat);
    } catch (cause) {
      if (isErrno(cause, 'ENOENT')) continue; // the folder was removed meanwhile
      throw asStoreIo(`acquire a lease in ${place.show(folder)}`, cause);
    }
  }
  throw storeIo(`acquire a lease in ${place.show(folder)}`, 'ENOENT');
}

/** @returns the epoch, or `undefined` when another contender moved in between. */
function contend(folder: string, text: string, place: StoreFolder, path: StorePath): number | undefined {
  const temporary = writeTemporary(folder, text, false); // before looking: it can only be linked in the folder that was looked at
  try {
    const top = epochsIn(folder).at(-1);
    const holder = top?.isReleased === false ? findHolder(join(folder, `lease.${top.epoch}`)) : undefined;
    if (holder !== undefined) throw busy(holder, place, path);
    const epoch = (top?.epoch ?? 0) + 1;
    const file = join(folder, `lease.${epoch}`);
    if (!linkIfFree(temporary, file)) return undefined;
    const all = epochsIn(folder);
    if (all.some((other) => other.epoch > epoch || (other.epoch === epoch && other.isReleased))) {
      rmSync(file, { force: true }); // came late: others have held and given up that epoch since
      return undefined;
    }
    for (const former of all) {
      if (former.epoch < epoch) rmSync(join(folder, former.name), { force: true });
    }
    sweepTemporary(folder, epoch);
    return epoch;
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** Epochs that are held or were, lowest first. */
function epochsIn(folder: string): { readonly name: string; readonly epoch: number; readonly isReleased: boolean }[] {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch (cause) {
    if (isErrno(cause, 'ENOENT')) return [];
    throw cause;
  }
  return names
    .flatMap((name) => {
      const found = LEASE_FILE.exec(name);
      return found === null ? [] : [{ name, epoch: Number(found[2]), isReleased: found[1] === 'released' }];
    })
    .sort((a, b) => a.epoch - b.epoch);
}

/** `undefined` for one that is dead, or unreadable: a live holder's file is whole, and it would notice its loss. */
function findHolder(file: string): LeaseOwner | undefined {
  const text = readWhole(file);
  const heartbeat = lstatSync(file, { throwIfNoEntry: false });
  if (text === undefined || heartbeat === undefined || letGo.has(text)) return undefined;
  const parsed = LeaseOwner.safeParse(parseOrNone(text));
  if (!parsed.success) return undefined;
  return isDead(parsed.data, ownIdentity(), lookAt, Date.now() - heartbeat.mtimeMs) ? undefined : parsed.data;
}

function busy({ pid, host, since }: LeaseOwner, place: StoreFolder, path: StorePath): TroupeError {
  const who = `process ${pid} on ${host} since ${new Date(since).toISOString()}`;
  const remedy = 'wait for its end, or use another id';
  return new TroupeError('workflow_busy', `${showPath(path)} in ${place.name} is in use by ${who}; ${remedy}`);
}

function parseOrNone(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
