import { chmodSync, realpathSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { delimiter, join } from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, it, vi } from 'vitest';
import { limiterOf, openai } from '../../src/activities/llm/index.js';
import { builtinTools } from '../../src/activities/tools/index.js';
import { Agent } from '../../src/agent/index.js';
import type { AgentOptions } from '../../src/config/index.js';
import { realClock } from '../../src/domain/clock.js';
import { TroupeError } from '../../src/domain/errors.js';
import type { ModelProvider } from '../../src/domain/model.js';
import type { Tool } from '../../src/domain/tool.js';
import { scripted } from '../../src/testing/index.js';
import { folderWith } from '../config/temp-folder.js';
import { calls, lastMessage } from '../support/world.js';

function mute(name: string): ModelProvider {
  return {
    name,
    async *stream() {
      yield { type: 'finish', reason: 'stop' };
    },
  };
}

function tool(name: string): Tool {
  const input = builtinTools()[0]?.input;
  if (input === undefined) throw new Error('there are built-in tools');
  return { name, description: name, input, parameters: {}, readOnly: true, idempotent: true, run: async () => name };
}

/** The message of the `config_invalid` that `Agent.create` rejects with. */
async function refusal(...args: readonly unknown[]): Promise<string> {
  try {
    await Reflect.apply(Agent.create, Agent, args);
  } catch (error) {
    if (error instanceof TroupeError && error.code === 'config_invalid') return error.message;
    throw error;
  }
  throw new Error('expected a refusal');
}

const TWO_MODELS = { providers: { p: { apiKey: 'sk-of-mine', models: { a: {}, b: {} } } } };

