import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { offline } from '../../../src/activities/llm/offline.js';
import { builtinTools } from '../../../src/activities/tools/index.js';
import { realClock } from '../../../src/domain/clock.js';
import type { Message } from '../../../src/domain/message.js';
import type { ModelChunk, ModelRequest } from '../../../src/domain/model.js';
import { type ToolContext, ToolReply } from '../../../src/domain/tool.js';
import { runArgs } from '../../support/run-args.js';

type Args = Record<string, unknown>;
type FakeTools = Record<string, (args: Args) => string | ToolReply | Promise<string | ToolReply>>;

const user = (content: string): Message => ({ role: 'user', content });

function requestOf(messages: readonly Message[], tools: readonly string[]): ModelRequest {
  return { system: 'You help.', messages, tools: tools.map((name) => ({ name, description: name, parameters: {} })) };
}

async function chunksOf(request: ModelRequest, signal = new AbortController().signal): Promise<ModelChunk[]> {
  const chunks: ModelChunk[] = [];
  for await (const chunk of offline().stream(request, { signal, clock: realClock })) chunks.push(chunk);
  return chunks;
}

async function turnOf(request: ModelRequest) {
  const chunks = await chunksOf(request);
  const calls = chunks.flatMap((chunk) => (chunk.type === 'tool_call' ? [chunk] : []));
  const text = chunks.map((chunk) => (chunk.type === 'text_delta' ? chunk.text : '')).join('');
  return { chunks, text, calls: calls.map((call) => ({ name: call.name, args: JSON.parse(call.arguments) as Args })) }; // it calls with objects
}

/** Runs a prompt to its end, as a subagent would. */
async function run(prompt: string, tools: FakeTools, before: readonly Message[] = []) {
  const messages: Message[] = [...before, user(prompt)];
  const calls: string[] = [];
  for (let turns = 1; turns <= 10; turns += 1) {
    const turn = await turnOf(requestOf(messages, Object.keys(tools)));
    if (turn.calls.length === 0) return { text: turn.text, turns, calls, messages };
    const ids = turn.calls.map((_, index) => `call-${turns}-${index}`);
    const toolCalls = turn.calls.map(({ name, args }, index) => ({
      id: ids[index] ?? '',
      name,
      arguments: JSON.stringify(args),
    }));
    messages.push({ role: 'assistant', content: turn.text, toolCalls });
    for (const [index, { name, args }] of turn.calls.entries()) {
      calls.push(`${name} ${JSON.stringify(args)}`);
      const answer = (await tools[name]?.(args)) ?? 'no such tool';
      const reply = typeof answer === 'string' ? new ToolReply(answer) : answer;
      const message = { role: 'tool', toolCallId: ids[index] ?? '', content: reply.output } as const;
      messages.push(reply.isError ? { ...message, isError: true } : message);
    }
  }
  throw new Error('it calls tools for ever');
}

const FILES = ['README.md', 'src/index.ts', 'src/a/one.ts', 'src/a/two.ts', 'test/one.test.ts'];
const fakes = (over: FakeTools = {}): FakeTools => ({
  ls: () => 'src/\ntest/\nREADME.md (120)',
  glob: () => FILES.join('\n'),
  grep: () => 'src/a/one.ts:3:const retry = 1;\nsrc/a/one.ts:9:  retry();\nREADME.md:7:how to retry',
  read: ({ file_path }) =>
    `     1\t/** The file ${file_path}. */\n     2\t\n     3\texport const answer = 42; // TODO more`,
  ...over,
});
const failing = (text: string) => () => new ToolReply(text, { isError: true });

const firstCalls = async (prompt: string) =>
  (await turnOf(requestOf([user(prompt)], ['ls', 'glob', 'grep', 'read']))).calls.map(
    ({ name, args }) => `${name} ${Object.values(args).join(' ')}`,
  );
const TYPESCRIPT = '**/*.{ts,tsx,mts,cts}';

