import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { builtSources } from './support/built-sources.js';
import { countingServer } from './support/counting-server.js';

const SEED = Number(process.env.SEED ?? 1);
const MAX_LIVES = 120;
/** A process is left alone for as long at most, in ms, from when it has begun. */
const MAX_LIFE_MS = 160;

interface Said {
  readonly effect?: string;
  readonly results?: readonly (readonly [name: string, output: string])[];
  readonly handles?: readonly (readonly [id: string, prompt: string, parentId: string | null])[];
}

/** The same numbers each time, from 0 to 1. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** `x-4` has one turn with calls, `x-5` two; a head hands out tasks first. */
function turnOf(prompt: string, turn: number) {
  const number = Number(/\d+$/.exec(prompt)?.[0] ?? 0);
  const isHead = /^nested-\d+$/.test(prompt);
  const note = ['note', { label: `${prompt}#${turn}` }] as const;
  if (isHead && turn === 0) {
    const tasks = [0, 1, 2].map((task) => ({ agent: 'hand', prompt: `${prompt}.${task}` }));
    return { calls: [['task', { tasks }]] as const };
  }
  const rounds = isHead ? 2 : number % 3;
  if (turn >= rounds) return { text: `${prompt} is done` };
  return { calls: number % 2 === 0 ? [note] : [['peek', { label: 'p' }] as const, note] };
}

/** Runs the program again and again, killing it at any moment, until it ends by itself. */
async function liveAndDie(mode: string, size: number, seed: number) {
  const random = randomOf(seed);
  const folder = mkdtempSync(join(tmpdir(), 'troupe-kill-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, 'agents'));
  for (const [name, spawns] of [
    ['hand', false],
    ['head', true],
  ] as const) {
    const permissions = 'permissions:\n  allow: [note, peek, task]\n  default: deny\n';
    const head = `name: ${name}\ndescription: d\nmax_steps: 9\ncan_spawn_subagents: ${spawns}\n`;
    writeFileSync(join(folder, 'agents', `${name}.yaml`), `${head}${permissions}prompt: Work.\n`);
  }
  const server = await countingServer(turnOf, () => 3 + random() * 25);
  onTestFinished(() => server.close());
  let kills = 0;
  for (let life = 0; life < MAX_LIVES; life++) {
    const program = join(builtSources(), 'test/crash/support/crash-child.js');
    const child = spawn(process.execPath, [program, mode, folder, server.url, String(size), String(life)]);
    let complaint = '';
    child.stderr.on('data', (text) => {
      complaint += text;
    });
    const ended = once(child, 'close');
    await Promise.race([once(child.stdout, 'data'), ended]);
    let timer: NodeJS.Timeout | undefined;
    // The first life is let be until all that it spawned is on disk, which is before it is asked about.
    const isSafe = () => mode === 'workflow' || life > 0 || server.conversations.size >= size;
    const killSoon = () => {
      timer = setTimeout(() => (isSafe() ? child.kill('SIGKILL') : killSoon()), random() * MAX_LIFE_MS);
    };
    killSoon();
    const [code] = await ended;
    clearTimeout(timer);
    if (code === 0) break;
    expect({ code, complaint }).toEqual({ code: null, complaint: '' });
    kills += 1;
  }
  const lines = readFileSync(join(folder, 'said'), 'utf8').trimEnd().split('\n');
  return { kills, server, said: lines.map((line) => JSON.parse(line) as Said) };
}

function checkOnce(said: readonly Said[]): void {
  const effects = said.flatMap(({ effect }) => (effect === undefined ? [] : [effect]));
  expect(effects.filter((effect, index) => effects.indexOf(effect) !== index)).toEqual([]);
}

describe('a program that is killed again and again', { timeout: 90_000, concurrent: true }, () => {
  beforeAll(() => {
    builtSources();
  });

  it('ends a resumable workflow with every outcome right, no call made twice and no answer asked for again', async () => {
    const { kills, server, said } = await liveAndDie('workflow', 30, SEED);
    expect(server.problems).toEqual([]);
    checkOnce(said);
    const wanted = Array.from({ length: 30 }, (_, index) => [`workflow-${index}`, `workflow-${index} is done`]);
    expect(said.at(-1)?.results).toEqual(wanted);
    console.log('kills', kills);
  });

  it('ends subagents and the children that they hand tasks to, each at its own point', async () => {
    const { kills, server, said } = await liveAndDie('nested', 6, SEED + 1);
    expect(server.problems).toEqual([]);
    checkOnce(said);
    const ids = new Map<string, string>();
    const results = new Map<string, string>();
    for (const { handles = [], results: given = [] } of said) {
      for (const [id, prompt, parentId] of handles) {
        expect(ids.get(id) ?? prompt).toBe(prompt);
        ids.set(id, prompt);
        if (parentId !== null) expect(prompt.startsWith(`${ids.get(parentId)}.`)).toBe(true);
      }
      for (const [prompt, output] of given) results.set(prompt, output);
    }
    for (const [prompt, output] of results) expect(output).toBe(`${prompt} is done`);
    expect(new Set([...ids.values()]).size).toBe(ids.size);
    for (const prompt of server.conversations) expect(server.asked.get(prompt)?.length).toBe(turnsOf(prompt));
    expect(server.conversations.size).toBe(6 * 4);
    console.log('kills', kills);
  });
});

function turnsOf(prompt: string): number {
  let turn = 0;
  while (!('text' in turnOf(prompt, turn))) turn += 1;
  return turn + 1;
}
