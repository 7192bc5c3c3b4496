import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readSkills } from '../../src/config/index.js';
import { folderWith, refusalOf } from './temp-folder.js';

const skill = (name: string) => `---\nname: ${name}\ndescription: What ${name} is for.\n---\n# ${name}\n`;

describe('the skills of a folder', () => {
  it('are its own SKILL.md and those of its subfolders, by name', () => {
    const folder = folderWith({
      'SKILL.md': skill('own'),
      'b/SKILL.md': skill('second'),
      'a/SKILL.md': skill('first'),
      'empty/readme.md': 'no skill',
      'deep/er/SKILL.md': skill('too-deep'),
      '.hidden/SKILL.md': '{{{',
    });
    expect(readSkills(folder)).toEqual([
      { name: 'own', description: 'What own is for.', path: join(folder, 'SKILL.md') },
      { name: 'first', description: 'What first is for.', path: join(folder, 'a', 'SKILL.md') },
      { name: 'second', description: 'What second is for.', path: join(folder, 'b', 'SKILL.md') },
    ]);
  });

  it('may be reached by a linked folder', () => {
    const folder = folderWith();
    symlinkSync(folderWith({ 'SKILL.md': skill('linked') }), join(folder, 'link'));
    expect(readSkills(folder).map(({ name }) => name)).toEqual(['linked']);
  });

  it('may carry the keys that other programs use', () => {
    const text = '---\nname: a\ndescription: d\nlicense: MIT\nallowed-tools: Bash Read\nmetadata: {version: 1}\n---\n';
    expect(readSkills(folderWith({ 'a/SKILL.md': text }))).toHaveLength(1);
  });

  it.each<[string, string, string]>([
    ['no front matter', '# Text', '<file>:1:1: expected front matter'],
    ['no description', '---\nname: a\n---\n', '<file>:2:1: description: '],
    [
      'an empty description',
      '---\nname: a\ndescription: " "\n---\n',
      '<file>:3:1: description: expected what the skill is for',
    ],
    ['no name', '---\ndescription: a\n---\n', '<file>:2:1: name: '],
    ['a name with a slash', '---\nname: a/b\ndescription: a\n---\n', '<file>:2:1: name: expected a name of letters'],
    [
      'an unknown key',
      '---\nname: a\ndescription: a\ncolour: red\n---\n',
      '<file>:4:1: colour: unknown key; known keys: name, description',
    ],
  ])('are refused for %s, with path and reason', (_, content, message) => {
    const folder = folderWith({ 'a/SKILL.md': content });
    const refused = refusalOf(() => readSkills(folder)).replaceAll(join(folder, 'a', 'SKILL.md'), '<file>');
    expect(refused).toContain(message);
  });

  it('are refused where the folder is not there', () => {
    const folder = join(folderWith(), 'none');
    expect(refusalOf(() => readSkills(folder))).toBe(`skillDirs: ${folder}: no such folder`);
  });
});
