/** Whether a program that a test needs is there. */

import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { TestRunner } from 'vitest';

const HOW_TO_GET = {
  tmux: 'install tmux (apt-get install tmux, brew install tmux)',
  rg: 'install ripgrep (apt-get install ripgrep, brew install ripgrep)',
  git: 'install git (apt-get install git, brew install git)',
  chromium: 'install chromium (apt-get install chromium)',
} as const;

/**
 * Call it first in a test, or in `beforeEach`. Where the program is not on `PATH`, it skips the test and says what is missing
 * and how to get it; under `CI` it fails instead, so that no run there is green for want of a program.
 */
export function needs(program: keyof typeof HOW_TO_GET): void {
  if (pathOf(program) !== undefined) return;
  const missing = `needs ${program}, which is not on PATH: ${HOW_TO_GET[program]}`;
  const test = TestRunner.getCurrentTest();
  if (process.env.CI || !test) throw new Error(missing);
  test.context.skip(missing);
}

/** Where the program is; `undefined` where it is not on `PATH`. */
export function pathOf(program: keyof typeof HOW_TO_GET): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.map((folder) => join(folder, program)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
