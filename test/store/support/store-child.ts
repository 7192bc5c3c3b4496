/** Runs the store in processes of their own: transpiled once, so that each begins quickly. */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { afterAll, onTestFinished } from 'vitest';

const root = fileURLToPath(new URL('../../../', import.meta.url));

const prelude = `
import { writeSync } from 'node:fs';
import * as fs from 'node:fs';
import { createInterface } from 'node:readline';
import { FileSessionStore } from './src/store/index.js';
const say = (line) => writeSync(1, line + '\\n');
const codeOf = async (act) => { try { await act(); return 'done'; } catch (cause) { return cause.code ?? String(cause); } };
const orders = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const order = async () => (await orders.next()).value;
`;

let built: string | undefined;
afterAll(() => {
  if (built !== undefined) rmSync(built, { recursive: true, force: true });
});

/** The folder with the store as JavaScript. */
function build(): string {
  if (built !== undefined) return built;
  const folder = mkdtempSync(join(tmpdir(), 'troupe-built-'));
  built = folder;
  for (const room of ['src/store', 'src/domain']) {
    mkdirSync(join(folder, room), { recursive: true });
    for (const name of readdirSync(join(root, room)).filter((each) => each.endsWith('.ts'))) {
      const { outputText } = ts.transpileModule(readFileSync(join(root, room, name), 'utf8'), {
        compilerOptions: {
          target: ts.ScriptTarget.ES2022,
          module: ts.ModuleKind.ESNext,
          verbatimModuleSyntax: true,
        },
      });
      writeFileSync(join(folder, room, name.replace(/\.ts$/, '.js')), outputText);
    }
  }
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  return folder;
}

export class StoreChild {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #ended: Promise<void>;
  #errors = '';

  /** @param program JavaScript, as a module. @param through A command that starts Node, given as its last arguments. */
  constructor(program: string, through: readonly string[] = []) {
    const node = [process.execPath, '--input-type=module', '--eval', `${prelude}\n${program}`];
    const [command = '', ...args] = [...through, ...node];
    this.#child = spawn(command, args, { cwd: build(), stdio: 'pipe' });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#errors += text;
    });
    const reader: Interface = createInterface({ input: this.#child.stdout ?? process.stdin }); // piped above
    this.#lines = reader[Symbol.asyncIterator]();
    this.#ended = new Promise((resolve) => this.#child.on('close', () => resolve()));
    onTestFinished(() => {
      this.kill('SIGKILL');
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** The next line that it says. */
  async next(): Promise<string> {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(`the process ended; it complained: ${this.#errors}`);
    return value;
  }

  /** What it says until its end. */
  async rest(): Promise<string[]> {
    const lines: string[] = [];
    for (let line = await this.#lines.next(); !line.done; line = await this.#lines.next()) lines.push(line.value);
    await this.#ended;
    if (this.#errors !== '') lines.push(this.#errors);
    return lines;
  }

  /** A line for its `order()`. */
  order(line: string): void {
    this.#child.stdin?.write(`${line}\n`);
  }

  /** Resolves when it is gone, where the signal ends it. */
  kill(signal: NodeJS.Signals): Promise<void> {
    this.#child.kill(signal);
    return this.#ended;
  }
}

/** Whether processes may have mounts of their own here, and change them. */
export const canMount =
  process.getuid?.() === 0 && spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'tmpfs', tmpdir()]).status === 0;

/** Starts Node where `folder` is a small disk of its own. */
export function onSmallDisk(folder: string, bytes: number): string[] {
  return ['unshare', '-m', 'sh', '-c', `mount -t tmpfs -o size=${bytes} tmpfs '${folder}' && exec "$0" "$@"`];
}
