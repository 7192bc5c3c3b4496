import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { settleInterrupted } from '../../../src/activities/tools/index.js';
import type { JsonValue } from '../../../src/domain/json.js';
import { ToolReply } from '../../../src/domain/tool.js';
import { runProgram } from '../../support/child-process.js';
import { type Bench, makeBench, toolNamed } from './bench.js';

/** Large enough that writing it takes a while. */
const FILLER_BYTES = 4 * 1024 * 1024;
const contentOf = (round: number) => `round ${round};${'x'.repeat(FILLER_BYTES)}`;

/** Shared with the program, so that both know what each round does. */
const callOf = (tool: 'write' | 'edit', round: number): Record<string, unknown> =>
  tool === 'write'
    ? { file_path: 'dir/big.txt', content: contentOf(round) }
    : {
        file_path: 'dir/big.txt',
        old_string: `round ${round - 1};`,
        new_string: `round ${round};`,
        replace_all: false,
      };

interface Attempt {
  readonly tool: 'write' | 'edit';
  readonly round: number;
  readonly note: JsonValue | undefined;
}

/** One round: the note on disk, then the call. */
const program = (bench: Bench) => `
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { builtinTools, noteCall } from './src/activities/tools/index.ts';
const FILLER_BYTES = ${FILLER_BYTES};
const contentOf = ${contentOf};
const callOf = ${callOf};
const tools = new Map(builtinTools({ ripgrep: false }).map((tool) => [tool.name, tool]));
const context = { workspace: ${JSON.stringify(bench.root)}, filesSeen: new Map(), signal: new AbortController().signal };
const attempts = ${JSON.stringify(join(bench.outside, 'attempt'))};
async function run(name, round, begin = () => {}) {
  const tool = tools.get(name);
  const note = await noteCall(tool, callOf(name, round), context);
  fs.writeFileSync(attempts + '.new', JSON.stringify({ tool: name, round, note }));
  fs.renameSync(attempts + '.new', attempts);
  begin();
  const reply = await tool.run(callOf(name, round), context);
  if (reply.isError) throw new Error(reply.output);
}
`;

/** What recover says of the last attempt, held against what the file holds. */
async function checkRecovery(bench: Bench): Promise<'done' | 'not_begun'> {
  const { tool, round, note }: Attempt = JSON.parse(await readFile(join(bench.outside, 'attempt'), 'utf8'));
  const text = await readFile(bench.path('dir/big.txt'), 'utf8').catch(() => undefined);
  const holds = [round - 1, round].find((each) => text === contentOf(each));
  expect(text === undefined ? round : holds).toBeDefined(); // never torn
  const found = await settleInterrupted(toolNamed(tool), callOf(tool, round), note, bench.context);
  if (holds === round) expect(found).toBeInstanceOf(ToolReply);
  else expect(found).toBe('not_begun');
  expect(await leftOversIn(bench)).toEqual([]);
  return holds === round ? 'done' : 'not_begun';
}

const leftOversIn = async (bench: Bench) => {
  const names = await readdir(bench.path('dir')).catch(() => []);
  return names.filter((name) => name !== 'big.txt');
};

/** What is put in the place of the file system's functions for the call, which then ends the process at that step. */
const STEPS = {
  'before it makes the new file':
    'const { open } = fs.promises; fs.promises.open = (...args) => (args[1] & fs.constants.O_CREAT ? die() : open(...args));',
  'when the new file is half written':
    'handles.writeFile = async function (content) { await this.write(content.subarray(0, content.length / 2)); die(); };',
  'before the new file is on disk': 'handles.sync = die;',
  'before the new file takes the place of the old': 'fs.promises.rename = die;',
  'just after that':
    'const { rename } = fs.promises; fs.promises.rename = async (...args) => { await rename(...args); die(); };',
} as const;
const STEP_NAMES = Object.keys(STEPS) as (keyof typeof STEPS)[]; // its own keys

const killedAt = (bench: Bench, tool: 'write' | 'edit', round: number, step: keyof typeof STEPS) =>
  runProgram(
    `${program(bench)}
    const die = () => { process.kill(process.pid, 'SIGKILL'); for (;;); };
    const probe = await fs.promises.open('package.json');
    const handles = Object.getPrototypeOf(probe);
    await probe.close();
    await run('${tool}', ${round}, () => { ${STEPS[step]} syncBuiltinESMExports(); });`,
    { isBare: true },
  );

describe.each(['write', 'edit'] as const)('a process killed in the middle of %s', (tool) => {
  it.each(STEP_NAMES)('%s leaves a file that tells whether it was done', async (step) => {
    const bench = await makeBench({ 'dir/big.txt': contentOf(0) });
    expect(await killedAt(bench, tool, 1, step)).toMatchObject({ code: null, stderr: '' });
    const leavesOne = step !== 'before it makes the new file' && step !== 'just after that';
    expect(await leftOversIn(bench)).toHaveLength(leavesOne ? 1 : 0);
    expect(await checkRecovery(bench)).toBe(step === 'just after that' ? 'done' : 'not_begun');
  });
});

describe('a process killed while write makes a file', () => {
  it.each(['when the new file is half written', 'just after that'] as const)('%s', async (step) => {
    const bench = await makeBench();
    expect(await killedAt(bench, 'write', 0, step)).toMatchObject({ code: null, stderr: '' });
    expect(await checkRecovery(bench)).toBe(step === 'just after that' ? 'done' : 'not_begun');
  });
});

it('a process killed at any moment leaves a file that is whole, and recover tells which one it is', async () => {
  const kills = Array.from({ length: 10 }, (_, index) => 13 * index + 1); // ms; a round takes some 20
  for (const killAfterOutputMs of kills) {
    const bench = await makeBench();
    const endless = `
    await run('write', 0, () => console.log('go'));
    for (let round = 1; ; round += 1) await run(round % 2 ? 'edit' : 'write', round);`;
    const ended = await runProgram(`${program(bench)}${endless}`, { isBare: true, killAfterOutputMs });
    expect(ended).toMatchObject({ code: null, stderr: '' });
    await checkRecovery(bench);
  }
}, 30_000);
