import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { TroupeError } from '../../src/domain/errors.js';
import type { StepOutcome } from '../../src/domain/step.js';
import { FileSessionStore } from '../../src/store/index.js';
import { createSessionWorld, step } from '../session/session-world.js';
import { calls, createWorld, errorOf } from '../support/world.js';

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'troupe-damage-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The one file below `folder` whose path ends so. */
function fileIn(folder: string, ...ends: readonly string[]): string {
  const all = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const found = all.find((name) => ends.every((end) => name.includes(end)) && statSync(join(folder, name)).isFile());
  if (found === undefined) throw new Error(`nothing like ${ends.join(' ')} among ${all.join(', ')}`);
  return join(folder, found);
}

/** A copy without its leases, as if their holders were dead. */
function copyOf(folder: string, number: number): string {
  const copy = join(folder, '..', `${folder.split('/').at(-1)}-${number}`);
  cpSync(folder, copy, { recursive: true });
  onTestFinished(() => rmSync(copy, { recursive: true, force: true }));
  for (const name of readdirSync(copy, { recursive: true, encoding: 'utf8' })) {
    if (/(^|\/)(lease|released)\.\d+$/.test(name)) rmSync(join(copy, name));
  }
  return copy;
}

const variants = (bytes: Buffer): Buffer[] => [
  ...Array.from(bytes, (byte, at) => {
    const flipped = Buffer.from(bytes);
    flipped[at] = byte ^ (1 << (at % 8));
    return flipped;
  }),
  ...Array.from(bytes, (_, length) => bytes.subarray(0, length)),
];

const inSample = (list: readonly Buffer[], count: number) => {
  const every = Math.max(1, Math.floor(list.length / count));
  return list.filter((_, index) => index % every === 0);
};