describe('what a prompt leads to', () => {
  it.each([
    ['Use glob to find TypeScript files', `glob ${TYPESCRIPT}`],
    ['Use glob to find Python files', 'glob **/*.py'],
    ['Use glob to find all TypeScript files. Report how many you found.', `glob ${TYPESCRIPT}`],
    ['Search for TypeScript files', `glob ${TYPESCRIPT}`],
    ['list markdown files in docs', 'glob docs/**/*.md'],
    ['Find all *.ts files in src', 'glob src/**/*.ts'],
    ['find "src/**/*.test.ts"', 'glob src/**/*.test.ts'],
    ['List the .yaml files.', 'glob **/*.yaml'],
    ['files written in C++', 'glob **/*.{cpp,cc,cxx,hpp,h}'],
    ['list files', 'glob **/*'],
    ['List files in the src/activities folder', 'glob src/activities/**/*'],
    ['find files in "src"', 'glob src/**/*'],
    ['Is there a file named vitest.config.ts?', 'glob **/vitest.config.ts'],
    ['Count the lines of TypeScript code', `glob ${TYPESCRIPT}`],
    ['How many files are in test?', 'glob test/**/*'],
    ['count TODOs', 'grep TODO'],
    ['grep TODO', 'grep TODO'],
    ['find all TODO comments in TypeScript files', `grep TODO ${TYPESCRIPT}`],
    ["Search for 'a.b(c)' in src", 'grep a\\.b\\(c\\) src/**/*'],
    ['Look in the "src" folder for "retry"', 'grep retry src/**/*'],
    ['where is compilePermissions defined?', 'grep compilePermissions'],
    ['Find the function parseConfig()', 'grep parseConfig'],
    ['Find usages of spawn_subagent', 'grep spawn_subagent'],
    ['search for retry', 'grep retry'],
    ['Summarise the README', 'read README.md'],
    ['Explain src/index.ts', 'read src/index.ts'],
    ['Find security issues in src/auth.ts', 'read src/auth.ts'],
    ['review the TypeScript code in src/events', 'glob src/events/**/*.{ts,tsx,mts,cts}'],
    ['Review src/domain for problems', 'glob src/domain/**/*'],
  ])('%j begins with %j', async (prompt, call) => {
    expect(await firstCalls(prompt)).toEqual([call]);
  });

  it('files that are named are read side by side, three at most', async () => {
    expect(await firstCalls('Read src/index.ts and package.json')).toEqual(['read src/index.ts', 'read package.json']);
    expect(await firstCalls('Read a.ts, b.ts, c.ts and d.ts')).toHaveLength(3);
  });

  it.each([
    'Name three systems languages.',
    'Is Rust memory-safe without a GC? yes/no.',
    'In one sentence, what is Python?',
    'How many planets are there?',
    'Where is Paris?',
    'Run the test suite and summarize failures.',
    'Write a hello world in Node.js',
    'Plan a trip. **Note**: be *nice*.',
    'Explain quantum physics',
    '   ',
    '__proto__',
  ])('%j fits no rule: it looks around', async (prompt) => {
    expect(await firstCalls(prompt)).toEqual(['ls .', 'glob **/*']);
  });

  it.each(['@', '*/', 'a/', 'a.', "'", '{', 'in the ', 'search '])(
    '%j in masses is read in bounded time',
    async (piece) => {
      const before = process.cpuUsage();
      await firstCalls(piece.repeat(100_000));
      expect(process.cpuUsage(before).user / 1_000).toBeLessThan(1_000); // ms
    },
  );
});

