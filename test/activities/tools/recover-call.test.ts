import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  builtinTools,
  defineTool,
  noteCall,
  settleInterrupted,
  skillTool,
} from '../../../src/activities/tools/index.js';
import { MAX_TOOL_NOTE_BYTES, MAX_TOOL_OUTPUT_BYTES } from '../../../src/domain/limits.js';
import { type Tool, ToolReply } from '../../../src/domain/tool.js';
import { recordingContext } from './bench.js';

const definition = { name: 'send', description: 'Sends.', input: z.object({}), run: () => 'sent' };
const plain = defineTool(definition);
/** As a program without types may write it. */
const toolWith = (functions: { note?: () => unknown; recover?: () => unknown }) => ({ ...plain, ...functions }) as Tool;
const never = () => new Promise<never>(() => {});

describe('the note of a call', () => {
  const noteOf = (note: () => unknown) => noteCall(toolWith({ note }), {}, recordingContext().context);

  it('is what the tool gives, as JSON holds it', async () => {
    expect(await noteOf(async () => ({ hash: 'abc', at: undefined, list: [1, null] }))).toEqual({
      hash: 'abc',
      list: [1, null],
    });
    expect(await noteOf(async () => null)).toBeNull();
  });

  const circle: unknown[] = [];
  circle.push(circle);
  it.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('no');
      },
    ],
    ['rejects', () => Promise.reject(new Error('no'))],
    ['gives nothing', () => undefined],
    ['gives what JSON cannot hold', () => circle],
    ['gives a function', () => () => {}],
    ['gives too much', () => 'é'.repeat(MAX_TOOL_NOTE_BYTES / 2)],
  ])('is missing where the tool %s, and the call may go on', async (_what, note) => {
    expect(await noteOf(note)).toBeUndefined();
  });

  it('is missing for a tool that takes none', async () => {
    expect(await noteCall(plain, {}, recordingContext().context)).toBeUndefined();
  });

  it('is not waited for when the call must stop', async () => {
    const { abort, context } = recordingContext();
    const noted = noteCall(toolWith({ note: never }), {}, context);
    abort.abort(new Error('stopped'));
    await expect(noted).rejects.toThrow('stopped');
  });
});

describe('a call that a crash cut off', () => {
  const settle = (recover: () => unknown) =>
    settleInterrupted(toolWith({ recover }), {}, null, recordingContext().context);

  it('is answered by its tool where the effect is there, in bounded size', async () => {
    expect(await settle(async () => new ToolReply('sent', { exitCode: 3 }))).toEqual(
      new ToolReply('sent', { exitCode: 3 }),
    );
    const long = await settle(async () => new ToolReply('x'.repeat(2 * MAX_TOOL_OUTPUT_BYTES)));
    expect((long as ToolReply).output.length).toBeLessThanOrEqual(MAX_TOOL_OUTPUT_BYTES);
  });

  it('has not begun only where the tool says so', async () => {
    expect(await settle(async () => 'not_begun')).toBe('not_begun');
  });

  it.each<[string, () => unknown]>([
    ['says so', async () => 'unknown'],
    [
      'throws',
      () => {
        throw new Error('no');
      },
    ],
    ['rejects', () => Promise.reject(new Error('no'))],
    ['gives nothing', () => undefined],
    ['gives another word', async () => 'done'],
    ['gives what only looks like a reply', async () => ({ output: 'sent', isError: false })],
  ])('is unknown where the tool %s', async (_what, recover) => {
    expect(await settle(recover)).toBe('unknown');
  });

  it('is unknown for a tool that cannot tell', async () => {
    expect(await settleInterrupted(plain, {}, undefined, recordingContext().context)).toBe('unknown');
  });

  it('is not waited for when the subagent must stop', async () => {
    const { abort, context } = recordingContext();
    const settled = settleInterrupted(toolWith({ recover: never }), {}, undefined, context);
    abort.abort(new Error('stopped'));
    await expect(settled).rejects.toThrow('stopped');
  });
});

describe('a tool of your own that settles itself', () => {
  const sent = new Set<string>();
  const send = defineTool({
    name: 'send',
    description: 'Sends a text once.',
    input: z.object({ text: z.string(), times: z.number().default(1) }),
    run: ({ text }) => {
      sent.add(text);
      return 'Sent.';
    },
    note: ({ text, times }, { toolId }) => ({ id: `${toolId}-${text}`, times }),
    recover: ({ text }, note) => (sent.has(text) ? new ToolReply(`Sent: ${JSON.stringify(note)}`) : 'not_begun'),
  });

  it('is given its checked input, and its note back', async () => {
    const { context } = recordingContext();
    const input = { text: 'hello', times: 1 };
    const note = await noteCall(send, input, context);
    expect(note).toEqual({ id: 'call-1-hello', times: 1 });
    expect(await settleInterrupted(send, input, note, context)).toBe('not_begun');
    await send.run(input, context);
    expect(await settleInterrupted(send, input, note, context)).toEqual(
      new ToolReply('Sent: {"id":"call-1-hello","times":1}'),
    );
  });

  it('may do without a note, but not give one that nobody reads', () => {
    expect(defineTool({ ...definition, recover: () => 'unknown' }).note).toBeUndefined();
    const lonely = { ...definition, note: () => null };
    expect(() => defineTool(lonely)).toThrow('tool send: note: nothing reads it; define recover too');
    expect(() => defineTool({ ...definition, recover: 'unknown' as never })).toThrow('recover: expected a function');
  });
});

it('the built-in tools say what may run again after a crash, and which settle themselves', () => {
  const traits = [...builtinTools(), skillTool([])].map(({ name, readOnly, idempotent, note, recover }) => {
    const settles = note !== undefined && recover !== undefined;
    return [name, readOnly ? 'read-only' : idempotent ? 'idempotent' : settles ? 'settles itself' : 'unknown'];
  });
  expect(Object.fromEntries(traits)).toEqual({
    read: 'read-only',
    grep: 'read-only',
    glob: 'read-only',
    ls: 'read-only',
    skill: 'read-only',
    todo: 'idempotent',
    write: 'settles itself',
    edit: 'settles itself',
    bash: 'unknown',
  });
});