describe('the model', () => {
  it('is the offline one without source and model', async () => {
    const { runtime } = await Agent.create();
    expect(runtime.modelOf().name).toBe('offline');
    expect(runtime.modelOf()).toBe(runtime.modelOf());
    expect(() => runtime.modelOf('x')).toThrow('model: no model "x"; no model has a name');
  });

  it('of a config shares its limiter with the other models of its provider, and with no other provider', async () => {
    const { runtime } = await Agent.create({
      providers: { ...TWO_MODELS.providers, q: { apiKey: 'sk-of-mine', models: { a: {} } } },
      defaultModel: 'p/a',
    });
    const [a, b, other] = ['p/a', 'p/b', 'q/a'].map((name) => limiterOf(runtime.modelOf(name)));
    expect(a).toBe(b);
    expect(a).not.toBe(other);
    expect(inspect(runtime.modelOf('p/a'), { depth: null, showHidden: true })).not.toContain('sk-of-mine');
  });

  it('is never the offline one with a source', async () => {
    expect(await refusal({})).toContain('there is no model; configure one under providers');
  });

  it('of a config is known as provider/model, and made once', async () => {
    const { runtime } = await Agent.create({ ...TWO_MODELS, defaultModel: 'p/b' });
    expect(runtime.modelOf().name).toBe('p/b');
    expect(runtime.modelOf('p/a').name).toBe('p/a');
    expect(runtime.modelOf('p/b')).toBe(runtime.modelOf());
    expect(() => runtime.modelOf('p/c')).toThrow('model: no model "p/c"; did you mean "p/a"? Known: p/a, p/b');
  });

  it('carries the retries and prices of its config', async () => {
    const models = { m: { inputCost: 1, outputCost: 2 } };
    const { runtime } = await Agent.create({ providers: { p: { apiKey: 'k', maxRetries: 7, models } } });
    expect(runtime.modelOf().maxRetries).toBe(7);
    expect(runtime.modelOf().price).toEqual({ inputCost: 1, outputCost: 2 });
  });

  it('is the only one there is, without a default', async () => {
    const model = mute('m');
    expect((await Agent.create(undefined, { models: { x: model } })).runtime.modelOf()).toBe(model);
  });

  it('must be named where there are several and no default', async () => {
    const { runtime } = await Agent.create(TWO_MODELS, { models: { c: mute('c') } });
    expect(() => runtime.modelOf()).toThrow(
      'defaultModel: none is set, and there are several; name one of p/a, p/b, c',
    );
    expect(runtime.modelOf('c').name).toBe('c');
  });

  it('of the options goes before that of the config, by name or as an object', async () => {
    const model = mute('c');
    const config = { ...TWO_MODELS, defaultModel: 'p/b' };
    const byName = await Agent.create(config, { models: { c: model }, defaultModel: 'c' });
    expect(byName.runtime.modelOf()).toBe(model);
    expect((await Agent.create(config, { defaultModel: 'p/a' })).runtime.modelOf().name).toBe('p/a');
    const asObject = await Agent.create(config, { defaultModel: model });
    expect(asObject.runtime.modelOf()).toBe(model);
    expect(asObject.runtime.modelOf('p/b').name).toBe('p/b');
  });

  it('as an object is enough, without source', async () => {
    const model = mute('mine');
    expect((await Agent.create(undefined, { defaultModel: model })).runtime.modelOf()).toBe(model);
  });

  it('that does not exist, or exists twice, is refused at once', async () => {
    expect(await refusal(TWO_MODELS, { defaultModel: 'p/z' })).toBe(
      'defaultModel: no model "p/z"; did you mean "p/a"? Known: p/a, p/b',
    );
    expect(await refusal(undefined, { models: { x: mute('x') }, defaultModel: 'nonsense' })).toContain('Known: x');
    expect(await refusal(TWO_MODELS, { models: { 'p/a': mute('x') } })).toContain(
      'the name p/a is that of a configured model',
    );
  });

  it('is asked at the server of the config, with the key of the config and no other', async () => {
    const seen: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      seen.push(request.url, request.headers.authorization);
      request.resume();
      response.writeHead(401, { 'content-type': 'application/json' }).end('{"error": {"message": "no"}}');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    vi.stubEnv('OPENAI_API_KEY', 'sk-of-someone-else');
    vi.stubEnv('OPENAI_BASE_URL', 'http://127.0.0.1:1/elsewhere');
    try {
      const { port } = server.address() as AddressInfo; // it listens on a port
      const baseUrl = `http://127.0.0.1:${port}/v1`;
      const { runtime } = await Agent.create({
        providers: { p: { baseUrl, models: { m: {} } }, q: { baseUrl, apiKey: 'sk-mine', models: { m: {} } } },
      });
      for (const name of ['p/m', 'q/m']) {
        const chunks = runtime
          .modelOf(name)
          .stream({ system: '', messages: [], tools: [] }, { signal: new AbortController().signal, clock: realClock });
        await expect(chunks[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'model_auth' });
      }
      expect(seen[0]).toBe('/v1/chat/completions');
      expect(seen[1]).not.toContain('someone-else');
      expect(seen[3]).toBe('Bearer sk-mine');
    } finally {
      vi.unstubAllEnvs();
      await new Promise((resolve) => server.close(resolve));
    }
  });
});

