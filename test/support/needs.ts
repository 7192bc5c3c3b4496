/** Whether a program that a test needs is there. */

import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { getCurrentTest } from 'vitest/suite';

const HOW_TO_GET = {
  rg: 'install ripgrep (apt-get install ripgrep, brew install ripgrep)',
  git: 'install git (apt-get install git, brew install git)',
} as const;

/**
 * Call it first in a test, or in `beforeEach`. Where the program is not on `PATH`, it skips the test and says what is missing
 * and how to get it; under `CI` it fails instead, so that no run there is green for want of a program.
 */
export function needs(program: keyof typeof HOW_TO_GET, env: NodeJS.ProcessEnv = process.env): void {
  if (isOnPath(program, env)) return;
  const missing = `needs ${program}, which is not on PATH: ${HOW_TO_GET[program]}`;
  const test = getCurrentTest();
  if (env.CI || !test) throw new Error(missing);
  test.context.skip(missing);
}

function isOnPath(program: string, { PATH = '' }: NodeJS.ProcessEnv): boolean {
  return PATH.split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return folder !== '';
    } catch {
      return false;
    }
  });
}
