import { describe, expect, it } from 'vitest';
import { builtinTools } from '../../src/activities/tools/index.js';
import { BUILTIN_DEFINITIONS } from '../../src/agent/index.js';

const READING = ['read', 'grep', 'glob', 'ls'];

describe('the built-in definitions', () => {
  it('are these, with these aliases, turns, tools and defaults', () => {
    const table = BUILTIN_DEFINITIONS.map(({ name, aliases, maxSteps, tools, permissions, canSpawnSubagents }) => {
      return [name, aliases, maxSteps, tools, permissions.default, canSpawnSubagents];
    });
    expect(table).toEqual([
      ['explore', [], 20, READING, 'deny', false],
      ['general', ['general-purpose'], 50, undefined, 'ask', false],
      ['plan', [], 30, [...READING, 'todo'], 'deny', false],
      ['verification', ['verify', 'verifier'], 30, [...READING, 'bash', 'todo'], 'ask', false],
      ['review', ['code-review', 'reviewer'], 30, READING, 'deny', false],
    ]);
  });

  it('allow what reads, by whole tools, and nothing else', () => {
    for (const { permissions } of BUILTIN_DEFINITIONS) {
      expect(permissions.allow).toEqual([...READING, 'todo', 'skill']);
      expect([...permissions.ask, ...permissions.deny]).toEqual([]);
    }
  });

  it('name only tools that there are, and allow only those that change nothing', () => {
    const tools = new Map(builtinTools().map((tool) => [tool.name, tool]));
    for (const { tools: names = [], permissions } of BUILTIN_DEFINITIONS) {
      expect(names.filter((name) => !tools.has(name))).toEqual([]);
      const changing = permissions.allow.filter((name) => tools.get(name)?.readOnly === false);
      expect(changing.filter((name) => name !== 'todo')).toEqual([]);
    }
  });

  it('each have a description and a prompt that says how to work and how to report', () => {
    for (const { description, prompt } of BUILTIN_DEFINITIONS) {
      expect(description).not.toBe('');
      expect(prompt).toContain('How to work:');
      expect(prompt).toContain('How to report:');
    }
  });
});