describe('the source', () => {
  it('is a file, which may read the environment as it is at that time', async () => {
    const file = join(
      folderWith({ 'agent.acl': 'providers "p" {\n  api_key = env("TROUPE_TEST_KEY")\n  models "m" {}\n}' }),
      'agent.acl',
    );
    expect(await refusal(file)).toBe(`${file}:2:13: the environment variable TROUPE_TEST_KEY is not set; set it`);
    vi.stubEnv('TROUPE_TEST_KEY', 'key-of-the-test');
    try {
      const { runtime } = await Agent.create(file);
      expect(runtime.modelOf().name).toBe('p/m');
      expect(runtime.redact('it is key-of-the-test')).not.toContain('key-of-the-test');
    } finally {
      vi.unstubAllEnvs();
    }
  });

  it.each<[string, unknown, string]>([
    ['an empty path', '', 'Agent.create: the path of the config file is empty'],
    ['null', null, 'AgentConfig: (root): Invalid input: expected object, received null'],
    ['a number', 5, 'AgentConfig: (root): Invalid input: expected object'],
    ['a missing file', 'no/such/agent.acl', 'no/such/agent.acl: no such file'],
    [
      'a config in place of its path',
      'api_key = "sk-x"\n',
      'Agent.create: expected the path of a config file, not its text',
    ],
  ])('is refused when it is %s', async (_, source, message) => {
    expect(await refusal(source)).toContain(message);
  });

  it('is refused with file and line where a provider has neither key nor server', async () => {
    const file = join(folderWith({ 'agent.yaml': 'providers:\n  p:\n    models: {m: {}}\n' }), 'agent.yaml');
    expect(await refusal(file)).toBe(
      `${file}:2:3: providers.p: needs an api_key, or the base_url of a server that asks for none`,
    );
  });

  it('may narrow the permissions of the whole agent', async () => {
    const { runtime } = await Agent.create({ ...TWO_MODELS, permissions: { deny: ['bash'] } });
    expect(runtime.permissions).toEqual({ allow: [], deny: ['bash'], ask: [], default: 'ask' });
  });

  it('is refused with options that are none', async () => {
    expect(await refusal(undefined, { colour: 1 })).toContain('AgentOptions: colour: unknown key');
    expect(await refusal(undefined, null)).toContain('AgentOptions: (root): ');
  });
});

describe('the tools', () => {
  it('are the built-in ones and the own ones', async () => {
    const mine = tool('mine');
    const { runtime } = await Agent.create(undefined, { tools: [mine, mine] });
    expect([...runtime.tools.keys()]).toEqual([...builtinTools().map(({ name }) => name), 'mine']);
    expect(runtime.tools.get('mine')).toBe(mine);
  });

  it('have names of their own, whatever their case', async () => {
    expect(await refusal(undefined, { tools: [tool('mine'), tool('mine')] })).toBe(
      'AgentOptions: tools: the name mine is given to two tools; rename your own',
    );
    expect(await refusal(undefined, { tools: [tool('mine'), tool('Mine')] })).toContain('given to two tools');
    expect(await refusal(undefined, { tools: [tool('read')] })).toContain('the name read is that of a built-in tool');
    expect(await refusal(undefined, { tools: [tool('Bash')] })).toContain('the name Bash is that of a built-in tool');
  });
});

describe('the options of the built-in tools', () => {
  /** What the tool told the model, of one run with this call. */
  async function run(options: AgentOptions, workspace: string, call: readonly [name: string, args: object]) {
    const model = scripted([calls(call), { text: 'done' }]);
    const agent = await Agent.create(undefined, { ...options, defaultModel: model });
    const session = agent.session(workspace, { permissions: { allow: ['bash'] } });
    await session.orchestrator.spawnSubagent({ agentType: 'general', prompt: 'go' }).wait();
    await session.close();
    return lastMessage(model.requests[1]);
  }

  it('wrap every command that a subagent runs', async () => {
    const workspace = realpathSync(folderWith());
    const wrapCommand = (argv: readonly string[], folder: string) => ['env', `CONFINED=${folder}`, ...argv];
    const bash = ['bash', { command: 'echo "in $CONFINED"' }] as const;
    expect(await run({ builtinTools: { wrapCommand } }, workspace, bash)).toBe(`in ${workspace}\n`);
  });

  it.runIf(process.platform !== 'win32')('choose the program that searches, or none', async () => {
    // Finds the first line whatever is looked for, so that it can be told from a real search.
    const rg = "#!/bin/sh\nprintf './a.txt\\0001:\\n'\n";
    const workspace = folderWith({ 'a.txt': 'one\ntwo\n', 'bin/rg': rg });
    const program = join(workspace, 'bin/rg');
    chmodSync(program, 0o755);
    vi.stubEnv('PATH', `${join(workspace, 'bin')}${delimiter}${process.env.PATH}`);
    const grep = ['grep', { pattern: 'two' }] as const;
    try {
      expect(await run({}, workspace, grep)).toBe('a.txt:1:one');
      expect(await run({ builtinTools: { ripgrep: false } }, workspace, grep)).toBe('a.txt:2:two');
    } finally {
      vi.unstubAllEnvs();
    }
    expect(await run({ builtinTools: { ripgrep: program } }, workspace, grep)).toBe('a.txt:1:one');
  });

  it('are refused when they are none', async () => {
    expect(await refusal(undefined, { builtinTools: { ripgrep: 'rg' } })).toContain(
      'AgentOptions: builtinTools.ripgrep: expected the absolute path of rg, or false',
    );
  });
});

