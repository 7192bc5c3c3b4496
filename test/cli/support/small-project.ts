/** A folder with a few files to look at. */

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';

export async function smallProject(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'troupe-project-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const files = {
    'README.md': '# Kites\n\n## How to fly\n',
    'docs/wind.md': '# Wind\n',
    'src/index.ts': '// TODO: let go of the line\nexport function fly(): void {}\n',
  };
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  return folder;
}
