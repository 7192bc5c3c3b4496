/** What package.json files say: our own, and those of packages that are installed beside us. */

import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TroupeError } from '../domain/errors.js';

/** What is read of it. No schema: zod is one of the packages that may be missing. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly engines?: { readonly node?: string };
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
}

export function ownManifest(): Manifest {
  const found = manifestAbove(dirname(fileURLToPath(import.meta.url)), 'troupe');
  if (found) return found;
  throw new TroupeError('bug', 'there is no package.json above the program');
}

/** Of a package as this program would load it; undefined where it is not installed. */
export function manifestOf(name: string): Manifest | undefined {
  const paths = createRequire(import.meta.url).resolve.paths(name) ?? [];
  return paths.map((folder) => manifestIn(join(folder, name), name)).find((manifest) => manifest !== undefined);
}

function manifestAbove(folder: string, name: string): Manifest | undefined {
  const above = dirname(folder);
  return manifestIn(folder, name) ?? (above === folder ? undefined : manifestAbove(above, name));
}

function manifestIn(folder: string, name: string): Manifest | undefined {
  const path = join(folder, 'package.json');
  if (!existsSync(path)) return undefined;
  const manifest = JSON.parse(readFileSync(path, 'utf8')) as Manifest; // npm has read it before
  return manifest.name === name ? manifest : undefined;
}

/** For the two forms that our own ranges have: `^1.2.3` and `>=20.19`. */
export function isInRange(version: string, range: string): boolean {
  const [, sign, wanted = ''] = /^(\^|>=)([\d.]+)$/.exec(range) ?? [];
  const [have, want] = [numbersOf(version), numbersOf(wanted)];
  const isAtLeast = compare(have, want) >= 0;
  if (sign === '>=') return isAtLeast;
  // A caret lets the first number that is not 0 stand.
  const fixed = want.findIndex((part) => part > 0);
  return sign === '^' && isAtLeast && have.slice(0, fixed + 1).join('.') === want.slice(0, fixed + 1).join('.');
}

function numbersOf(version: string): number[] {
  return version.split(/[.+-]/, 3).map(Number);
}

function compare(a: readonly number[], b: readonly number[]): number {
  const place = [0, 1, 2].find((index) => (a[index] ?? 0) !== (b[index] ?? 0));
  return place === undefined ? 0 : (a[place] ?? 0) - (b[place] ?? 0);
}
