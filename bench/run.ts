/** Runs all measurements in fresh processes and prints them as a table: `npm run bench`, with `--write` into docs; `-- turn` or `-- delta` runs that alone. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { quantile } from './measure.js';

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 3);
const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
/** Of each measurement against its floor, in a round. */
const BLOCKS = 15;
/** Work that is measured against the raw client: its name, what is counted, the goal. */
const AGAINST_FLOOR = [
  ['turn', 'ms CPU a turn with a tool call', '1.35'],
  ['delta', 'us CPU a text delta', '1.10'],
] as const;
const node = (
  file: string,
  args: readonly string[],
  stdio: readonly ('ignore' | 'pipe' | 'inherit')[] = ['ignore', 'pipe', 'inherit'],
): ChildProcess =>
  spawn(process.execPath, ['--expose-gc', '--import', 'tsx', at(file), ...args], {
    stdio: [...stdio],
    // Without the paths of the project's own tsconfig `troupe` is the built package, which is what users run.
    env: { ...process.env, TSX_TSCONFIG_PATH: at('./tsconfig.json') },
  });

async function firstLine(child: ChildProcess): Promise<string> {
  if (!child.stdout) throw new Error('the child has no output');
  for await (const line of createInterface({ input: child.stdout })) return line;
  throw new Error('the child said nothing');
}

async function result(file: string, ...args: string[]): Promise<Record<string, number>> {
  const child = node(`./workloads/${file}`, args);
  const [line, [code]] = await Promise.all([firstLine(child), once(child, 'exit')]);
  if (code !== 0) throw new Error(`${file} ${args.join(' ')} ended with ${code}`);
  return JSON.parse(line) as Record<string, number>;
}

const median = (values: readonly number[]) => quantile(values, 0.5);
const pick = (rows: readonly Record<string, number>[], key: string) =>
  median(rows.map((row) => row[key] ?? Number.NaN));

/** A process that measures a block of work each time it is asked. */
function measurer(file: string, ...args: string[]) {
  const child = node(`./workloads/${file}`, args, ['pipe', 'pipe', 'inherit']);
  if (!child.stdout || !child.stdin) throw new Error('the child has no pipes');
  const { stdin } = child;
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => JSON.parse((await lines.next()).value ?? '{}') as Record<string, number>;
  return {
    ready: next(),
    block: async () => {
      stdin.write('\n');
      return (await next()).value ?? Number.NaN;
    },
    end: async () => {
      const ended = once(child, 'exit');
      stdin.end();
      const [code] = await ended;
      if (code !== 0) throw new Error(`${file} ${args.join(' ')} ended with ${code}`);
    },
  };
}

/**
 * The floor and the same work by subagents, in two processes that take turns block by block: a machine whose speed
 * varies is then as fast for both. The ratio is the median of those of neighbouring blocks.
 */
async function againstFloor(workload: string, url: string) {
  const raw: number[] = [];
  const own: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const floor = measurer('raw.ts', workload, url);
    await floor.ready;
    const measured = measurer('subagents.ts', workload, url);
    await measured.ready;
    for (let block = 0; block < BLOCKS; block++) {
      raw.push(await floor.block());
      own.push(await measured.block());
    }
    await floor.end();
    await measured.end();
  }
  const ratio = median(own.map((value, index) => value / (raw[index] ?? Number.NaN)));
  return { raw: median(raw), own: median(own), ratio };
}

/** The same work with a store and without, in turns. */
async function compared(file: string, ...args: string[]) {
  const stored: Record<string, number>[] = [];
  const unstored: Record<string, number>[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    unstored.push(await result(file, 'unstored', ...args));
    stored.push(await result(file, 'stored', ...args));
  }
  return { stored, unstored };
}

/** What a store costs: a fan-out of steps on disk, a restore after a crash, one more turn of a long history. */
async function durableText(url: string): Promise<string[]> {
  const fanOut = await compared('durable.ts', url);
  const row = (what: string, key: string) => {
    const [without, having] = [pick(fanOut.unstored, key), pick(fanOut.stored, key)];
    return `| ${what} | ${without.toFixed(0)} | ${having.toFixed(0)} | **${(having / without).toFixed(2)}** |`;
  };
  const restores: Record<string, number>[] = [];
  for (let round = 0; round < ROUNDS; round++) restores.push(await result('restore.ts', '1000'));
  const { stored, unstored } = await compared('history.ts');
  const keeping = (key: string) => pick(stored, key) - pick(unstored, key);
  const turn = (messages: string, age: string) =>
    `| ${messages} | ${[keeping(`${age}CpuUs`), pick(stored, `${age}RecordBytes`), pick(stored, `${age}DocumentBytes`)].map((cell) => cell.toFixed(0)).join(' | ')} |`;
  return [
    'What a store costs: with a `FileSessionStore`, 500 steps of 4 KB answers, 50 at once, by a model that answers after 20 ms:',
    '',
    '| fan-out | without a store | with one | ratio |',
    '|---|---|---|---|',
    row('ms wall', 'wallMs'),
    row('ms CPU', 'cpuMs'),
    '',
    `On disk then: ${pick(fanOut.stored, 'bytesAStep').toFixed(0)} bytes a step, ${pick(fanOut.stored, 'ofPayload').toFixed(2)} times the answer.`,
    '',
    `Restore of 1,000 unfinished subagents, a turn and a tool call old, whose process was killed, by a process that has just begun: ${pick(restores, 'wallMs').toFixed(0)} ms, ${pick(restores, 'msEach').toFixed(2)} ms each (CPU ${pick(restores, 'cpuMs').toFixed(0)} ms).`,
    '',
    '| keeping one more turn with a tool call, behind | us CPU | bytes of records | bytes of the document |',
    '|---|---|---|---|',
    turn('10 messages', 'early'),
    turn('1,000 messages', 'late'),
  ];
}

