import { describe, expect, expectTypeOf, it } from 'vitest';
import {
  AgentConfig,
  AgentOptions,
  parseAgentConfig,
  parseAgentOptions,
  parseSessionOptions,
  SessionOptions,
} from '../../src/config/index.js';
import { realClock } from '../../src/domain/clock.js';
import type { ModelProvider } from '../../src/domain/model.js';
import type { Tool } from '../../src/domain/tool.js';
import { MemorySessionStore } from '../../src/store/index.js';
import { refusalOf } from './temp-folder.js';

const model: ModelProvider = {
  name: 'mute',
  async *stream() {
    yield { type: 'finish', reason: 'stop' };
  },
};
const tool = { name: 'mine', run: async () => '', parameters: {} } as unknown as Tool; // no one runs it

describe('AgentConfig', () => {
  it('takes an object with keys in either spelling', () => {
    const config = parseAgentConfig({ default_model: 'p/m', providers: { p: { api_key: 'k', models: { m: {} } } } });
    expect(config.defaultModel).toBe('p/m');
    expect(config.providers.p?.apiKey).toBe('k');
  });

  it('types its input in camelCase, with everything optional', () => {
    expectTypeOf<AgentConfig>().toExtend<{ defaultModel?: string | undefined }>();
    expectTypeOf({}).toExtend<AgentConfig>();
    const config: AgentConfig = { providers: { p: { apiKey: 'k', models: { m: { context: 1 } } } } };
    expect(AgentConfig.safeParse(config).success).toBe(true);
  });

  it.each<[string, unknown, string]>([
    ['null', null, 'AgentConfig: (root): Invalid input: expected object, received null'],
    ['a number', 5, 'AgentConfig: (root): Invalid input: expected object, received number'],
    ['a list', [], 'AgentConfig: (root): Invalid input: expected object, received array'],
    ['an unknown key', { colour: 1 }, 'AgentConfig: colour: unknown key; known keys: defaultModel'],
    ['__proto__', JSON.parse('{"__proto__": 1}'), 'AgentConfig: __proto__: unknown key'],
    [
      'a provider called __proto__',
      JSON.parse('{"providers": {"__proto__": {"apiKey": "k"}}}'),
      'providers.__proto__: this name cannot be used',
    ],
    ['both spellings', { agent_dirs: [], agentDirs: [] }, 'AgentConfig: agentDirs: given twice'],
    ['neither key nor server', { providers: { p: {} } }, 'AgentConfig: providers.p: needs an api_key'],
    [
      'an unknown default',
      { defaultModel: 'x', providers: { p: { apiKey: 'k', models: { m: {}, n: {} } } } },
      'AgentConfig: defaultModel: no such model; Known: p/m, p/n',
    ],
  ])('refuses %s', (_, value, message) => {
    expect(refusalOf(() => parseAgentConfig(value))).toContain(message);
  });

  it('never repeats a key', () => {
    const value = { providers: { p: { apiKey: 'sk-secret', baseUrl: 'nonsense-secret' } } };
    expect(refusalOf(() => parseAgentConfig(value))).not.toContain('secret');
  });
});

