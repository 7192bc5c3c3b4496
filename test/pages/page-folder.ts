/** A folder with the examples of a product page, where they compile and run as they stand there. */

import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Example, extractExamples } from './extract-examples.js';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../', import.meta.url));

const TIME_LIMIT_MS = 20_000;

/** What a part of a page goes on from. */
const FRAGMENT_PRELUDE = `import { Orchestrator } from 'troupe';
const orch = Orchestrator.create();
orch.spawnSubagent({ agentType: 'general', prompt: 'Use glob to find TypeScript files' });
await new Promise((resolve) => setTimeout(resolve, 100));
`;

/** Where a product page lies, beside this repository. */
export const pageAt = (name: string) => join(root, '../shared/seeds', name);

export class PageFolder {
  readonly examples: readonly Example[];
  readonly #folder: string;

  private constructor(folder: string, examples: readonly Example[]) {
    this.#folder = folder;
    this.examples = examples;
  }

  /** @param configName Of the config that the examples read; its model answers at `modelUrl`. */
  static async create(page: string, configName: string, modelUrl: string): Promise<PageFolder> {
    const folder = await mkdtemp(join(tmpdir(), 'troupe-pages-'));
    const examples = extractExamples(await readFile(page, 'utf8'));
    const tsconfig = {
      extends: join(root, 'tsconfig.json'),
      compilerOptions: {
        rootDir: '/',
        typeRoots: [join(root, 'node_modules/@types')],
        paths: { troupe: [join(root, 'src/index.ts')] },
      },
      include: ['*.ts'],
    };
    const files = {
      [configName]: `default_model = "mock/gpt"\nproviders "mock" {\n  api_key  = "none"\n  base_url = "${modelUrl}/v1"\n  models "gpt" {}\n}\n`,
      'tsconfig.json': JSON.stringify(tsconfig),
      'package.json': '{ "type": "module" }',
      ...Object.fromEntries(
        examples.map(({ source, isWhole }, index) => [nameOf(index), isWhole ? source : FRAGMENT_PRELUDE + source]),
      ),
    };
    await Promise.all(Object.entries(files).map(([name, text]) => writeFile(join(folder, name), text)));
    return new PageFolder(folder, examples);
  }

  /** Rejects with what the compiler says. */
  async compile(): Promise<void> {
    await run(process.execPath, [join(root, 'node_modules/typescript/lib/tsc.js'), '-p', this.#folder]);
  }

  /** Runs an example to its end. @returns what it prints. */
  async play(index: number): Promise<string> {
    const { stdout } = await run(process.execPath, [join(root, 'node_modules/tsx/dist/cli.mjs'), nameOf(index)], {
      cwd: this.#folder,
      timeout: TIME_LIMIT_MS,
    });
    return stdout;
  }

  remove(): Promise<void> {
    return rm(this.#folder, { recursive: true, force: true });
  }
}

const nameOf = (index: number) => `example-${index}.ts`;
