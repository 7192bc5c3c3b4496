import { expect, test } from 'vitest';
import { needs } from './support/needs.js';

test('a program that is there lets the test go on', () => {
  needs('git', { ...process.env, CI: 'true' });
});

test('a missing program fails under CI, and the message says how to get it', () => {
  expect(() => needs('rg', { PATH: '/nowhere', CI: 'true' })).toThrow(/needs rg, .*install ripgrep/);
});

test('a missing program skips elsewhere', (context) => {
  let reached = false;
  try {
    needs('rg', { PATH: '/nowhere' });
    reached = true;
  } catch (skipping) {
    expect(`${skipping}`).toContain('skip');
  }
  expect(reached).toBe(false);
});