describe('AgentOptions', () => {
  it('takes all of its keys and keeps the objects as they are', () => {
    const confirm = () => 'allow' as const;
    const onError = () => {};
    const options: AgentOptions = {
      models: { m: model },
      defaultModel: model,
      tools: [tool],
      builtinTools: { wrapCommand: (argv) => argv, ripgrep: '/usr/bin/rg', searchTimeoutMs: 1_000 },
      agentDirs: ['a'],
      skillDirs: ['s'],
      confirm,
      inspect: onError,
      clock: realClock,
      onError,
    };
    const parsed = parseAgentOptions(options);
    expect(parsed).toEqual(options);
    expect(parsed.models.m).toBe(model);
    expect(parsed.tools[0]).toBe(tool);
    expect(AgentOptions.safeParse({}).success).toBe(true);
  });

  it.each<[string, unknown, string]>([
    ...(
      [
        [{ shell: 'zsh' }, 'shell: unknown key; known keys: wrapCommand, ripgrep, searchTimeoutMs'],
        [{ ripgrep: 'rg' }, 'ripgrep: expected the absolute path of rg, or false'],
        [{ ripgrep: true }, 'ripgrep: expected the absolute path of rg, or false'],
        [{ searchTimeoutMs: 0 }, 'searchTimeoutMs: '],
        [{ wrapCommand: 'bwrap' }, 'wrapCommand: expected a function'],
      ] as const
    ).map(([builtinTools, message]): [string, unknown, string] => [
      `the option of built-in tools ${JSON.stringify(builtinTools)}`,
      { builtinTools },
      `AgentOptions: builtinTools.${message}`,
    ]),
    ['an unknown key', { mcpServers: {} }, 'AgentOptions: mcpServers: unknown key; known keys: models'],
    ['no object', 'x', 'AgentOptions: (root): '],
    ['a model that is none', { models: { m: {} } }, 'models.m: expected a ModelProvider: name and stream'],
    [
      'models called __proto__',
      { models: JSON.parse('{"__proto__": 1}') },
      'models.__proto__: this name cannot be used',
    ],
    ['a default that is none', { defaultModel: 5 }, 'defaultModel: expected the name of a model or a ModelProvider'],
    ['a tool that is none', { tools: ['read'] }, 'tools.0: expected an object made by defineTool'],
    ['a folder without a name', { agentDirs: [''] }, 'agentDirs.0: expected the path of a folder'],
    ['a confirm that is no function', { confirm: 'allow' }, 'confirm: expected a function'],
    ['half a clock', { clock: { now: () => 0 } }, 'clock: expected a clock'],
    ['an onError that is no function', { onError: 1 }, 'onError: expected a function'],
  ])('refuses %s', (_, value, message) => {
    expect(refusalOf(() => parseAgentOptions(value))).toContain(message);
  });
});

describe('SessionOptions', () => {
  it('fills in its defaults', () => {
    expect(parseSessionOptions({})).toEqual({
      tools: [],
      permissive: false,
      maxParallelTasks: 8,
    });
  });

  it('takes all of its keys, and leaves the defaults of the orchestrator to the session', () => {
    const bus = { publish: async () => {}, messages$: () => ({}), close: async () => {} };
    const confirm = () => 'deny' as const;
    const options: SessionOptions = {
      tools: [tool],
      permissive: true,
      permissions: { deny: ['bash'] },
      confirm,
      approvals: 'wait',
      confirmTimeoutMs: 5,
      model: 'p/m',
      maxParallelTasks: 3,
      sessionId: 'mine',
      sessionStore: new MemorySessionStore(),
      onInterrupted: 'ask',
      onPersistError: 'fail',
      budget: { maxTokens: 9 },
      bus,
      orchestrator: { maxConcurrentSubagents: 2 },
    };
    expect(parseSessionOptions(options)).toEqual({
      ...options,
      permissions: { allow: [], deny: ['bash'], ask: [], default: 'ask' },
    });
    expect(SessionOptions.safeParse(options).success).toBe(true);
  });

  it.each<[string, unknown, string]>([
    ['an unknown key', { colour: 1 }, 'SessionOptions: colour: unknown key; known keys: tools'],
    ['a store that is none', { sessionStore: {} }, 'sessionStore: expected a SessionStore'],
    ['a budget of nothing', { budget: {} }, 'budget: expected maxTokens'],
    ['a session without a name', { sessionId: '' }, 'sessionId: '],
    ['no steps at a time', { maxParallelTasks: 0 }, 'maxParallelTasks: '],
    ['an unknown answer', { approvals: 'allow' }, 'approvals: '],
    ['a bus that is none', { bus: {} }, 'bus: expected an EventBus'],
    ['a rule that is none', { permissions: { allow: ['('] } }, 'permissions.allow.0: expected a rule'],
    [
      'an unknown key of the orchestrator',
      { orchestrator: { colour: 1 } },
      'orchestrator.colour: unknown key; known keys: maxConcurrentSubagents',
    ],
    ['a wrong value of the orchestrator', { orchestrator: { keepEnded: -1 } }, 'orchestrator.keepEnded: '],
    [
      'an orchestrator that is none',
      { orchestrator: 5 },
      'orchestrator: Invalid input: expected object, received number',
    ],
  ])('refuses %s', (_, value, message) => {
    expect(refusalOf(() => parseSessionOptions(value))).toContain(message);
  });
});
