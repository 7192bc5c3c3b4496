import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FileSessionStore } from '../../src/store/index.js';
import type { ScriptedFunction } from '../../src/testing/index.js';
import { makeFolder } from '../store/support/folders.js';
import { createWorld } from '../support/world.js';
import { createSessionWorld, step } from './session-world.js';

const ANSWER = 'word '.repeat(200);

function bytesIn(folder: string): number {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
}

async function bytesOfSteps(count: number): Promise<number> {
  const folder = makeFolder();
  const sessionStore = new FileSessionStore(folder);
  const { session } = createSessionWorld(() => ({ text: ANSWER }), { sessionStore });
  const steps = Array.from({ length: count }, (_, index) => step(`step-${String(index).padStart(4, '0')}`));
  const outcomes = await session.parallelResumable(steps, 'w');
  expect(outcomes.every(({ success }) => success)).toBe(true);
  await session.close();
  return bytesIn(folder);
}

/** What is on disk of one subagent after so many turns with a call each. */
async function bytesOfTurns(count: number): Promise<number> {
  const folder = makeFolder();
  const turns: ScriptedFunction = ({ messages }) => {
    const turn = messages.filter(({ role }) => role === 'assistant').length;
    return turn < count
      ? { text: ANSWER, toolCalls: [{ name: 'note', args: { label: `n${turn}` } }] }
      : { text: 'done' };
  };
  const { orchestrator, spawn } = createWorld(turns, { store: new FileSessionStore(folder) });
  await expect(spawn({ prompt: 'go', maxSteps: count + 1 }).wait()).resolves.toBe('done');
  await orchestrator.close();
  return bytesIn(folder);
}

describe('what is written grows linearly', () => {
  it('with the steps of a workflow: 1,000 take ten times what 100 take', { timeout: 60_000 }, async () => {
    const [few, many] = [await bytesOfSteps(100), await bytesOfSteps(1_000)];
    expect(many / few).toBeGreaterThan(9);
    expect(many / few).toBeLessThan(10.5);
    expect(many / 1_000).toBeLessThan(ANSWER.length + 1_500);
  });

  it('with the turns of a subagent: 100 take twice what 50 take', { timeout: 60_000 }, async () => {
    const [few, many] = [await bytesOfTurns(50), await bytesOfTurns(100)];
    expect(many / few).toBeGreaterThan(1.8);
    expect(many / few).toBeLessThan(2.1);
  });
});
