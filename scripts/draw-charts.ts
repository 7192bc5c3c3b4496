/** Writes docs/machines from the charts. With `--check` it writes nothing and fails where they differ. */

import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generatedDocuments, outdatedDocuments } from './charts/generated.js';

const root = fileURLToPath(new URL('..', import.meta.url));

if (process.argv.includes('--check')) {
  const outdated = await outdatedDocuments(root);
  if (outdated.length > 0) {
    console.error(`not up to date with machines/: ${outdated.join(', ')}; run npm run docs`);
    process.exitCode = 1;
  } else {
    console.log('docs/machines is up to date');
  }
} else {
  for (const [path, content] of generatedDocuments()) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
    console.log(path);
  }
}
