import { afterEach, expect, test, vi } from 'vitest';
import { needs } from './needs.js';

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

test('a program that is there lets the test go on', () => {
  vi.stubEnv('CI', 'true');
  expect(() => needs('git')).not.toThrow();
});

test('a missing program fails under CI, and the message says how to get it', () => {
  vi.stubEnv('CI', 'true');
  vi.stubEnv('PATH', '/nowhere');
  expect(() => needs('rg')).toThrow(/needs rg, .*install ripgrep/);
});

test('a missing program skips the test elsewhere, and says why', (context) => {
  vi.stubEnv('CI', '');
  vi.stubEnv('PATH', '/nowhere');
  const skip = vi.spyOn(context, 'skip').mockImplementation(() => {
    throw new Error('skipped');
  });
  expect(() => needs('rg')).toThrow('skipped');
  expect(skip).toHaveBeenCalledWith(expect.stringContaining('needs rg'));
});
