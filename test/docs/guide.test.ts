import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { promisedBy } from '../../scripts/examples/expected-output.js';
import { builtinTools, skillTool } from '../../src/activities/tools/index.js';
import { BUILTIN_DEFINITIONS } from '../../src/agent/index.js';
import { InspectorOptions } from '../../src/config/index.js';
import {
  Agent,
  AgentEvent,
  AgentOptions,
  AgentStepSpec,
  familyOf,
  OrchestratorConfig,
  SessionOptions,
  SubAgentConfig,
  type TroupeErrorCode,
} from '../../src/index.js';
import { runProgram } from '../support/child-process.js';
import { blocksOf, namesIn, tableOf } from './markdown.js';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../', import.meta.url));
const read = (path: string) => readFile(join(root, path), 'utf8');
const guide = await read('docs/guide.md');
const readme = await read('README.md');
const xstate = await read('docs/xstate.md');
const inspect = await read('docs/inspect.md');
const monitor = await read('docs/monitor.md');
const ofLanguage = (page: string, language: string) => blocksOf(page).filter((block) => block.language === language);

/** What blocks may use without making it. */
const PRELUDE = `import type { Agent, Orchestrator, SubAgentHandle } from 'troupe';
declare global {
  const agent: Agent;
  const orchestrator: Orchestrator;
  const handle: SubAgentHandle;
}
`;

const folders: string[] = [];
async function tempFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'troupe-guide-'));
  folders.push(folder);
  return folder;
}
afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

describe('the TypeScript of README, guide and pages beside it', () => {
  let problems: string[] = [];

  // One run for all, with a fault of its own in it, so that silence is known to mean something.
  beforeAll(async () => {
    const folder = await tempFolder();
    const write = (name: string, source: string) => writeFile(join(folder, name), `${source}\nexport {};\n`);
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
    const paths = {
      troupe: [join(root, 'src/index.ts')],
      'troupe/machines': [join(root, 'machines/index.ts')],
      'troupe/telemetry': [join(root, 'src/telemetry/index.ts')],
      'troupe/monitor': [join(root, 'src/monitor/index.ts')],
      'troupe/testing': [join(root, 'src/testing/index.ts')],
      'troupe/inspect': [join(root, 'src/inspect/index.ts')],
    };
    const compilerOptions = { rootDir: '/', typeRoots: [join(root, 'node_modules/@types')], paths };
    const config = { extends: join(root, 'tsconfig.json'), compilerOptions, include: ['*.ts'] };
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config));
    await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
    await write('prelude.d.ts', PRELUDE);
    for (const [page, text] of Object.entries({ guide, readme, xstate, inspect, monitor })) {
      for (const { source, line } of ofLanguage(text, 'ts')) {
        await write(`${page}-${line}.ts`, '\n'.repeat(line - 1) + source); // the compiler's lines are those of the page
      }
    }
    const codes = errorRows().map(([code]) => `${code}: true`);
    await write('codes.ts', `const codes: Record<import('troupe').TroupeErrorCode, true> = { ${codes.join(', ')} };`);
    await write('wrong-3.ts', '\n\nhandle.pase();');
    const tsc = [join(root, 'node_modules/typescript/lib/tsc.js'), '-p', folder];
    const told = await run(process.execPath, tsc, { cwd: folder }).catch((error: { stdout: string }) => error);
    problems = told.stdout.split('\n').filter((line) => /^[\w-]+\.ts\(/.test(line)); // of these files: the library's are told elsewhere
  }, 60_000);

  it('type-checks, block by block; a fault would be told with page and line', () => {
    expect(ofLanguage(guide, 'ts').length).toBeGreaterThan(10);
    expect(problems).toEqual([expect.stringMatching(/^wrong-3\.ts\(3,8\): error/)]);
  });
});

describe('the README', () => {
  it('shows the first example as it is, and what that prints', async () => {
    const example = await read('examples/first.ts');
    const program = example.slice(example.indexOf('*/') + 2).trim();
    expect(ofLanguage(readme, 'ts')[0]?.source).toBe(program);
    expect(ofLanguage(readme, 'text')[0]?.source.split('\n')).toEqual(promisedBy(example).lines);
  });
});

