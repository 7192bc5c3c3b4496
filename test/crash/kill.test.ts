import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { builtSources } from './support/built-sources.js';
import { countingServer } from './support/counting-server.js';

const SEED = Number(process.env.SEED ?? 1);
const KILLS = 50;
/** A process is left alone for as long at most, in ms, from when it has begun. */
const MAX_LIFE_MS = 120;
/** Of ten lives, as many last until something is asked. */
const LIVES_WITH_WORK = 9;

/** One for each kill, so that there is work to do to the last of them. */
const STEPS = KILLS;
const HEADS = 5;
const HANDS = 10;

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
  const isHead = /^head-\d+$/.test(prompt);
  const note = ['note', { label: `${prompt}#${turn}` }] as const;
  if (isHead && turn === 0) {
    const tasks = [0, 1, 2].map((task) => ({ agent: 'hand', prompt: `${prompt}.${task}` }));
    return { calls: [['task', { tasks }]] as const };
  }
  const rounds = isHead ? 2 : number % 3;
  if (turn >= rounds) return { text: `${prompt} is done` };
  return { calls: number % 2 === 0 ? [note] : [['peek', { label: 'p' }] as const, note] };
}

/** Runs the program again and again, killing it at any moment; after the last kill it may end. */
async function liveAndDie(seed: number) {
  const random = randomOf(seed);
  const folder = mkdtempSync(join(tmpdir(), 'troupe-kill-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, 'agents'));
  for (const name of ['hand', 'head']) {
    const permissions = 'permissions:\n  allow: [note, peek, task]\n  default: deny\n';
    const definition = `name: ${name}\ndescription: d\nmax_steps: 9\ncan_spawn_subagents: ${name === 'head'}\n`;
    writeFileSync(join(folder, 'agents', `${name}.yaml`), `${definition}${permissions}prompt: Work.\n`);
  }
  let kills = 0;
  const held = new Set<() => void>();
  /** However fast the machine is: a step is answered when it is its turn to be killed, so that nothing ends before the last kill. */
  const release = async (prompt: string) => {
    const step = Number(/^step-(\d+)$/.exec(prompt)?.[1] ?? -1);
    while (kills <= step) await new Promise<void>((resolve) => held.add(resolve));
  };
  const server = await countingServer(turnOf, () => 10 + random() * 60, release);
  onTestFinished(() => server.close());
  const program = join(builtSources(), 'test/crash/support/crash-child.js');
  for (let life = 0; ; life++) {
    const size = [STEPS, HEADS, HANDS].map(String);
    const child = spawn(process.execPath, [program, folder, server.url, String(life), ...size]);
    let complaint = '';
    child.stderr.on('data', (text) => {
      complaint += text;
    });
    const ended = once(child, 'close');
    const isToWork = random() * 10 < LIVES_WITH_WORK;
    await Promise.race([isToWork ? server.nextRequest() : once(child.stdout, 'data'), ended]);
    let timer: NodeJS.Timeout | undefined;
    // The first life is let be until all that it spawned is on disk, which is before it is asked about.
    const isSafe = () => life > 0 || server.conversations.size >= HEADS + HANDS;
    const killSoon = () => {
      timer = setTimeout(() => (isSafe() ? child.kill('SIGKILL') : killSoon()), random() * MAX_LIFE_MS);
    };
    if (kills < KILLS) killSoon();
    const [code] = await ended;
    clearTimeout(timer);
    if (code === 0) break;
    expect({ code, complaint }).toEqual({ code: null, complaint: '' });
    kills += 1;
    for (const goOn of held) goOn();
    held.clear();
  }
  const lines = readFileSync(join(folder, 'said'), 'utf8').trimEnd().split('\n');
  return { kills, server, said: lines.map((line) => JSON.parse(line) as Said) };
}

it('a program that is killed fifty times does each call once, asks for no answer again, and ends with every outcome right', async () => {
  const { kills, server, said } = await liveAndDie(SEED);
  expect(server.problems).toEqual([]);
  const effects = said.flatMap(({ effect }) => (effect === undefined ? [] : [effect]));
  expect(effects.filter((effect, index) => effects.indexOf(effect) !== index)).toEqual([]);

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
  for (let step = 0; step < STEPS; step++) expect(results.has(`step-${step}`)).toBe(true);
  expect(server.conversations.size).toBe(STEPS + HEADS * 4 + HANDS);
  for (const prompt of server.conversations) expect(server.asked.get(prompt)?.length).toBe(turnsOf(prompt));
  for (const counts of server.asked.values()) expect(Math.max(...counts)).toBeLessThanOrEqual(1 + kills);
  expect(kills).toBe(KILLS);
}, 600_000); // 60 s on a machine that has nothing else to do: a process is begun fifty times

function turnsOf(prompt: string): number {
  let turn = 0;
  while (!('text' in turnOf(prompt, turn))) turn += 1;
  return turn + 1;
}