describe('what it reports', () => {
  it('files that were found, with their number and the first names', async () => {
    const { text, turns, calls } = await run('Use glob to find TypeScript files', fakes());
    expect(calls).toEqual([`glob {"pattern":"${TYPESCRIPT}"}`]);
    expect(turns).toBe(2);
    expect(text).toContain('I found 5 TypeScript files:\n- README.md\n- src/index.ts\n');
  });

  it('that there are none, in the words of the tool', async () => {
    const { text } = await run('find Python files', fakes({ glob: () => 'No files found.' }));
    expect(text).toContain('I found no Python files.');
    expect(text).toContain('The tool says: No files found.');
  });

  it('only ten names of many, and what the tool left out', async () => {
    const many = Array.from({ length: 25 }, (_, index) => `src/f${index}.ts`);
    const glob = () => [...many, '(only the first 25 are shown; narrow the pattern or the path)'].join('\n');
    const { text } = await run('find TypeScript files', fakes({ glob }));
    expect(text).toContain('I found 25 TypeScript files:');
    expect(text).toContain('- src/f9.ts\n- and 15 more\n');
    expect(text).not.toContain('src/f10.ts');
    expect(text).toContain('only the first 25 are shown');
  });

  it('counts by folder and by extension', async () => {
    const { text } = await run('How many files are there?', fakes());
    expect(text).toContain('I counted 5 files.');
    expect(text).toContain('By folder: src/ 3, ./ 1, test/ 1.');
    expect(text).toContain('By extension: .ts 4, .md 1.');
  });

  it('lines of files, read side by side', async () => {
    const { text, turns, calls } = await run('Count the lines of TypeScript code', fakes());
    expect(turns).toBe(3);
    expect(calls.filter((call) => call.startsWith('read'))).toHaveLength(5);
    expect(text).toContain('I read 5 of them, 15 lines in all:');
    expect(text).toContain('- src/index.ts: 3 lines');
  });

  it('the number of lines that the tool names, where it showed only some', async () => {
    const read = () => '     1\tone\n     2\ttwo\n(lines 1 to 2 of 3000; go on with offset 3)';
    const { text } = await run('read src/big.ts', fakes({ read }));
    expect(text).toContain('src/big.ts: 3000 lines.');
  });

  it('matches by file, with their lines', async () => {
    const { text } = await run('search for retry', fakes());
    expect(text).toContain('I found "retry" in 3 lines of 2 files:');
    expect(text).toContain(
      '- src/a/one.ts (2)\n  3: const retry = 1;\n  9: retry();\n- README.md (1)\n  7: how to retry',
    );
  });

  it('what a source file holds', async () => {
    const long = 'x'.repeat(130);
    const read = () =>
      ['/** What this is', ' * for.', ' */', '', 'export function go() {}', 'export type Way = 1;', `// FIXME ${long}`]
        .map((line, index) => `${String(index + 1).padStart(6)}\t${line}`)
        .join('\n');
    const { text } = await run('Review src/a.ts', fakes({ read }));
    expect(text).toContain('src/a.ts: 7 lines.');
    expect(text).toContain('it begins with the comment: What this is');
    expect(text).toContain('names it makes public (2): go, Way');
    expect(text).toContain('1 line longer than 120 characters');
    expect(text).toContain('1 line with TODO or FIXME');
  });

  it.each([
    ['a.py', ['"""Does it."""', 'def go():', '    def inner():', 'class Way:'], 'Does it.', '(2): go, Way'],
    [
      'a.rs',
      ['//! Does it.', 'pub fn go() {}', 'fn inner() {}', 'pub struct Way;'],
      'comment: Does it.',
      '(2): go, Way',
    ],
    ['a.go', ['// Does it.', 'func Go() {}', 'func inner() {}', 'type Way int'], 'Does it.', '(2): Go, Way'],
  ])('the public names of %s', async (file, lines, comment, names) => {
    const read = () => lines.map((line, index) => `${index + 1}\t${line}`).join('\n');
    const { text } = await run(`read ${file}`, fakes({ read }));
    expect(text).toContain(comment);
    expect(text).toContain(names);
  });

  it('the headings of a page, but not those in its code', async () => {
    const read = () => '     1\t# One\n     2\t```\n     3\t# no\n     4\t```\n     5\t## Two';
    const { text } = await run('summarise the readme', fakes({ read }));
    expect(text).toContain('README.md: 5 lines.');
    expect(text).toContain('headings (2): One, Two');
    expect(text).not.toContain('begins with the comment');
  });

  it('a file that cannot be shown, in the words of the tool', async () => {
    const { text } = await run(
      'read logo.md',
      fakes({ read: () => 'logo.md is a binary file (PNG image) of 9 bytes; not shown.' }),
    );
    expect(text).toContain('logo.md: nothing to read.');
    expect(text).toContain('PNG image');
  });

  it('a review reads three files, those of interest first', async () => {
    const { turns, calls, text } = await run('Review the code', fakes());
    expect(turns).toBe(3);
    expect(calls.slice(1)).toEqual([
      'read {"file_path":"README.md"}',
      'read {"file_path":"src/index.ts"}',
      'read {"file_path":"src/a/one.ts"}',
    ]);
    expect(text).toContain('I found 5 source files:');
  });

  it('to all else, in two turns: that it cannot reason, what it saw, and how to use a model', async () => {
    const { text, turns } = await run('Name three systems languages.', fakes());
    expect(turns).toBe(2);
    expect(text).toContain('I cannot reason about it');
    expect(text).toContain('In the folder I saw src/, test/, README.md.');
    expect(text).toContain('I counted 5 files.');
    expect(text).toContain('OPENAI_API_KEY');
    expect(text).toContain('OPENAI_BASE_URL');
  });
});