describe('the page on the monitor', () => {
  it('links to pictures that are there', () => {
    const targets = [...monitor.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
    expect(targets.length).toBeGreaterThan(1);
    expect(targets.filter((target) => !existsSync(join(root, 'docs', target)))).toEqual([]);
  });
});

describe('the guide', () => {
  it('links to files that are there, and to headings of its own', () => {
    const targets = [...guide.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
    const headings = [...guide.matchAll(/^#+ (.*)$/gm)].map(
      ([, text = '']) => `#${text.toLowerCase().replaceAll(' ', '-')}`,
    );
    const missing = targets.filter((target) =>
      target.startsWith('#') ? !headings.includes(target) : !existsSync(join(root, 'docs', target)),
    );
    expect(targets.length).toBeGreaterThan(10);
    expect(missing).toEqual([]);
  });

  it('shows configs, definitions and skills that load', async () => {
    const folder = await tempFolder();
    const named = blocksOf(guide).filter(({ title }) => title !== '');
    for (const { title, source } of named) {
      await mkdir(dirname(join(folder, title)), { recursive: true });
      await writeFile(join(folder, title), `${source}\n`);
    }
    vi.stubEnv('OPENAI_API_KEY', 'not-a-key');
    const [agent] = await Promise.all(
      ['agent.acl', 'agent.yaml'].map((file) => Agent.create(join(folder, file))),
    ).finally(() => vi.unstubAllEnvs());
    expect(named.map(({ title }) => title)).toEqual([
      'agent.acl',
      'agent.yaml',
      'agents/auditor.md',
      'skills/house-style/SKILL.md',
    ]);
    expect(agent?.runtime.definitionOf('auditor').maxSteps).toBe(15);
    expect(agent?.runtime.skillsOf().map(({ name }) => name)).toEqual(['house-style']);
  });

  it('names every event with its fields', () => {
    const envelope = ['subagentId', 'parentId?', 'epoch', 'seq', 'offset', 'time', 'v'];
    const told = tableOf(guide, '`type`').map(([type, fields]) => [namesIn(type)[0], namesIn(fields)]);
    const actual = eventShapes().map(([type, fields]) => [
      type,
      type === 'gap' ? fields : fields.filter((field) => !envelope.includes(field)),
    ]);
    expect(sorted(told)).toEqual(sorted(actual));
  });

  it('names every error code with its family', () => {
    // That none is missing or unknown is for the compiler to say, above.
    for (const [code, family] of errorRows()) expect([code, familyOf(code)]).toEqual([code, family]);
  });

  it('names the built-in tools with their arguments', () => {
    const told = tableOf(guide, 'tool').map(([tool, args]) => [namesIn(tool)[0], namesIn(args)]);
    const tools = [...builtinTools(), skillTool([])].map(({ name, parameters }) => [name, argumentsOf(parameters)]);
    expect(told).toEqual([...sortedLike(tools, told), ['task', ['tasks*']]]);
  });

  it('names the built-in definitions with aliases, turns and tools', () => {
    const told = tableOf(guide, 'built in').map(([name, turns, tools, rest]) => ({
      names: [...(name ?? '').matchAll(/`([^`]+)`/g)].map(([, each]) => each),
      maxSteps: Number(turns),
      tools: namesIn(tools),
      otherwise: rest === 'is asked' ? 'ask' : 'deny',
    }));
    expect(told).toEqual(
      BUILTIN_DEFINITIONS.map(({ name, aliases, maxSteps, tools, permissions }) => ({
        names: [name, ...aliases],
        maxSteps,
        tools: tools ?? [],
        otherwise: permissions.default,
      })),
    );
  });

  it.each([
    ['`SubAgentConfig`', SubAgentConfig],
    ['`OrchestratorConfig`', OrchestratorConfig],
    ['`SessionOptions`', SessionOptions],
    ['`AgentStepSpec`', AgentStepSpec],
    ['option', AgentOptions],
  ])('names every key of %s', (head, schema) => {
    const told = tableOf(guide, head).flatMap(([keys]) => namesIn(keys));
    expect(told.sort()).toEqual(Object.keys(schema.shape).sort());
  });
});

describe('the page about inspectors', () => {
  it('names every option of startInspector', () => {
    const told = tableOf(inspect, 'option').flatMap(([keys]) => namesIn(keys));
    expect(told.sort()).toEqual(Object.keys(InspectorOptions.shape).sort());
  });

  it('begins with a program that runs and ends by itself', { timeout: 60_000 }, async () => {
    const [program] = ofLanguage(inspect, 'ts');
    const ended = await runProgram(program?.source ?? '', { isBare: true });
    expect(ended).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^open http:\/\/127\.0\.0\.1:\d+\/\?token=[0-9a-f]{32}\n.+\n$/),
      stderr: '',
    });
  });
});

/** Of the guide's table: each code with its family. */
function errorRows() {
  return tableOf(guide, 'code').flatMap(
    ([codes, family]) => namesIn(codes).map((code) => [code as TroupeErrorCode, namesIn(family)[0]] as const), // `codes.ts` proves it
  );
}

interface ObjectShape {
  readonly properties: Readonly<Record<string, { readonly const?: string }>>;
  readonly required: readonly string[];
}

/** Each type with its fields, optional ones marked. */
function eventShapes(): [string, string[]][] {
  const schema: unknown = z.toJSONSchema(AgentEvent, { unrepresentable: 'any', io: 'input' });
  return objectsIn(schema).map(({ properties, required }) => [
    properties.type?.const ?? '',
    Object.keys(properties)
      .filter((key) => key !== 'type')
      .map((key) => (required.includes(key) ? key : `${key}?`)),
  ]);
}

function objectsIn(schema: unknown): ObjectShape[] {
  const { anyOf, oneOf } = schema as { anyOf?: unknown[]; oneOf?: unknown[] }; // a JSON Schema: one of the two, or an object's
  return (anyOf ?? oneOf)?.flatMap(objectsIn) ?? [schema as ObjectShape];
}

function argumentsOf(parameters: unknown): string[] {
  const { properties, required = [] } = parameters as { properties: object; required?: readonly string[] }; // of an object
  return Object.keys(properties).map((key) => (required.includes(key) ? `${key}*` : key));
}

const sorted = (rows: unknown[][]) => [...rows].sort((a, b) => String(a[0]).localeCompare(String(b[0])));
const sortedLike = (rows: unknown[][], order: unknown[][]) =>
  [...rows].sort((a, b) => order.findIndex(([name]) => name === a[0]) - order.findIndex(([name]) => name === b[0]));
