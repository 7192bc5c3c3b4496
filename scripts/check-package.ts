/** Packs the library as it would be published, and uses it from a project of its own: types, imports, and what they load. */

import { execFile } from 'node:child_process';
import { copyFile, cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = fileURLToPath(new URL('..', import.meta.url));
const fixture = join(root, 'scripts/consumer');

/** Packages that are loaded when they are used, and may not be installed at all. */
const OPTIONAL = /\/node_modules\/(openai|nats|@nats-io|ws|@statelyai|@modelcontextprotocol|@opentelemetry)\//;

const folder = await mkdtemp(join(tmpdir(), 'troupe-package-'));
try {
  await install();
  const snippets = await writeSnippets();
  await compile('Bundler');
  await compile('NodeNext');
  await node(['consumer.js']);
  for (const name of snippets) await node([`${name}.js`]);
  await importsWork();
  await loadsOnlyWhatItNeeds();
  await doctorTells();
  await demoShows();
  console.log('the package holds what its consumers need');
} catch (error) {
  // Compilers and programs tell their problems on stdout.
  const { message, stdout } = error as Error & { stdout?: string };
  console.error([message, stdout].filter(Boolean).join('\n'));
  process.exitCode = 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}

/** The packed files, beside links to the packages that its package.json names, and to no others. */
async function install(): Promise<void> {
  const { stdout } = await run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder], {
    cwd: root,
  });
  const [packed] = JSON.parse(stdout) as { filename: string; files: { path: string }[] }[]; // the form of npm pack --json
  if (!packed) throw new Error('npm pack packed nothing');
  const unwanted = packed.files.filter(({ path }) => /^(src|test|scripts|examples|bench)\/|\.tsbuildinfo$/.test(path));
  if (unwanted.length > 0) throw new Error(`packed without need: ${unwanted.map(({ path }) => path).join(', ')}`);
  const modules = join(folder, 'node_modules');
  await mkdir(join(modules, 'troupe'), { recursive: true });
  await run('tar', ['-xzf', join(folder, packed.filename), '-C', join(modules, 'troupe'), '--strip-components=1']);
  const manifest = JSON.parse(await readFile(join(modules, 'troupe/package.json'), 'utf8'));
  for (const name of [...Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies }), '@types/node']) {
    await mkdir(dirname(join(modules, name)), { recursive: true });
    await symlink(join(root, 'node_modules', name), join(modules, name), 'dir');
  }
  await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'consumer', private: true, type: 'module' }));
}

/** The programs of docs/monitor.md, which run as they stand. @returns their names. */
async function writeSnippets(): Promise<string[]> {
  const page = await readFile(join(root, 'docs/monitor.md'), 'utf8');
  const sources = [...page.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, source = '']) => source);
  if (sources.length === 0) throw new Error('docs/monitor.md has no programs any more');
  const names = sources.map((_, index) => `snippet-${index}`);
  await Promise.all(sources.map((source, index) => writeFile(join(folder, `${names[index]}.ts`), source)));
  return names;
}

/** Strict, but with neither `noUncheckedIndexedAccess` nor `exactOptionalPropertyTypes`, and declarations are checked too. */
async function compile(moduleResolution: 'NodeNext' | 'Bundler'): Promise<void> {
  const compilerOptions = {
    target: 'ES2022',
    lib: ['ES2023', 'ESNext.Disposable'],
    module: moduleResolution === 'NodeNext' ? 'NodeNext' : 'ESNext',
    moduleResolution,
    strict: true,
    skipLibCheck: false,
    types: ['node'],
  };
  await copyFile(join(fixture, 'consumer.ts'), join(folder, 'consumer.ts'));
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }));
  await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', folder], { cwd: folder });
}

async function importsWork(): Promise<void> {
  const names = ['Agent', 'Orchestrator', 'TroupeError', 'defineTool'];
  const check = `const missing = ${JSON.stringify(names)}.filter((name) => typeof troupe[name] !== 'function');
    if (missing.length > 0) throw new Error('troupe does not export ' + missing.join(', '));`;
  await node(['-e', `import('troupe').then((troupe) => { ${check} })`]);
  await node(['--input-type=commonjs', '-e', `const troupe = require('troupe'); ${check}`]);
}

async function loadsOnlyWhatItNeeds(): Promise<void> {
  const plain = await loadedBy('troupe');
  const eager = plain.filter((url) => OPTIONAL.test(url));
  if (eager.length > 0)
    throw new Error(`importing troupe loads ${eager[0]} (${eager.length} files); import it when it is used`);
  const machines = await loadedBy('troupe/machines');
  const builtins = machines.filter((url) => url.startsWith('node:'));
  if (builtins.length > 0)
    throw new Error(`importing troupe/machines loads ${builtins.join(', ')}; it must run in a browser`);
  await loadedBy('troupe/telemetry');
  await loadedBy('troupe/testing');
  const inspect = (await loadedBy('troupe/inspect')).filter((url) => OPTIONAL.test(url));
  if (inspect.length > 0)
    throw new Error(`importing troupe/inspect loads ${inspect[0]}; startInspector does, or says what to install`);
  if (plain.some((url) => url.includes('/dist/src/monitor/')))
    throw new Error('importing troupe loads the monitor; it is a subpath of its own');
  await loadedBy('troupe/monitor');
}

/** Here all is there; where the packages that it needs are not, the program says so, and does not fall over them. */
async function doctorTells(): Promise<void> {
  const program = 'node_modules/troupe/dist/src/cli/main.js';
  await run(process.execPath, [program, 'doctor'], { cwd: folder });
  const bare = await mkdtemp(join(tmpdir(), 'troupe-bare-'));
  try {
    await mkdir(join(bare, 'node_modules'));
    await cp(join(folder, 'node_modules/troupe'), join(bare, 'node_modules/troupe'), { recursive: true });
    const told: { code?: unknown; stdout: string } = await run(process.execPath, [program, 'doctor'], {
      cwd: bare,
    }).catch((error) => error);
    for (const name of ['rxjs', 'xstate', 'zod']) {
      if (
        told.code !== 1 ||
        !new RegExp(`^NEEDED +${name} +not installed: npm install ${name}@`, 'm').test(told.stdout)
      )
        throw new Error(`doctor does not tell that ${name} is missing:\n${told.stdout}`);
    }
  } finally {
    await rm(bare, { recursive: true, force: true });
  }
}

/** Both demos run as they are packed, and the first of them finds the page. */
async function demoShows(): Promise<void> {
  const program = 'node_modules/troupe/dist/src/cli/main.js';
  const { stderr } = await run(process.execPath, [program, 'demo'], { cwd: folder });
  if (!/^live page: http:/m.test(stderr)) throw new Error(`the demo has no live page:\n${stderr}`);
  await run(process.execPath, [program, 'demo', '--crash'], { cwd: folder });
}

/** URLs of all modules that an import of `specifier` loads, as the module loader tells them. */
async function loadedBy(specifier: string): Promise<string[]> {
  const log = join(folder, 'loaded.txt');
  await rm(log, { force: true });
  await node(['--import', join(fixture, 'log-loads.mjs'), '-e', `import('${specifier}')`], { LOADED_LOG: log });
  const urls = (await readFile(log, 'utf8')).trimEnd().split('\n');
  if (!urls.some((url) => url.includes('/node_modules/troupe/dist/')))
    throw new Error(`${specifier}: nothing was logged`);
  return urls;
}

function node(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<unknown> {
  return run(process.execPath, args, { cwd: folder, env: { PATH: process.env.PATH, ...env } });
}