describe('when tools fail or are missing', () => {
  it('a failure is reported, and not tried again', async () => {
    for (const prompt of ['find TypeScript files', 'count files', 'search for retry', 'Review the code', 'Hello.']) {
      const broken = { ls: failing('disk on fire'), glob: failing('disk on fire'), grep: failing('disk on fire') };
      const { text, turns } = await run(prompt, fakes(broken));
      expect(turns).toBe(2);
      expect(text).toContain('failed: disk on fire');
    }
  });

  it('a file that is not where it was said to be is looked for once, and read where it is', async () => {
    const read = ({ file_path }: Args) =>
      file_path === 'src/a/one.ts' ? '     1\tfound' : new ToolReply('no such file', { isError: true });
    const { text, turns, calls } = await run('read one.ts', fakes({ read, glob: () => 'src/a/one.ts' }));
    expect(calls).toEqual([
      'read {"file_path":"one.ts"}',
      'glob {"pattern":"**/one.ts"}',
      'read {"file_path":"src/a/one.ts"}',
    ]);
    expect(turns).toBe(4);
    expect(text).toContain('src/a/one.ts: 1 line.');
  });

  it('a file that is nowhere ends in a report after at most four turns', async () => {
    const manyOnes = () => Array.from({ length: 20 }, (_, index) => `${index}/one.ts`).join('\n');
    for (const glob of [() => 'No files found.', failing('no'), () => 'a/one.ts\nb/one.ts', manyOnes]) {
      const { text, turns } = await run('read one.ts', fakes({ read: failing('no such file'), glob }));
      expect(turns).toBeLessThanOrEqual(4);
      expect(text).toContain('read {"file_path":"one.ts"} failed: no such file');
    }
  });

  it('a tool that was not offered is named', async () => {
    const { text, turns } = await run('search for retry', { read: () => '' });
    expect(turns).toBe(1);
    expect(text).toContain('I would need the tool grep');
  });

  it('it makes do with what was offered', async () => {
    const { glob, ls } = fakes();
    const counted = await run('Count the lines of TypeScript code', { glob: glob ?? (() => '') });
    expect(counted.calls).toHaveLength(1);
    expect(counted.text).toContain('I counted 5 TypeScript files.');
    const seen = await run('Hello.', { ls: ls ?? (() => '') });
    expect(seen.calls).toEqual(['ls {"path":"."}']);
    expect(seen.text).toContain('In the folder I saw');
  });

  it('without any tool it says so', async () => {
    const { text, turns } = await run('find TypeScript files', {});
    expect(turns).toBe(1);
    expect(text).toContain('none were offered');
  });

  it('output that no rule can read is passed over without harm', async () => {
    const odd = () => '\0{"a":[]}\n\n::::\n(';
    for (const prompt of ['find TypeScript files', 'count files', 'search for retry', 'Review the code', 'read a.ts']) {
      const { turns } = await run(prompt, { ls: odd, glob: odd, grep: odd, read: odd });
      expect(turns).toBeLessThanOrEqual(4);
    }
  });

  it('a call in the history whose arguments are no JSON is read as one without', async () => {
    const call = { id: 'a', name: 'read', arguments: '{"file_path": ' };
    const history: Message[] = [
      user('read a.ts'),
      { role: 'assistant', content: '', toolCalls: [call] },
      { role: 'tool', toolCallId: 'a', content: '     1\tx' },
    ];
    expect((await turnOf(requestOf(history, ['read']))).text).toContain('a file: 1 line.');
  });
});

