import { describe, expect, it } from 'vitest';
import { IgnoreRules } from '../../../src/activities/tools/ignore-rules.js';

describe('ignore rules', () => {
  const rules = IgnoreRules.none
    .with('.', 'build/\n*.log\n/only-top\n# comment\n\n')
    .with('pkg', '!keep.log\r\n/local\r\n');

  it.each([
    ['build', true, true],
    ['build', false, false],
    ['pkg/build', true, true],
    ['a.log', false, true],
    ['pkg/a.log', false, true],
    ['pkg/keep.log', false, false],
    ['keep.log', false, true],
    ['only-top', false, true],
    ['pkg/only-top', false, false],
    ['pkg/local', false, true],
    ['pkg/sub/local', false, false],
    ['local', false, false],
    ['pkgs/local', false, false],
    ['..a/..b', false, false],
  ])('of %s (a folder: %s): %s', (path, isFolder, ignored) => {
    expect(rules.ignores(path, isFolder)).toBe(ignored);
  });

  it('know of which folders they are', () => {
    expect(rules.holdAt('.')).toBe(true);
    expect(rules.holdAt('pkg')).toBe(true);
    expect(rules.holdAt('other')).toBe(false);
    expect(IgnoreRules.none.ignores('a', false)).toBe(false);
  });

  it.each([
    [`${'**/a/'.repeat(10)}b`, `${'a/'.repeat(300)}c`],
    [`${'*a'.repeat(30)}*b`, `${'a'.repeat(250)}bc`],
    ['*.x\n'.repeat(20_000), 'a'.repeat(250)],
  ])('never take long, however they are made: %#', (text, path) => {
    const before = process.cpuUsage();
    IgnoreRules.none.with('.', text).ignores(path, false);
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1_000).toBeLessThan(1_000); // ms
  });
});
