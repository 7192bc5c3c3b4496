/** The files of the page, read once. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TroupeError } from '../domain/errors.js';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

export interface PageFile {
  readonly type: string;
  readonly bytes: Buffer;
}

/** Beside this file as it was built; from the sources, what was built of them last. */
const FOLDERS = ['./page/', '../../dist/src/monitor/page/'].map((path) =>
  fileURLToPath(new URL(path, import.meta.url)),
);

/** By name. @throws TroupeError `bug` when the page was not built. */
export function readPageFiles(
  folder = FOLDERS.find((each) => existsSync(join(each, 'main.js'))),
): Map<string, PageFile> {
  if (folder === undefined) {
    throw new TroupeError('bug', 'the files of the monitor page are missing; in a clone of troupe, run npm run build');
  }
  const names = readdirSync(folder).filter((name) => extname(name) in TYPES);
  return new Map(
    names.map((name) => [name, { type: TYPES[extname(name)] ?? '', bytes: readFileSync(join(folder, name)) }]),
  );
}
