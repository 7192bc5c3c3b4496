import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readDefinitions } from '../../src/config/index.js';
import { folderWith, refusalOf } from './temp-folder.js';

function refused(name: string, content: string): string {
  const folder = folderWith({ [name]: content });
  return refusalOf(() => readDefinitions(folder)).replaceAll(join(folder, name), '<file>');
}

const FULL = {
  name: 'mine',
  aliases: ['me'],
  description: 'Does things.',
  maxSteps: 7,
  tools: ['read', 'bash'],
  permissions: { allow: ['read'], deny: ['bash(rm:*)'], ask: ['bash'], default: 'deny' },
  model: 'p/m',
  canSpawnSubagents: true,
  prompt: 'Do it.\nWell.',
};

describe('a definition', () => {
  it.each([
    [
      'yaml',
      'name: mine\naliases: [me]\ndescription: Does things.\nmax_steps: 7\ntools: [read, bash]\npermissions:\n  allow: [read]\n  deny: ["bash(rm:*)"]\n  ask: [bash]\n  default: deny\nmodel: p/m\ncan_spawn_subagents: true\nprompt: |\n  Do it.\n  Well.\n',
    ],
    ['yml', `${JSON.stringify(FULL)}`],
    ['json', JSON.stringify(FULL, null, 2)],
    [
      'md',
      '\ufeff---\r\nname: mine\r\naliases: [me]\r\ndescription: Does things.\r\nmaxSteps: 7\r\ntools: [read, bash]\r\npermissions: {allow: [read], deny: ["bash(rm:*)"], ask: [bash], default: deny}\r\nmodel: p/m\r\ncanSpawnSubagents: true\r\n---\r\n\r\nDo it.\r\nWell.\r\n',
    ],
  ])('is the same from .%s', (ending, content) => {
    const folder = folderWith({ [`one.${ending}`]: content });
    expect(readDefinitions(folder)).toEqual([
      { definition: FULL, override: false, file: join(folder, `one.${ending}`) },
    ]);
  });

  it('needs only a name and a prompt; then it may read, is asked for the rest, and takes 50 turns', () => {
    const [loaded] = readDefinitions(folderWith({ 'one.md': '---\nname: mine\n---\nDo it.' }));
    expect(loaded?.definition).toEqual({
      name: 'mine',
      aliases: [],
      description: '',
      maxSteps: 50,
      permissions: { allow: ['read', 'grep', 'glob', 'ls', 'todo', 'skill'], deny: [], ask: [], default: 'ask' },
      canSpawnSubagents: false,
      prompt: 'Do it.',
    });
  });

  it('with permissions of its own has those and no others', () => {
    const [loaded] = readDefinitions(folderWith({ 'one.yaml': 'name: a\nprompt: p\npermissions: {deny: [bash]}' }));
    expect(loaded?.definition.permissions).toEqual({ allow: [], deny: ['bash'], ask: [], default: 'ask' });
  });

  it('may have a body with lines of dashes', () => {
    const [loaded] = readDefinitions(folderWith({ 'one.md': '---\nname: a\n---\nOne.\n\n---\n\nTwo.\n' }));
    expect(loaded?.definition.prompt).toBe('One.\n\n---\n\nTwo.');
  });

  it('may say that it replaces another', () => {
    const [loaded] = readDefinitions(folderWith({ 'one.yaml': 'name: explore\noverride: true\nprompt: p' }));
    expect(loaded?.override).toBe(true);
  });

  it('is found by file name, in order; other files, hidden ones and subfolders are left alone', () => {
    const folder = folderWith({
      'b.yaml': 'name: b\nprompt: p',
      'a.JSON': '{"name": "a", "prompt": "p"}',
      'notes.txt': 'no definition',
      '.hidden.yaml': '{{{',
      'sub/c.yaml': '{{{',
    });
    mkdirSync(join(folder, 'folder.yaml'));
    expect(readDefinitions(folder).map(({ definition }) => definition.name)).toEqual(['a', 'b']);
  });
});

describe('a bad definition is refused with path and reason', () => {
  it.each<[string, string, string, string]>([
    [
      'no front matter',
      'a.md',
      'Just text.',
      '<file>:1:1: expected front matter: a line of ---, keys, and a line of ---',
    ],
    [
      'open front matter',
      'a.md',
      '---\nname: a\nprompt',
      '<file>:1:1: the front matter is not closed; expected a line of ---',
    ],
    [
      'empty front matter',
      'a.md',
      '---\n---\nText.',
      '<file>:1:1: the file: Invalid input: expected object, received null',
    ],
    ['a fault in the front matter', 'a.md', '---\nname: a\ntools: [\n---\nText.', '<file>:'],
    [
      'an unknown key, at its line',
      'a.md',
      '---\nname: a\ncolour: red\n---\nText.',
      '<file>:3:1: colour: unknown key; known keys: name, description',
    ],
    [
      'a wrong type, at its line',
      'a.md',
      '---\nname: a\nmax_steps: many\n---\nText.',
      '<file>:3:1: max_steps: Invalid input: expected number, received string',
    ],
    [
      'both spellings',
      'a.yaml',
      'name: a\nprompt: p\nmax_steps: 1\nmaxSteps: 1',
      '<file>:4:1: maxSteps: given twice, as max_steps and as maxSteps',
    ],
    [
      'a text in place of a list',
      'a.md',
      '---\nname: a\ntools: read, grep\n---\nText.',
      '<file>:3:1: tools: Invalid input: expected array, received string',
    ],
    ['no name', 'a.json', '{"prompt": "p"}', '<file>:1:1: name: Invalid input: expected string, received undefined'],
    ['an empty name', 'a.json', '{"name": "", "prompt": "p"}', '<file>:1:2: name: expected a name of letters, digits'],
    ['a name with a blank', 'a.yaml', 'name: a b\nprompt: p', '<file>:1:1: name: expected a name of letters, digits'],
    ['no turns', 'a.yaml', 'name: a\nprompt: p\nmax_steps: 0', '<file>:3:1: max_steps: '],
    ['no prompt', 'a.yaml', 'name: a', '<file>: prompt: expected a text that is not empty'],
    ['a blank body', 'a.md', '---\nname: a\n---\n  \n', '<file>: prompt: expected a text that is not empty'],
    [
      'two prompts',
      'a.md',
      '---\nname: a\nprompt: p\n---\nText.',
      '<file>: prompt: given twice, as a key and as the body; keep one',
    ],
    [
      'a default that allows',
      'a.yaml',
      'name: a\nprompt: p\npermissions:\n  default: allow',
      '<file>:4:3: permissions.default: ',
    ],
    ['__proto__', 'a.json', '{"name": "a", "prompt": "p", "__proto__": {}}', '<file>:1:30: __proto__: unknown key'],
    ['broken JSON', 'a.json', '{', '<file>:1:2: no valid JSON'],
  ])('%s (%s)', (_, name, content, message) => {
    expect(refused(name, content)).toContain(message);
  });

  it('and so is a folder that is not there, or none', () => {
    const folder = folderWith({ file: '' });
    expect(refusalOf(() => readDefinitions(join(folder, 'none')))).toBe(`agentDirs: ${folder}/none: no such folder`);
    expect(refusalOf(() => readDefinitions(join(folder, 'file')))).toBe(`agentDirs: ${folder}/file: it is no folder`);
  });
});
