/** The files of the monitor page that no compiler makes, beside those that it does: the last step of `npm run build`. */

import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { glob } from 'tinyglobby';

const root = fileURLToPath(new URL('..', import.meta.url));
for (const path of await glob('src/monitor/page/*.{html,css,svg}', { cwd: root })) {
  await copyFile(join(root, path), join(root, 'dist', path));
}