describe('a conversation', () => {
  it('a second prompt is worked on anew', async () => {
    const first = await run('find TypeScript files', fakes());
    const before: Message[] = [...first.messages, { role: 'assistant', content: first.text }];
    const second = await run('search for retry', fakes(), before);
    expect(second.calls).toEqual(['grep {"pattern":"retry"}']);
    expect(second.text).not.toContain('TypeScript');
  });

  it('a side question without tools is answered from what was found, and says that it cannot reason', async () => {
    const first = await run('find TypeScript files', fakes());
    const after: Message[] = [...first.messages, { role: 'assistant', content: first.text }, user('Why so many?')];
    const { text, calls } = await turnOf(requestOf(after, []));
    expect(calls).toEqual([]);
    expect(text).toContain('cannot reason');
    expect(text).toContain(`glob {"pattern":"${TYPESCRIPT}"}`);
    expect(text).toContain('I found 5 TypeScript files');
  });

  it('a side question in the middle of the work names the calls so far', async () => {
    const call = { id: 'a', name: 'glob', arguments: '{"pattern":"**/*"}' };
    const history: Message[] = [
      user('count files'),
      { role: 'assistant', content: 'Looking.', toolCalls: [call] },
      { role: 'tool', toolCallId: 'a', content: 'no permission', isError: true },
      user('How far are you?'),
    ];
    expect((await turnOf(requestOf(history, []))).text).toContain('glob {"pattern":"**/*"} (failed)');
  });

  it('no message at all is no reason to fail', async () => {
    expect((await turnOf(requestOf([], []))).text).toContain('none were offered');
  });
});

