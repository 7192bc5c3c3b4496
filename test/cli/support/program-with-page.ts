/** The sources of the program, copied to where the live page is built beside them: as they are here, it may not be. */

import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { pageFiles } from '../../monitor/support/page-files.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** @returns what Node is started with, before the arguments of the program. */
export async function programWithPage(): Promise<readonly string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'troupe-program-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const page = join(folder, 'dist/src/monitor/page');
  await mkdir(page, { recursive: true });
  await Promise.all([
    ...['src', 'machines', 'package.json'].map((name) => cp(join(root, name), join(folder, name), { recursive: true })),
    symlink(join(root, 'node_modules'), join(folder, 'node_modules'), 'dir'),
    ...[...pageFiles()].map(([name, { bytes }]) => writeFile(join(page, name), bytes)),
  ]);
  return ['--import', import.meta.resolve('tsx'), join(folder, 'src/cli/main.ts')];
}