/** What a conversation that rests weighs in memory, and what it costs to go on when it had left. */
async function passiveText(): Promise<string[]> {
  const left: Record<string, number>[] = [];
  const few: Record<string, number>[] = [];
  const stayed: Record<string, number>[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    left.push(await result('passive.ts', 'left'));
    few.push(await result('passive.ts', 'left', '100', '10'));
    stayed.push(await result('passive.ts', 'stayed'));
  }
  const row = (what: string, runs: readonly Record<string, number>[], life: string) => {
    const [before, after] = [pick(runs, `${life}BeforeKb`), pick(runs, `${life}AfterKb`)];
    return `| ${what} | ${before.toFixed(0)} | ${after.toFixed(0)} | **${(after / before).toFixed(2)}** |`;
  };
  return [
    '100 paused subagents, each with a conversation of 100 messages of 1 KB, in a `FileSessionStore`:',
    '',
    '| heap, KB each | before it left | after | ratio |',
    '|---|---|---|---|',
    row('with up to 1,000 kept events, which hold texts and results too', left, 'live'),
    row('with 10 kept events', few, 'live'),
    row('restored: events of former lives are not kept', left, 'restored'),
    '',
    `Going on, all at once: ${pick(left, 'cpuMsEach').toFixed(1)} ms CPU each with reading back, ${pick(stayed, 'cpuMsEach').toFixed(1)} ms where the conversation had stayed.`,
  ];
}

/** What troupe adds to the client: each row is one kind of work, with its ratio to the floor. */
async function floorText(url: string, works: readonly (typeof AGAINST_FLOOR)[number][]): Promise<string[]> {
  const rows: string[] = [];
  for (const [workload, unit, goal] of works) {
    const { raw, own, ratio } = await againstFloor(workload, url);
    rows.push(`| ${unit} | ${raw.toFixed(2)} | ${own.toFixed(2)} | **${ratio.toFixed(2)}** | <= ${goal} |`);
  }
  return ['| work | raw client loop | subagents | ratio | goal |', '|---|---|---|---|---|', ...rows];
}

/** What a subagent costs as they grow in number. */
async function scaleText(): Promise<string[]> {
  const rows: string[] = [];
  let floor = Number.NaN;
  for (const count of [100, 1000, 10_000]) {
    const runs: Record<string, number>[] = [];
    for (let round = 0; round < ROUNDS; round++) runs.push(await result('scale.ts', String(count)));
    const spawnUs = pick(runs, 'spawnUs');
    if (count === 100) floor = spawnUs;
    // At 100 the heap moves more by itself than by what is measured.
    const heap = count < 1000 ? [] : [pick(runs, 'inFlightKb'), pick(runs, 'endedKb')];
    const cells = [spawnUs, spawnUs / floor, pick(runs, 'cancelUs'), ...heap].map((cell) =>
      cell.toFixed(cell < 10 ? 2 : 0),
    );
    rows.push(`| ${count} | ${[...cells, '', ''].slice(0, 5).join(' | ')} |`);
  }
  return [
    '| subagents at once | spawn, us CPU each | against 100 | cancel, us CPU each | heap in flight, KB each | heap when ended, KB each |',
    '|---|---|---|---|---|---|',
    ...rows,
  ];
}

const INTRODUCTION =
  '# Performance\n\nMeasured by `npm run bench -- --write` on the built package: a fake server on loopback in a process of its own, each measurement in a fresh process, its floor in another beside it, block by block in turns. The floor is the `openai` client and a loop written by hand. Heap when ended includes the kept events and outcome of each.';

async function wholeText(url: string): Promise<string> {
  const floor = await floorText(url, AGAINST_FLOOR);
  const scale = await scaleText();
  const cancel = await result('cancel.ts', url);
  return [
    `Node ${process.versions.node}, ${cpus().length} cores, ${ROUNDS} rounds, medians. Read the ratios: absolute figures move with the machine and its load.`,
    '',
    ...floor,
    '',
    ...scale,
    '',
    `Cancel of a silent request until its outcome is there: median ${cancel.medianMs?.toFixed(2)} ms, p95 ${cancel.p95Ms?.toFixed(2)} ms.`,
    '',
    ...(await durableText(url)),
    '',
    ...(await passiveText()),
  ].join('\n');
}

const server = node('./server.ts', []);
try {
  const url = `http://127.0.0.1:${await firstLine(server)}/v1`;
  const only = AGAINST_FLOOR.filter(([workload]) => process.argv.includes(workload));
  if (only.length > 0) console.log((await floorText(url, only)).join('\n'));
  else {
    const text = await wholeText(url);
    console.log(text);
    if (process.argv.includes('--write')) writeFileSync(at('../docs/performance.md'), `${INTRODUCTION}\n\n${text}\n`);
  }
} finally {
  server.kill();
}