describe('the stream', () => {
  const prompts = ['find TypeScript files', 'Name three systems languages.', 'search for retry', 'read a.ts'];

  it('every final answer says in its last line that no language model made it', async () => {
    for (const prompt of prompts) {
      const texts = [(await run(prompt, fakes())).text, (await run(prompt, {})).text];
      for (const text of texts) expect(text.split('\n').at(-1)).toMatch(/offline rules, not from a language model/);
    }
  });

  it('text comes in several pieces, then the calls, the usage, and exactly one finish', async () => {
    const asked = await chunksOf(requestOf([user('Name three systems languages.')], ['ls', 'glob']));
    expect(asked.map(({ type }) => type)).toEqual(['text_delta', 'tool_call', 'tool_call', 'usage', 'finish']);
    expect(asked.at(-1)).toEqual({ type: 'finish', reason: 'tool_calls' });
    const said = await chunksOf(requestOf([user('Name three systems languages.')], []));
    expect(said.filter(({ type }) => type === 'text_delta').length).toBeGreaterThan(3);
    expect(said.filter(({ type }) => type === 'finish')).toEqual([{ type: 'finish', reason: 'stop' }]);
  });

  it('usage grows with what was sent', async () => {
    const tokens = async (prompt: string) => {
      const usage = (await chunksOf(requestOf([user(prompt)], []))).find(({ type }) => type === 'usage');
      return usage?.type === 'usage' ? usage.usage.inputTokens : 0;
    };
    const few = await tokens('a');
    expect(few).toBeGreaterThan(0);
    expect((await tokens('a'.repeat(401))) - few).toBe(100);
  });

  it('the same request gives the same chunks', async () => {
    const request = requestOf([user('Review the code')], ['glob', 'read']);
    expect(await chunksOf(request)).toEqual(await chunksOf(request));
  });

  it('stops when it is aborted, before the start and within', async () => {
    const request = requestOf([user('Hello.')], []);
    const reason = new Error('enough');
    await expect(chunksOf(request, AbortSignal.abort(reason))).rejects.toBe(reason);
    const controller = new AbortController();
    const seen: ModelChunk[] = [];
    const reading = (async () => {
      for await (const chunk of offline().stream(request, { signal: controller.signal, clock: realClock })) {
        seen.push(chunk);
        controller.abort(reason);
      }
    })();
    await expect(reading).rejects.toBe(reason);
    expect(seen).toHaveLength(1);
  });

  it('is named offline', () => {
    expect(offline().name).toBe('offline');
  });
});

describe('with the real tools', () => {
  let workspace: string;
  const files: Record<string, string> = {
    'README.md': '# Demo\n\n## Usage\n',
    'src/index.ts': '/** The door. */\nexport const answer = 42;\n',
    'src/deep/retry.ts': '// TODO: wait longer\nexport function retryLater() {}\n',
    'src/empty.ts': '',
  };

  beforeAll(async () => {
    workspace = await mkdtemp(join(tmpdir(), 'offline-'));
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(workspace, path)), { recursive: true });
      await writeFile(join(workspace, path), text);
    }
  });
  afterAll(() => rm(workspace, { recursive: true, force: true }));

  const realTools = (): FakeTools => {
    const context: ToolContext = {
      subagentId: 'subagent-1',
      toolId: 'call-1',
      signal: new AbortController().signal,
      workspace,
      clock: realClock,
      emit: () => {},
      progress: () => {},
      setTasks: () => {},
      awaitChildren: (work) => work(),
      filesSeen: new Map(),
    };
    const reading = builtinTools({ ripgrep: false }).filter(({ name }) => /^(?:ls|glob|grep|read)$/.test(name));
    return Object.fromEntries(reading.map((tool) => [tool.name, (args: Args) => runArgs(tool, args, context)]));
  };

  it.each([
    [
      'Use glob to find TypeScript files',
      'I found 3 TypeScript files:\n- src/deep/retry.ts\n- src/empty.ts\n- src/index.ts',
    ],
    ['How many files are there?', 'I counted 4 files.\nBy folder: src/ 3, ./ 1.'],
    ['Count the lines of TypeScript code', 'I read 3 of them, 4 lines in all:'],
    ['find TODO comments', 'I found "TODO" in 1 line of 1 file:\n- src/deep/retry.ts (1)\n  1: // TODO: wait longer'],
    ['where is retryLater defined?', '- src/deep/retry.ts (1)\n  2: export function retryLater() {}'],
    ["Search for 'answer' in src", '- src/index.ts (1)'],
    ['search for nowhere', 'I found no match for "nowhere".'],
    ['Read retry.ts', 'src/deep/retry.ts: 2 lines.'],
    ['Review the code', 'headings (2): Demo, Usage'],
    ['find Python files', 'I found no Python files.'],
    ['Name three systems languages.', 'In the folder I saw README.md, src/.'],
  ])('%j is answered from the files', async (prompt, part) => {
    const { text, turns } = await run(prompt, realTools());
    expect(text).toContain(part);
    expect(turns).toBeLessThanOrEqual(4);
  });
});
