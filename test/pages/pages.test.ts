import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { LLMock } from '@copilotkit/aimock';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Example, extractExamples } from './extract-examples.js';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../', import.meta.url));
const pages = join(root, '../shared/seeds');
const page = join(pages, 'agent-orchestrator.txt');

const FRAGMENT_PRELUDE = `import { Orchestrator } from 'troupe';
const orch = Orchestrator.create();
orch.spawnSubagent({ agentType: 'general', prompt: 'Use glob to find TypeScript files' });
await new Promise((resolve) => setTimeout(resolve, 100));
`;

describe.skipIf(!existsSync(page))(
  `the examples of the product page (skipped without ${page.slice(root.length)})`,
  () => {
    const mock = new LLMock({ port: 0 });
    let folder = '';
    let examples: Example[] = [];
    const fileOf = (index: number) => join(folder, `example-${index}.ts`);

    beforeAll(async () => {
      mock.on({ hasToolResult: true }, { content: 'I found 3 TypeScript files.' });
      mock.on(
        { userMessage: 'Use glob', hasToolResult: false },
        { toolCalls: [{ name: 'glob', arguments: '{"pattern":"**/*.ts"}' }] },
      );
      await mock.start();
      folder = await mkdtemp(join(tmpdir(), 'troupe-pages-'));
      await writeFile(
        join(folder, 'agent.hcl'),
        `default_model = "mock/gpt"\nproviders "mock" {\n  api_key  = "none"\n  base_url = "${mock.url}/v1"\n  models "gpt" {}\n}\n`,
      );
      await writeFile(
        join(folder, 'tsconfig.json'),
        JSON.stringify({
          extends: join(root, 'tsconfig.json'),
          compilerOptions: {
            rootDir: '/',
            typeRoots: [join(root, 'node_modules/@types')],
            paths: { troupe: [join(root, 'src/index.ts')] },
          },
          include: ['*.ts'],
        }),
      );
      await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
      examples = extractExamples(await readFile(page, 'utf8'));
      await Promise.all(
        examples.map(({ source, isWhole }, index) =>
          writeFile(fileOf(index), isWhole ? source : FRAGMENT_PRELUDE + source),
        ),
      );
    });

    afterAll(async () => {
      await mock.stop();
      await rm(folder, { recursive: true, force: true });
    });

    const play = async (index: number) => {
      const { stdout } = await run(process.execPath, [join(root, 'node_modules/tsx/dist/cli.mjs'), fileOf(index)], {
        cwd: folder,
        timeout: 20_000,
      });
      return stdout;
    };

    it('are all found', () => {
      expect(examples.map(({ isWhole }) => isWhole)).toEqual([true, true, false]);
    });

    it('type-check under strict settings', { timeout: 60_000 }, async () => {
      await run(process.execPath, [join(root, 'node_modules/typescript/lib/tsc.js'), '-p', folder]);
    });

    it('run the stub, pause it and resume it', async () => {
      const output = await play(0);
      expect(output).toContain('SubAgent ID: subagent-1');
      expect(output).toContain('State: paused');
      expect(output).toMatch(/Result: Stub: 5 steps done/);
    });

    it('run a real model and real tools by way of agent.hcl, and end by themselves', async () => {
      await play(1);
      const requests = mock.getRequests();
      expect(requests).toHaveLength(2);
      expect(JSON.stringify(requests[1]?.body)).toContain('example-0.ts');
    });

    it('read the states, activities and listings of what runs', async () => {
      const output = await play(2);
      expect(output).toContain('SubAgent: subagent-1');
      expect(output).toContain('State: running');
      expect(output).toContain('subagent-1 is calling a tool');
      expect(output).toContain('Active SubAgents: 1');
    });
  },
);
