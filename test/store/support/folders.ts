/** Folders of the tests: made for one test, deleted after it. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** Within a running test. */
export function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'troupe-store-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