describe('a damaged store', () => {
  it('gives back the work as it was, an earlier point of it, or says which file is damaged: never anything else', async () => {
    const folder = temporaryFolder();
    const world = createWorld([calls(['note', { label: 'n' }]), { hang: true }], {
      store: new FileSessionStore(folder),
    });
    world.spawn();
    while (world.model.requests.length < 2) await world.clock.advance(1);
    const journal = fileIn(folder, 'subagent', '.ndjson');
    const name = journal.slice(folder.length);
    const seen = new Map<string, number>();
    for (const [number, bytes] of inSample(variants(readFileSync(journal)), process.env.CI ? 400 : 250).entries()) {
      const copy = copyOf(folder, number);
      writeFileSync(join(copy, name), bytes);
      rmSync(fileIn(copy, 'subagent', 'document.json'), { force: true });
      const next = createWorld((request) => ({ text: `after ${request.messages.length}` }), {
        store: new FileSessionStore(copy),
        tools: [],
      });
      let end: string;
      try {
        const [handle] = await next.orchestrator.restore();
        const waited = handle?.wait();
        for (let round = 0; round < 200 && handle && !handle.isDone(); round++) await next.clock.advance(1);
        end = (await waited) ?? 'nothing';
      } catch (error) {
        if (!(error instanceof TroupeError)) throw error;
        expect(error.message).toContain('journal.');
        expect(readFileSync(join(copy, name))).toEqual(bytes);
        end = error.code;
      }
      await next.orchestrator.close();
      seen.set(end, (seen.get(end) ?? 0) + 1);
      rmSync(copy, { recursive: true, force: true });
    }
    // One, or three messages: the prompt alone, or with the answer that called and its result.
    for (const end of seen.keys())
      expect(['after 3', 'after 1', 'nothing', 'store_corrupt', 'store_version']).toContain(end);
    expect(seen.get('store_corrupt')).toBeGreaterThan(0);
  }, 60_000);

  it('replays the outcomes of a workflow as they were, runs the step again, or says which file is damaged', async () => {
    const folder = temporaryFolder();
    const first = createSessionWorld([{ text: 'right' }], { sessionStore: new FileSessionStore(folder) });
    const running = first.session.parallelResumable([step('a')], 'w');
    await expect(running).resolves.toMatchObject([{ output: 'right' }]);
    await first.session.close();
    const journal = join('sessions', 'default', 'workflows', 'w', 'journal.1.ndjson');
    const seen = new Map<string, number>();
    const count = (what: string) => seen.set(what, (seen.get(what) ?? 0) + 1);
    const whole = readFileSync(join(folder, journal));
    for (const [number, bytes] of [whole, ...inSample(variants(whole), 120)].entries()) {
      const copy = copyOf(folder, number);
      writeFileSync(join(copy, journal), bytes);
      const next = createSessionWorld([{ text: 'right' }], { sessionStore: new FileSessionStore(copy) });
      const running = next.session.parallelResumable([step('a')], 'w').catch((error: unknown) => error);
      let isOver = false;
      void running.then(() => {
        isOver = true;
      });
      while (!isOver) await next.clock.advance(1); // the disk takes its own time
      const outcomes = await running;
      if (outcomes instanceof TroupeError) {
        expect(['store_corrupt', 'store_version']).toContain(outcomes.code);
        expect(outcomes.message).toContain('journal.');
        expect(next.model.requests).toEqual([]);
        count(outcomes.code);
      } else {
        expect(outcomes).toMatchObject([{ output: 'right', success: true }]);
        const isReplayed = (outcomes as StepOutcome[])[0]?.replayed === true;
        const asked = next.model.requests.length;
        expect(asked).toBeLessThanOrEqual(isReplayed ? 0 : 1);
        count(isReplayed ? 'replayed' : `asked ${asked} times`);
      }
      await next.session.close();
      rmSync(copy, { recursive: true, force: true });
    }
    // Cut before its answer and behind it, not at all, and flipped somewhere.
    expect([...seen.keys()]).toEqual(
      expect.arrayContaining(['asked 1 times', 'asked 0 times', 'replayed', 'store_corrupt']),
    );
  }, 60_000);

  it('loses nothing with its documents, and takes no notice of files that are none of its own', async () => {
    const folder = temporaryFolder();
    const world = createWorld([{ text: 'one' }, { hang: true }], { store: new FileSessionStore(folder) });
    await world.spawn().wait();
    world.spawn();
    while (world.model.requests.length < 2) await world.clock.advance(1);
    await world.orchestrator.close({ mode: 'cancel' });
    for (const [number, text] of [undefined, '', '{"format":"other"}', '\0\0'].entries()) {
      const copy = copyOf(folder, number);
      for (const name of readdirSync(copy, { recursive: true, encoding: 'utf8' })) {
        if (!name.endsWith('document.json')) continue;
        if (text === undefined) rmSync(join(copy, name));
        else writeFileSync(join(copy, name), text);
      }
      const subagents = join(fileIn(copy, 'subagent', '.ndjson'), '../..');
      mkdirSync(join(subagents, 'lost+found'));
      writeFileSync(join(subagents, 'notes.txt'), 'mine');
      writeFileSync(join(subagents, '..', '.DS_Store'), 'x');
      const next = createWorld([], { store: new FileSessionStore(copy) });
      await next.orchestrator.restore();
      expect(next.orchestrator.getAllStates()).toEqual([
        { id: 'subagent-1', state: 'completed' },
        { id: 'subagent-2', state: 'cancelled' },
      ]);
      await expect(next.orchestrator.getHandle('subagent-1')?.wait()).resolves.toBe('one');
      await next.orchestrator.close();
      expect(readFileSync(join(subagents, 'notes.txt'), 'utf8')).toBe('mine');
    }
  });
});

describe('a document of a newer version', () => {
  it('is refused and stays as it is, whichever layer has the version', async () => {
    for (const layer of ['the file', 'the subagent'] as const) {
      const folder = temporaryFolder();
      const world = createWorld([{ hang: true }], { store: new FileSessionStore(folder) });
      world.spawn();
      while (world.model.requests.length < 1) await world.clock.advance(1);
      const closing = world.orchestrator.close({ mode: 'cancel' });
      await closing;
      const file = fileIn(folder, 'document.json');
      const { hash: _, ...sealed } = JSON.parse(readFileSync(file, 'utf8'));
      if (layer === 'the file') sealed.version += 1;
      else sealed.value.version += 1;
      const hash = createHash('sha256').update(JSON.stringify(sealed)).digest('hex');
      const newer = JSON.stringify({ hash: hash.slice(0, _.length), ...sealed });
      writeFileSync(file, newer);
      const next = createWorld([], { store: new FileSessionStore(folder) });
      const error = await errorOf(() => next.orchestrator.restore());
      expect([layer, error.code]).toEqual([layer, 'store_version']);
      await next.orchestrator.close();
      expect(readFileSync(file, 'utf8')).toBe(newer);
    }
  });
});
