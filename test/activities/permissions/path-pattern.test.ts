import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PathForm } from '../../../src/activities/permissions/path-forms.js';
import { compilePathPattern } from '../../../src/activities/permissions/path-pattern.js';
import { compileWildcard } from '../../../src/activities/permissions/wildcard.js';

const WORKSPACE = '/home/ws';

function formOf(relative: string): PathForm {
  const absolute = new URL(`file://${WORKSPACE}/`).pathname + relative;
  const normal = new URL(`file://${absolute}`).pathname.replace(/\/$/, '');
  return { relative, absolutes: [decodeURI(normal)], inside: !relative.startsWith('..') };
}
const same = (relative: string) => ({ given: formOf(relative), resolved: formOf(relative) });

const covered: [string, string][] = [
  ['src/a.ts', 'src/a.ts'],
  ['./src//a.ts', 'src/a.ts'],
  ['src/../lib/a.ts', 'lib/a.ts'],
  ['src/', 'src'],
  ['.', ''],
  ['*', 'a.ts'],
  ['*', '.env'],
  ['*.ts', '.ts'],
  ['src/*.ts', 'src/a.ts'],
  ['src/*/x', 'src/a/x'],
  ['**', ''],
  ['**', '.git/config'],
  ['**/**', ''],
  ['**/.env', '.env'],
  ['**/.env', 'a/b/.env'],
  ['**/*.ts', 'a.ts'],
  ['src/**', 'src'],
  ['src/**', 'src/a/b/.c'],
  ['src/**/**', 'src'],
  ['src/**/x.ts', 'src/x.ts'],
  ['src/**/x.ts', 'src/a/b/x.ts'],
  ['src/**.ts', 'src/a/b.ts'],
  ['a?c', 'abc'],
  ['*.{ts,tsx}', 'a.tsx'],
  ['{src,lib/{a,b}}/**', 'lib/b/c'],
  ['{src}/x', '{src}/x'],
  ['app/[id]/page.tsx', 'app/[id]/page.tsx'],
  ['app/\\[id]/page.tsx', 'app/[id]/page.tsx'],
  ['app/\\\\[id]', 'app/\\[id]'],
  ['app/[id]/**', 'app/[id]'],
  ['a(b|c)', 'a(b|c)'],
  ['!a', '!a'],
  ['a+', 'a+'],
  ['\\*.ts', '*.ts'],
  ['\\{a,b}', '{a,b}'],
  ['/home/ws/src/**', 'src/a.ts'],
  ['/**', 'src/a.ts'],
];
const uncovered: [string, string][] = [
  ['src/a.ts', 'src/A.ts'],
  ['src/a.ts', 'src/a.ts.bak'],
  ['*', ''],
  ['*', 'src/a.ts'],
  ['src/*', 'src'],
  ['src/*.ts', 'src/a/b.ts'],
  ['src/**', 'src2/a'],
  ['src/**', 'srcs'],
  ['**/.env', 'x.env'],
  ['a?c', 'a/c'],
  ['app/[id]/page.tsx', 'app/i/page.tsx'],
  ['a(b|c)', 'ab'],
  ['!a', 'b'],
  ['a+', 'aa'],
  ['\\*.ts', 'a.ts'],
  ['/src/**', 'src/a.ts'],
];

describe('a pattern on a path', () => {
  it.each(covered)('%j covers %j', (pattern, path) => {
    expect(compilePathPattern(pattern).grants(same(path))).toBe(true);
    expect(compilePathPattern(pattern).guards(same(path))).toBe(true);
  });

  it.each(uncovered)('%j does not cover %j', (pattern, path) => {
    expect(compilePathPattern(pattern).grants(same(path))).toBe(false);
    expect(compilePathPattern(pattern).guards(same(path))).toBe(false);
  });

  it.each([
    ['**', '../x', false, true],
    ['*', '..', false, true],
    ['**/.env', '../other/.env', false, true],
    ['../**', '../x', true, true],
    ['../**', '../../x', false, true],
    ['../shared/*.md', '../shared/a.md', true, true],
    ['/home/shared/**', '../shared/a.md', true, true],
    ['src/**', '../x', false, false],
  ] as const)('%j on %j outside of the workspace grants: %s, guards: %s', (pattern, path, grants, guards) => {
    expect(compilePathPattern(pattern).grants(same(path))).toBe(grants);
    expect(compilePathPattern(pattern).guards(same(path))).toBe(guards);
  });

  it('grants only when both forms fit, and guards when either does', () => {
    const forms = { given: formOf('docs/link.md'), resolved: formOf('secrets/key') };
    for (const pattern of ['docs/**', 'secrets/**']) {
      expect(compilePathPattern(pattern).grants(forms)).toBe(false);
      expect(compilePathPattern(pattern).guards(forms)).toBe(true);
    }
    expect(compilePathPattern('{docs,secrets}/**').grants(forms)).toBe(true);
  });

  it.each([
    ['.git/**', '.git/hooks/x', true],
    ['.git/**', '.git', true],
    ['./.git/hooks/../config', '.git/config', true],
    ['{src,.troupe}/**', '.troupe/notes.md', true],
    ['**/.git/**', 'sub/.git/config', true],
    ['/home/ws/.git/*', '.git/config', true],
    ['.git/**', 'sub/.git/config', false],
    ['.git/**', '.GIT/config', false],
    ['**', '.git/config', false],
    ['{**,src}', '.git/config', false],
    ['/home/ws/**', '.git/config', false],
    ['.g?t/config', '.git/config', false],
    ['**/config', '.git/config', false],
  ])('%j opens %j: %s', (pattern, path, opens) => {
    expect(compilePathPattern(pattern).opens(same(path))).toBe(opens);
  });

  it('opens only what both forms name', () => {
    const forms = { given: formOf('innocent/config'), resolved: formOf('.git/config') };
    expect(compilePathPattern('.git/**').opens(forms)).toBe(false);
    expect(compilePathPattern('{innocent,.git}/**').opens(forms)).toBe(true);
    expect(compilePathPattern('**').opens({ given: formOf('a') })).toBe(false);
  });

  it('grants nothing and guards everything when a path cannot be resolved', () => {
    expect(compilePathPattern('**').grants({ given: formOf('a') })).toBe(false);
    expect(compilePathPattern('b').guards({ given: formOf('a') })).toBe(true);
  });
});

describe('matching', () => {
  it('a wildcard agrees with the regex that means the same', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('a', 'b', '*'), { maxLength: 8 }),
        fc.array(fc.constantFrom('a', 'b'), { maxLength: 10 }),
        (pieces, letters) => {
          const pattern = pieces.join('');
          const text = letters.join('');
          expect(compileWildcard(pattern)(text)).toBe(new RegExp(`^${pattern.replace(/\*+/g, '.*')}$`).test(text));
        },
      ),
      { numRuns: 2_000, seed: 1 },
    );
  });

  it.each([
    '*a*a*a*a*a*a*a*a*b',
    `${'**/'.repeat(50)}b`,
    `${'**/a*'.repeat(50)}b`,
    `${'?*'.repeat(200)}b`,
    '((a*)*)*b',
    '(a|a)*b',
  ])('%j is decided in bounded time on a long path', (pattern) => {
    const path = 'a/'.repeat(1_000) + 'a'.repeat(2_000);
    const before = process.cpuUsage();
    expect(compilePathPattern(pattern).guards(same(path))).toBe(false);
    expect(compileWildcard(pattern)(path.repeat(50))).toBe(false);
    const { user } = process.cpuUsage(before);
    expect(user / 1_000).toBeLessThan(1_000); // ms; a backtracking matcher needs hours
  });
});
