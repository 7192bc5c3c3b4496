import { expect, it } from 'vitest';
import { builtinTools } from '../../../src/activities/tools/index.js';

it('every agent has these tools, each told to the model in full', () => {
  const tools = builtinTools();
  expect(tools.map((tool) => tool.name)).toEqual(['read', 'grep', 'glob', 'ls', 'write', 'edit', 'bash', 'todo']);
  for (const { name, description, parameters } of tools) {
    expect(description.length, name).toBeGreaterThan(60);
    expect(parameters, name).toMatchObject({ type: 'object', additionalProperties: false });
  }
});

it.each<[string, Record<string, string[]>]>([
  [
    'required',
    {
      read: ['file_path'],
      grep: ['pattern'],
      glob: ['pattern'],
      write: ['file_path', 'content'],
      edit: ['file_path', 'old_string', 'new_string'],
      bash: ['command'],
      todo: ['tasks'],
    },
  ],
  [
    'all',
    {
      read: ['file_path', 'offset', 'limit'],
      grep: ['pattern', 'path', 'glob', 'ignore_case', 'context'],
      glob: ['pattern', 'path'],
      ls: ['path'],
      write: ['file_path', 'content'],
      edit: ['file_path', 'old_string', 'new_string', 'replace_all'],
      bash: ['command', 'timeout'],
      todo: ['tasks'],
    },
  ],
])('their arguments are: %s', (which, expected) => {
  for (const { name, parameters } of builtinTools()) {
    const found = which === 'required' ? parameters.required : Object.keys(parameters.properties as object); // zod writes both
    expect(found ?? [], name).toEqual(expected[name] ?? []);
  }
});
