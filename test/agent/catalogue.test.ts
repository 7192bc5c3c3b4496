import { rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createCatalogue } from '../../src/agent/catalogue.js';
import { folderWith, refusalOf, troupeErrorOf } from '../config/temp-folder.js';

const yaml = (name: string, more = '') => `name: ${name}\nprompt: My own ${name}.\n${more}`;

describe('a name', () => {
  it('leads to a built-in definition, by alias too', () => {
    const catalogue = createCatalogue([]);
    expect(catalogue.definitionOf('explore').name).toBe('explore');
    expect(catalogue.definitionOf('general-purpose')).toBe(catalogue.definitionOf('general'));
    expect(catalogue.definitionOf('verify')).toBe(catalogue.definitionOf('verifier'));
    expect(catalogue.definitionOf('code-review')).toBe(catalogue.definitionOf('reviewer'));
  });

  it('leads to a definition of the agent, by alias too', () => {
    const catalogue = createCatalogue([folderWith({ 'a.yaml': yaml('mine', 'aliases: [me]') })]);
    expect(catalogue.definitionOf('mine').prompt).toBe('My own mine.');
    expect(catalogue.definitionOf('me')).toBe(catalogue.definitionOf('mine'));
  });

  it('leads to a definition of one spawn only in that spawn', () => {
    const folder = folderWith({ 'a.yaml': yaml('mine') });
    const catalogue = createCatalogue([]);
    expect(catalogue.definitionOf('mine', [folder]).prompt).toBe('My own mine.');
    expect(() => catalogue.definitionOf('mine')).toThrow('no agent definition');
  });

  it('that is unknown is told with the known ones and the nearest', () => {
    const error = troupeErrorOf(() => createCatalogue([folderWith({ 'a.yaml': yaml('mine') })]).definitionOf('expore'));
    expect(error.code).toBe('unknown_agent');
    expect(error.message).toBe(
      'no agent definition "expore"; did you mean "explore"? Known: explore, general, general-purpose, plan, verification, verify, verifier, review, code-review, reviewer, mine',
    );
  });

  it.each(['__proto__', 'constructor', 'toString', ''])(
    'such as %j is unknown, not found on some prototype',
    (name) => {
      expect(troupeErrorOf(() => createCatalogue([]).definitionOf(name)).code).toBe('unknown_agent');
    },
  );
});

describe('a name that is taken', () => {
  const refused = (...folders: Record<string, string>[]) => refusalOf(() => createCatalogue(folders.map(folderWith)));

  it.each(['explore', 'general-purpose', 'reviewer'])('by a built-in (%s) is refused without override', (name) => {
    expect(refused({ 'a.yaml': yaml(name) })).toContain(
      `a.yaml: the name ${name} is that of a built-in definition; choose another name, or set override: true to replace it`,
    );
    expect(refused({ 'a.yaml': yaml('mine', `aliases: [${name}]`) })).toContain(
      `the name ${name} is that of a built-in`,
    );
  });

  it('by another file is refused, in one folder and in two, with override too', () => {
    expect(refused({ 'a.yaml': yaml('mine'), 'b.json': '{"name": "mine", "prompt": "p"}' })).toMatch(
      /b\.json: the name mine is taken by .*a\.yaml; rename one/,
    );
    expect(refused({ 'a.yaml': yaml('mine') }, { 'b.yaml': yaml('mine', 'override: true') })).toMatch(
      /b\.yaml: the name mine is taken by .*a\.yaml/,
    );
    expect(refused({ 'a.yaml': yaml('mine'), 'b.yaml': yaml('other', 'aliases: [mine]') })).toContain(
      'the name mine is taken',
    );
    expect(refused({ 'a.yaml': yaml('plan', 'override: true'), 'b.yaml': yaml('plan', 'override: true') })).toContain(
      'the name plan is taken',
    );
  });

  it('by the agent is refused to a single spawn', () => {
    const catalogue = createCatalogue([folderWith({ 'a.yaml': yaml('mine') })]);
    const folder = folderWith({ 'b.yaml': yaml('mine') });
    expect(refusalOf(() => catalogue.definitionOf('mine', [folder]))).toContain('the name mine is taken by');
  });

  it('by one folder given twice is not taken twice', () => {
    const folder = folderWith({ 'a.yaml': yaml('mine') });
    const catalogue = createCatalogue([folder, `${folder}/.`]);
    expect(catalogue.definitionOf('mine', [folder, relative(process.cwd(), folder)]).name).toBe('mine');
  });
});

describe('a definition with override: true', () => {
  it('replaces a built-in under its name and all of its aliases', () => {
    const catalogue = createCatalogue([folderWith({ 'a.yaml': yaml('review', 'override: true') })]);
    for (const name of ['review', 'code-review', 'reviewer']) {
      expect(catalogue.definitionOf(name).prompt).toBe('My own review.');
    }
  });

  it('takes an alias alone and leaves the built-in its name', () => {
    const catalogue = createCatalogue([folderWith({ 'a.yaml': yaml('reviewer', 'override: true') })]);
    expect(catalogue.definitionOf('reviewer').prompt).toBe('My own reviewer.');
    expect(catalogue.definitionOf('code-review').name).toBe('review');
  });

  it('takes an alias, and another one the name', () => {
    const files = { 'a.yaml': yaml('review', 'override: true'), 'b.yaml': yaml('reviewer', 'override: true') };
    const catalogue = createCatalogue([folderWith(files)]);
    expect(catalogue.definitionOf('reviewer').prompt).toBe('My own reviewer.');
    expect(catalogue.definitionOf('code-review').prompt).toBe('My own review.');
  });

  it('of one spawn does not change the agent', () => {
    const catalogue = createCatalogue([]);
    const folder = folderWith({ 'a.yaml': yaml('explore', 'override: true') });
    expect(catalogue.definitionOf('explore', [folder]).prompt).toBe('My own explore.');
    expect(catalogue.definitionOf('explore').prompt).not.toBe('My own explore.');
  });
});

describe('a folder', () => {
  it('of the agent is read at once, and a bad file in it is told at once', () => {
    expect(refusalOf(() => createCatalogue([folderWith({ 'a.yaml': 'name: [' })]))).toContain('a.yaml:1:');
    expect(refusalOf(() => createCatalogue(['no/such/folder']))).toContain('no such folder');
  });

  it('is read once', () => {
    const folder = folderWith({ 'a.yaml': yaml('mine') });
    const catalogue = createCatalogue([]);
    const first = catalogue.definitionOf('mine', [folder]);
    rmSync(folder, { recursive: true });
    expect(catalogue.definitionOf('mine', [folder])).toBe(first);
  });

  it('with a bad file is read again, so that it can be mended', () => {
    const folder = folderWith({ 'a.yaml': 'name: mine' });
    const catalogue = createCatalogue([]);
    expect(refusalOf(() => catalogue.definitionOf('mine', [folder]))).toContain('prompt');
    writeFileSync(join(folder, 'a.yaml'), yaml('mine'));
    expect(catalogue.definitionOf('mine', [folder]).name).toBe('mine');
  });
});
