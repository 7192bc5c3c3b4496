import { execFileSync } from 'node:child_process';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadAgentFile } from '../../src/config/index.js';
import { folderWith, refusalOf } from './temp-folder.js';

const env = { OPENAI_API_KEY: 'sk-from-env', OPENAI_BASE_URL: 'https://example.test/v1' };

const ACL = `default_model = "openai/gpt-5-mini"
providers "openai" {
  api_key  = env("OPENAI_API_KEY")
  base_url = env("OPENAI_BASE_URL")
  models "gpt-5-mini" { context = 400000 }
}
`;

/** Writes a file of this name and loads it; messages name it `<file>`. */
function load(name: string, content: string | Uint8Array) {
  return loadAgentFile(join(folderWith({ [name]: content }), name), env);
}

function refused(name: string, content: string | Uint8Array): string {
  const file = join(folderWith({ [name]: content }), name);
  return refusalOf(() => loadAgentFile(file, env)).replaceAll(file, '<file>');
}

const provider = {
  apiKey: 'k',
  models: { m: {} },
  firstByteTimeoutMs: 60_000,
  idleTimeoutMs: 60_000,
  turnTimeoutMs: 600_000,
  maxRetries: 3,
  maxResponseBytes: 16 * 1024 * 1024,
};

describe('a config file', () => {
  it.each(['agent.acl', 'agent.hcl', 'AGENT.ACL'])('%s holds blocks, and reads the environment it is given', (name) => {
    const config = load(name, ACL);
    expect(config.defaultModel).toBe('openai/gpt-5-mini');
    expect(config.providers.openai).toEqual({
      ...provider,
      apiKey: 'sk-from-env',
      baseUrl: 'https://example.test/v1',
      models: { 'gpt-5-mini': { context: 400_000 } },
    });
  });

  it.each([
    ['agent.yaml', 'providers:\n  p:\n    apiKey: k\n    models:\n      m: {}\n'],
    ['agent.yml', 'providers: {p: {api_key: k, models: {m: {}}}}'],
    ['agent.json', '{"providers": {"p": {"apiKey": "k", "models": {"m": {}}}}}'],
    ['agent.json', '\ufeff{"providers": {"p": {"api_key": "k", "models": {"m": {}}}}}'],
    ['agent.yaml', '\ufeffproviders: {p: {api_key: k, models: {m: {}}}}\r\n'],
    ['agent.acl', '\ufeffproviders "p" {\r\n  apiKey = "k"\r\n  models "m" {}\r\n}\r\n'],
  ])('%s gives the same, with the defaults filled in (%j)', (name, content) => {
    expect(load(name, content)).toEqual({ providers: { p: provider }, agentDirs: [], skillDirs: [] });
  });

  it('may set every limit and price, in either spelling', () => {
    const config = load(
      'agent.acl',
      `providers "p" {
  base_url = "http://127.0.0.1:8080/v1"
  first_byte_timeout_ms = 1
  idleTimeoutMs = 2
  turn_timeout_ms = 3
  max_retries = 0
  max_response_bytes = 5
  models "org/m" {
    context = 6
    max_output_tokens = 7
    api = "responses"
    structured_output = "tool"
    input_cost = 0.25
    outputCost = 2
  }
}
default_model = "p/org/m"
agent_dirs = ["agents"]
skillDirs = concat(["skills"], ["/elsewhere"])
permissions {
  allow = ["read", "bash(npm test:*)"]
  deny = ["write(secrets/**)"]
  default = "deny"
}`,
    );
    expect(config.providers.p).toEqual({
      baseUrl: 'http://127.0.0.1:8080/v1',
      firstByteTimeoutMs: 1,
      idleTimeoutMs: 2,
      turnTimeoutMs: 3,
      maxRetries: 0,
      maxResponseBytes: 5,
      models: {
        'org/m': {
          context: 6,
          maxOutputTokens: 7,
          api: 'responses',
          structuredOutput: 'tool',
          inputCost: 0.25,
          outputCost: 2,
        },
      },
    });
    expect(config.permissions).toEqual({
      allow: ['read', 'bash(npm test:*)'],
      deny: ['write(secrets/**)'],
      ask: [],
      default: 'deny',
    });
  });

  it('names its folders relative to itself', () => {
    const folder = folderWith({ 'sub/agent.json': '{"agentDirs": ["agents", "../up"], "skill_dirs": ["/abs"]}' });
    const config = loadAgentFile(join(folder, 'sub', 'agent.json'), env);
    expect(config.agentDirs).toEqual([join(folder, 'sub', 'agents'), join(folder, 'up')]);
    expect(config.skillDirs).toEqual(['/abs']);
  });

  it('takes env("X") for a plain text, save in the block language', () => {
    const config = load('agent.yaml', 'providers: {p: {apiKey: env("OPENAI_API_KEY")}}');
    expect(config.providers.p?.apiKey).toBe('env("OPENAI_API_KEY")');
  });
});

