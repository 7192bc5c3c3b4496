/** Runs every example by itself, without a key, and compares what it prints with what its first comment promises. */

import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { differenceOf, promisedBy } from './examples/expected-output.js';

const TIME_LIMIT_MS = 30_000;

const root = fileURLToPath(new URL('..', import.meta.url));
const only = process.argv.slice(2);
const names = (await readdir(join(root, 'examples'))).filter((name) => name.endsWith('.ts')).sort();
const wanted = names.filter((name) => only.length === 0 || only.some((part) => name.includes(part)));
const home = await mkdtemp(join(tmpdir(), 'troupe-examples-'));
let failed = wanted.length === 0;
try {
  for (const name of wanted) {
    const startedAt = Date.now();
    const problem = await problemOf(name);
    failed ||= problem !== undefined;
    const took = `${((Date.now() - startedAt) / 1000).toFixed(1)} s`;
    console.log(problem === undefined ? `ok      ${name} (${took})` : `FAILED  ${name} (${took})\n${problem}\n`);
  }
} finally {
  await rm(home, { recursive: true, force: true });
}
console.log(failed ? 'an example failed' : `${wanted.length} examples ended well`);
process.exitCode = failed ? 1 : 0;

async function problemOf(name: string): Promise<string | undefined> {
  try {
    const { lines } = promisedBy(await readFile(join(root, 'examples', name), 'utf8'));
    const { code, stdout, stderr } = await run(join('examples', name));
    const difference = lines && differenceOf(lines, stdout);
    if (code === 0 && difference === undefined) return undefined;
    return [code === 0 ? '' : `ended with ${code}`, difference, `stdout:\n${stdout}`, stderr && `stderr:\n${stderr}`]
      .filter(Boolean)
      .join('\n');
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

interface Ended {
  readonly code: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

/** In an environment with nothing in it, so that no key or setting of this machine changes what an example does. */
function run(path: string): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--import', 'tsx', path], {
      cwd: root,
      env: { PATH: process.env.PATH, HOME: home, TMPDIR: tmpdir(), NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true, // a group of its own: what it started ends with it
    });
    const output = { stdout: '', stderr: '' };
    let late = false;
    const endGroup = () => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      } catch {
        // gone already
      }
    };
    const timer = setTimeout(() => {
      late = true;
      endGroup();
    }, TIME_LIMIT_MS);
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output.stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      output.stderr += text;
    });
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      clearTimeout(timer);
      endGroup();
      child.on('close', () => {
        resolve({
          code: late ? `nothing: stopped after ${TIME_LIMIT_MS / 1000} s` : (code ?? signal ?? 'no code'),
          ...output,
        });
      });
    });
  });
}
