/** Who holds a lease, and whether it still lives. */

import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { z } from 'zod';
import { LEASE_STALE_MS } from '../domain/limits.js';

/** A process, so told that no other is taken for it. What a system cannot tell is empty. */
export const LeaseOwner = z.object({
  host: z.string(),
  /** Of this start of the machine. */
  boot: z.string(),
  /** Processes of two containers may bear the same numbers. */
  pidNamespace: z.string(),
  pid: z.int().positive(),
  /** When the process began, in ticks since the machine did: a number that is used again is not the same process. */
  born: z.string(),
  /** Of the lease, in ms. */
  since: z.number(),
  /** Tells two leases of one epoch apart, should the folder have been made anew. */
  nonce: z.string(),
});
export type LeaseOwner = z.output<typeof LeaseOwner>;

/** A process as the system shows it. */
export interface SeenProcess {
  readonly isAlive: boolean;
  /** As in `LeaseOwner`. */
  readonly born: string;
}

/** @param heartbeatAgeMs How long ago the owner last said that it lives. */
export function isDead(
  owner: LeaseOwner,
  here: Pick<LeaseOwner, 'host' | 'boot' | 'pidNamespace'>,
  look: (pid: number) => SeenProcess,
  heartbeatAgeMs: number,
): boolean {
  const isHere = owner.host === here.host && owner.boot === here.boot && owner.pidNamespace === here.pidNamespace;
  const isSilent = heartbeatAgeMs > LEASE_STALE_MS;
  if (!isHere) return isSilent;
  const seen = look(owner.pid);
  if (!seen.isAlive) return true;
  const isCertain = owner.born !== '' && seen.born !== '';
  return isCertain ? owner.born !== seen.born : isSilent; // where births are not told, another process may bear the number
}

/** This process. */
export function ownIdentity(): Omit<LeaseOwner, 'since' | 'nonce'> {
  const { pid } = process;
  return { ...machine(), pid, born: lookAt(pid).born };
}

let found: Pick<LeaseOwner, 'host' | 'boot' | 'pidNamespace'> | undefined;

/** Asked once: it does not change while the process lives. */
function machine(): Pick<LeaseOwner, 'host' | 'boot' | 'pidNamespace'> {
  found ??= {
    host: hostname(),
    boot: textOrEmpty(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()),
    pidNamespace: textOrEmpty(() => readlinkSync('/proc/self/ns/pid')),
  };
  return found;
}

export function lookAt(pid: number): SeenProcess {
  try {
    process.kill(pid, 0); // asks only
  } catch (cause) {
    const isOthers = cause instanceof Error && 'code' in cause && cause.code === 'EPERM';
    if (!isOthers) return { isAlive: false, born: '' };
  }
  return parseStat(textOrEmpty(() => readFileSync(`/proc/${pid}/stat`, 'utf8')));
}

/** Fields after the program's name, which may hold anything: the state first, the birth 19 later. One that is dead but not yet buried is dead. */
export function parseStat(stat: string): SeenProcess {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { isAlive: !/^[ZXx]/.test(fields[0] ?? ''), born: fields[19] ?? '' };
}

function textOrEmpty(read: () => string): string {
  try {
    return read();
  } catch {
    return ''; // a system without it
  }
}