describe('a config file is refused with file, line and key', () => {
  it.each<[string, string, string, string]>([
    ['a syntax error', 'a.acl', 'providers "p" {\n  api_key = k\n}', '<file>:2:13: expected a value'],
    ['a syntax error', 'a.yaml', 'providers:\n  p: {apiKey: k', '<file>:2:'],
    [
      'a syntax error',
      'a.json',
      '{\n  "providers": {,}\n}',
      '<file>:2:17: no valid JSON: expected a key in double quotes',
    ],
    ['an empty file', 'a.json', '', 'expected a value, found the end of the file'],
    ['an empty file', 'a.yaml', '', '<file>:1:1: the file: Invalid input: expected object, received null'],
    ['a list', 'a.yaml', '- a', '<file>:1:1: the file: Invalid input: expected object, received array'],
    [
      'an unknown key',
      'a.acl',
      '\ncolour = 1',
      '<file>:2:1: colour: unknown key; known keys: defaultModel, providers, agentDirs, skillDirs, permissions',
    ],
    ['a key of later', 'a.acl', 'mcp_servers "x" {}', '<file>:1:1: mcp_servers: unknown key'],
    ['each unknown key', 'a.acl', 'x = 1\ny = 2', '<file>:1:1: x: unknown key'],
    ['each unknown key', 'a.acl', 'x = 1\ny = 2', '<file>:2:1: y: unknown key'],
    [
      'an unknown key of a provider',
      'a.yaml',
      'providers:\n  p:\n    apiKey: k\n    colour: 1',
      '<file>:4:5: providers.p.colour: unknown key; known keys: apiKey, baseUrl',
    ],
    [
      'an unknown key of a model',
      'a.json',
      '{"providers": {"p": {"apiKey": "k",\n "models": {"m": {"size": 1}}}}}',
      '<file>:2:19: providers.p.models.m.size: unknown key',
    ],
    ['__proto__', 'a.json', '{"__proto__": {}}', '<file>:1:2: __proto__: unknown key'],
    ['constructor', 'a.acl', 'constructor = 1', '<file>:1:1: constructor: unknown key'],
    [
      'a provider called __proto__',
      'a.acl',
      'providers "__proto__" { api_key = "k" }',
      '<file>:1:1: providers.__proto__: this name cannot be used',
    ],
    [
      'a model called __proto__',
      'a.json',
      '{"providers": {"p": {"apiKey": "k", "models": {"__proto__": {}}}}}',
      'providers.p.models.__proto__: this name cannot be used',
    ],
    [
      'a wrong type',
      'a.acl',
      'providers "p" {\n  api_key = 5\n}',
      '<file>:2:3: providers.p.api_key: Invalid input: expected string, received number',
    ],
    [
      'a wrong type in a list',
      'a.acl',
      'agent_dirs = [\n  "a",\n  1\n]',
      '<file>:3:3: agent_dirs.1: Invalid input: expected string, received number',
    ],
    ['null', 'a.yaml', 'default_model: ~', '<file>:1:1: default_model: Invalid input: expected string, received null'],
    [
      'both spellings',
      'a.acl',
      'providers "p" {\n  api_key = "k"\n  apiKey = "k"\n}',
      '<file>:3:3: providers.p.apiKey: given twice, as api_key and as apiKey; keep one',
    ],
    [
      'an empty key',
      'a.acl',
      'providers "p" { api_key = " " }',
      'providers.p.api_key: expected a key that is not empty',
    ],
    [
      'neither key nor server',
      'a.acl',
      '\nproviders "p" {\n  models "m" {}\n}',
      '<file>:2:1: providers.p: needs an api_key, or the base_url of a server that asks for none',
    ],
    [
      'a URL of another kind',
      'a.acl',
      'providers "p" { base_url = "ftp://x" }',
      'providers.p.base_url: expected an http or https URL',
    ],
    [
      'a URL with a password',
      'a.acl',
      'providers "p" { base_url = "https://me:secret@x/v1" }',
      'expected a URL without user and password',
    ],
    ['a provider with a slash', 'a.acl', 'providers "a/b" { api_key = "k" }', '<file>:1:1: providers.a/b: '],
    [
      'a negative limit',
      'a.acl',
      'providers "p" {\n api_key = "k"\n max_retries = -1\n}',
      '<file>:3:2: providers.p.max_retries: ',
    ],
    [
      'a broken number',
      'a.acl',
      'providers "p" {\n api_key = "k"\n turn_timeout_ms = 1.5\n}',
      '<file>:3:2: providers.p.turn_timeout_ms: ',
    ],
    [
      'a timeout that no timer can wait',
      'a.acl',
      'providers "p" {\n api_key = "k"\n idle_timeout_ms = 2147483648\n}',
      '<file>:3:2: providers.p.idle_timeout_ms: ',
    ],
    [
      'an unknown api',
      'a.acl',
      'providers "p" {\n api_key = "k"\n models "m" { api = "x" }\n}',
      '<file>:3:15: providers.p.models.m.api: ',
    ],
    [
      'one price of two',
      'a.acl',
      'providers "p" {\n api_key = "k"\n models "m" { input_cost = 1 }\n}',
      '<file>:3:15: providers.p.models.m.input_cost: needs outputCost beside it',
    ],
    [
      'an unknown default',
      'a.acl',
      'default_model = "p/n"\nproviders "p" {\n api_key = "k"\n models "m" {}\n}',
      '<file>:1:1: default_model: no such model; did you mean "p/m"? Known: p/m',
    ],
    ['a default without models', 'a.acl', 'default_model = "p/n"', 'default_model: no such model; Known: none'],
    [
      'a rule that is none',
      'a.acl',
      'permissions {\n allow = ["a b"]\n}',
      '<file>:2:11: permissions.allow.0: expected a rule: Tool or Tool(pattern)',
    ],
    ['a default of permissions that allows', 'a.acl', 'permissions { default = "allow" }', 'permissions.default: '],
    [
      'a variable that is not set',
      'a.acl',
      'providers "p" {\n  api_key = env("NOT_SET")\n}',
      '<file>:2:13: the environment variable NOT_SET is not set',
    ],
  ])('%s (%s)', (_, name, content, message) => {
    expect(refused(name, content)).toContain(message);
  });

  it('an unknown kind of file, naming the known ones', () => {
    expect(refused('agent.toml', '')).toBe('<file>: unknown kind of file; expected .acl, .hcl, .yaml, .yml or .json');
    expect(refused('agent', '')).toContain('unknown kind of file');
  });

  it('a file that is not there, or cannot be read', () => {
    const folder = folderWith({ 'folder.acl/x': '', 'file.json': '{}' });
    symlinkSync('loop.acl', join(folder, 'loop.acl'));
    const reason = (name: string) =>
      refusalOf(() => loadAgentFile(join(folder, name), env)).replace(join(folder, name), '');
    expect(reason('none.acl')).toBe(': no such file');
    expect(reason('folder.acl')).toBe(': it is a folder, expected a file');
    expect(reason('file.json/x.acl')).toBe(': no such file: a part of its path is no folder');
    expect(reason('loop.acl')).toBe(': it cannot be read (ELOOP)');
    expect(reason('nul\0.acl')).toContain('it cannot be read (ERR_INVALID_ARG_VALUE)');
  });

  it.skipIf(process.platform === 'win32')('a pipe, without waiting for it', () => {
    const pipe = join(folderWith(), 'pipe.acl');
    execFileSync('mkfifo', [pipe]);
    expect(refusalOf(() => loadAgentFile(pipe, env))).toBe(`${pipe}: it is no regular file`);
  });

  it('a file that is too large, or no text', () => {
    expect(refused('a.acl', `# ${'x'.repeat(1024 * 1024)}`)).toBe('<file>: it is larger than 1048576 bytes; split it');
    expect(refused('a.acl', Uint8Array.of(0x61, 0xff, 0xfe))).toBe('<file>: it is not valid UTF-8 text');
  });
});