describe('definitions and skills', () => {
  const skill = (name: string) => `---\nname: ${name}\ndescription: d\n---\n`;

  it('come from the config, the options and the spawn', async () => {
    const folder = folderWith({
      'agent.yaml': 'providers: {p: {apiKey: k, models: {m: {}}}}\nagentDirs: [one]\nskillDirs: [skills]\n',
      'one/a.yaml': 'name: a\nprompt: p',
      'skills/a/SKILL.md': skill('a'),
    });
    const agentDirs = [folderWith({ 'b.yaml': 'name: b\nprompt: p' })];
    const skillDirs = [folderWith({ 'b/SKILL.md': skill('b') })];
    const { runtime } = await Agent.create(join(folder, 'agent.yaml'), { agentDirs, skillDirs });
    expect(runtime.definitionOf('a').name).toBe('a');
    expect(runtime.definitionOf('b').name).toBe('b');
    expect(runtime.definitionOf('c', [folderWith({ 'c.yaml': 'name: c\nprompt: p' })]).name).toBe('c');
    expect(runtime.skillsOf().map(({ name }) => name)).toEqual(['a', 'b']);
    expect(runtime.skillsOf([folderWith({ 'SKILL.md': skill('c') }), ...skillDirs]).map(({ name }) => name)).toEqual([
      'a',
      'b',
      'c',
    ]);
  });

  it('that are bad are refused when the agent is made', async () => {
    expect(await refusal(undefined, { agentDirs: ['no/such/folder'] })).toContain('agentDirs: ');
    expect(await refusal(undefined, { skillDirs: ['no/such/folder'] })).toContain('skillDirs: ');
    const two = folderWith({ 'a/SKILL.md': skill('x'), 'b/SKILL.md': skill('x') });
    expect(await refusal(undefined, { skillDirs: [two] })).toMatch(
      /b\/SKILL\.md: the name x is taken by .*a\/SKILL\.md/,
    );
  });
});

describe('the rest of the runtime', () => {
  it('is what the options say, or the real clock and nothing', async () => {
    const confirm = () => 'allow' as const;
    const onError = () => {};
    const clock = { ...realClock };
    const inspect = {};
    expect((await Agent.create(undefined, { confirm, onError, clock, inspect })).runtime).toMatchObject({
      confirm,
      onError,
      clock,
      inspect,
    });
    const { runtime } = await Agent.create();
    expect(runtime.clock).toBe(realClock);
    expect(Object.keys(runtime)).toEqual(['definitionOf', 'modelOf', 'skillsOf', 'tools', 'clock', 'redact']);
  });

  it('takes every key of the config out of texts', async () => {
    const providers = { p: { apiKey: 'first-long-key', models: { m: {} } }, q: { apiKey: 'other-long-key' } };
    const { runtime } = await Agent.create({ providers });
    expect(runtime.redact('first-long-key, other-long-key')).toBe('[redacted], [redacted]');
  });
});

describe('a key that is given in code', () => {
  it('is redacted like one of a config, without standing on the model', async () => {
    const model = openai({ model: 'm', apiKey: 'my-own-key-123', headers: { 'x-token': 'header-secret-9' } }, {});
    const agent = await Agent.create(undefined, { defaultModel: model });
    expect(agent.runtime.redact('a my-own-key-123 b header-secret-9 c')).not.toMatch(/my-own-key|header-secret/);
    expect(inspect(model, { depth: 9, showHidden: true })).not.toContain('my-own-key');
  });
});
