import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { runProgram } from '../support/child-process.js';
import { blocksOf } from './markdown.js';

const docs = fileURLToPath(new URL('../../docs/', import.meta.url));
const page = await readFile(`${docs}xstate.md`, 'utf8');
const programs = blocksOf(page).filter(({ language }) => language === 'ts');

/** What the comments behind its `console.log` lines say. */
const promised = (source: string) =>
  [...source.matchAll(/^console\.log\(.*\); \/\/ (.*)$/gm)].map(([, text]) => `${text}\n`).join('');

/** Against the sources, as JavaScript. */
const asScript = (source: string) =>
  ts
    .transpileModule(source, { compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 } })
    .outputText.replace("'troupe'", "'./src/index.ts'")
    .replace("'troupe/testing'", "'./src/testing/index.ts'");

describe.concurrent('the page about XState', { timeout: 60_000 }, () => {
  it.each(programs)('shows a program that prints what it says: line $line', async ({ source }) => {
    expect(promised(source)).not.toBe('');
    expect(await runProgram(asScript(source), { isBare: true })).toEqual({
      code: 0,
      stdout: promised(source),
      stderr: '',
    });
  });

  it('links to files that are there, and to headings of the guide', async () => {
    const guide = await readFile(`${docs}guide.md`, 'utf8');
    const headings = [...guide.matchAll(/^#+ (.*)$/gm)].map(
      ([, text = '']) => `#${text.toLowerCase().replaceAll(' ', '-')}`,
    );
    const targets = [...page.matchAll(/\]\(([^)\s#]+)(#[^)\s]+)?\)/g)];
    expect(targets.length).toBeGreaterThan(5);
    for (const [, file = '', heading] of targets) {
      expect(existsSync(`${docs}${file}`), file).toBe(true);
      if (heading !== undefined) expect(headings).toContain(heading);
    }
  });
});
