import { getEventListeners } from 'node:events';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { cutMiddle, MiddleCut } from '../../../src/activities/tools/cut-middle.js';
import { defineTool, runTool, type ToolAnswer } from '../../../src/activities/tools/index.js';
import { MAX_TOOL_OUTPUT_BYTES } from '../../../src/domain/limits.js';
import { type Tool, type ToolContext, ToolReply } from '../../../src/domain/tool.js';
import { deferred, recordingContext } from './bench.js';

const tool = (
  run: (input: { n?: number | undefined }, context: ToolContext) => ToolAnswer | Promise<ToolAnswer>,
): Tool => defineTool({ name: 'own', description: 'Test.', input: z.strictObject({ n: z.number().optional() }), run });
const run = (answer: ToolAnswer, args = {}) =>
  runTool(
    tool(() => answer),
    args,
    recordingContext().context,
  );

describe('an answer', () => {
  it.each<[string, ToolAnswer, string]>([
    ['a string as it is', 'text', 'text'],
    ['an object as JSON', { a: [1] }, '{"a":[1]}'],
    ['nothing as an empty text', undefined, ''],
  ])('is told: %s', async (_, answer, output) => {
    expect(await run(answer)).toEqual(new ToolReply(output));
  });

  it('is told as it is when it is a ToolReply', async () => {
    const reply = new ToolReply('no', { exitCode: 3, isError: true });
    expect(await run(reply)).toBe(reply);
  });

  it.each<[string, object]>([
    [
      'a circle',
      (() => {
        const circle: Record<string, unknown> = {};
        circle.self = circle;
        return circle;
      })(),
    ],
    ['a bigint', { big: 1n }],
    ['a function', () => {}],
    [
      'a toJSON that throws',
      {
        toJSON: () => {
          throw new Error('no');
        },
      },
    ],
  ])('that is no JSON is a failure: %s', async (_, answer) => {
    expect(await run(answer)).toMatchObject({
      isError: true,
      output: expect.stringContaining('cannot be written as JSON'),
    });
  });

  it('over 100 KB is cut in the middle and says by how much', async () => {
    const reply = await run(`begin${'x'.repeat(300_000)}end`);
    expect(Buffer.byteLength(reply.output)).toBeLessThanOrEqual(MAX_TOOL_OUTPUT_BYTES);
    expect(reply.output).toMatch(/^begin/);
    expect(reply.output).toMatch(/end$/);
    const cut = Number(/\[\.\.\. (\d+) bytes of output were cut here \.\.\.\]/.exec(reply.output)?.[1]);
    expect(reply.output.replace(/\n\[.*\]\n/, '').length + cut).toBe(300_008);
  });

  it('keeps exit code and failure when it is cut', async () => {
    const reply = await run(new ToolReply('x'.repeat(200_000), { exitCode: 2, isError: true }));
    expect(reply).toMatchObject({ exitCode: 2, isError: true });
    expect(reply.output.length).toBeLessThanOrEqual(MAX_TOOL_OUTPUT_BYTES);
  });

  it('of exactly 100 KB is not cut', async () => {
    expect((await run('x'.repeat(MAX_TOOL_OUTPUT_BYTES))).output).toHaveLength(MAX_TOOL_OUTPUT_BYTES);
    expect((await run('x'.repeat(MAX_TOOL_OUTPUT_BYTES + 1))).output).toContain('were cut here');
  });
});

describe('cutting', () => {
  it('never splits a character, never exceeds its size, and counts right, however the text comes in', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'é', '語', '😀', '\n'), maxLength: 600 });
    fc.assert(
      fc.property(fc.array(text, { maxLength: 8 }), fc.integer({ min: 200, max: 700 }), (pieces, maxBytes) => {
        const whole = pieces.join('');
        const cut = new MiddleCut(maxBytes);
        for (const piece of pieces) cut.push(piece);
        const kept = cut.text();
        expect(kept).toBe(cutMiddle(whole, maxBytes));
        if (Buffer.byteLength(whole) <= maxBytes) {
          expect(kept).toBe(whole);
          return;
        }
        expect(Buffer.byteLength(kept)).toBeLessThanOrEqual(maxBytes);
        expect(kept).not.toContain('\ufffd');
        const [, head = '', count, tail = ''] =
          /^(.*)\n\[\.\.\. (\d+) bytes of output were cut here \.\.\.\]\n(.*)$/s.exec(kept) ?? [];
        expect(whole.startsWith(head) && whole.endsWith(tail)).toBe(true);
        expect(Buffer.byteLength(head) + Number(count) + Buffer.byteLength(tail)).toBe(Buffer.byteLength(whole));
      }),
    );
  });

  it('keeps little of a text that never ends', () => {
    const cut = new MiddleCut(1_000);
    for (let piece = 0; piece < 200_000; piece++) cut.push(`${piece} `);
    expect(cut.text()).toMatch(/^0 1 2 .*bytes of output were cut here.* 199999 $/s);
  });
});

describe('a failure', () => {
  it.each<[string, () => never]>([
    [
      'thrown at once',
      () => {
        throw new Error('it broke');
      },
    ],
    [
      'thrown as a text',
      () => {
        throw 'it broke';
      },
    ],
  ])('is told to the model: %s', async (_, failing) => {
    expect(await runTool(tool(failing), {}, recordingContext().context)).toEqual(
      new ToolReply('it broke', { isError: true }),
    );
  });

  it('of a promise is told to the model', async () => {
    const reply = await runTool(
      tool(() => Promise.reject(new TypeError('late'))),
      {},
      recordingContext().context,
    );
    expect(reply).toEqual(new ToolReply('late', { isError: true }));
  });
});

describe('an abort', () => {
  it('rejects at once with its reason, though the tool takes no notice', async () => {
    const { context, abort } = recordingContext();
    const reason = new Error('cancelled');
    const running = runTool(
      tool(() => new Promise(() => {})),
      {},
      context,
    );
    abort.abort(reason);
    await expect(running).rejects.toBe(reason);
    expect(getEventListeners(context.signal, 'abort')).toHaveLength(0);
  });

  it('before the call keeps the tool from running', async () => {
    const { context, abort } = recordingContext();
    abort.abort('stop');
    let runs = 0;
    await expect(
      runTool(
        tool(() => {
          runs++;
          return '';
        }),
        {},
        context,
      ),
    ).rejects.toBe('stop');
    expect(runs).toBe(0);
  });

  it('reaches the tool through its own signal', async () => {
    const { context, abort } = recordingContext();
    const seen = deferred<unknown>();
    const started = deferred<void>();
    const listening = tool((_, { signal }) => {
      signal.addEventListener('abort', () => seen.resolve(signal.reason));
      started.resolve();
      return new Promise<string>(() => {});
    });
    const running = runTool(listening, {}, context);
    await started.promise;
    abort.abort('why');
    await expect(running).rejects.toBe('why');
    expect(await seen.promise).toBe('why');
  });

  it('leaves no listener on the signal of the subagent, even if the tool forgets its own', async () => {
    const { context } = recordingContext();
    const forgetful = tool((_, { signal }) => {
      signal.addEventListener('abort', () => {});
      return 'done';
    });
    await runTool(forgetful, {}, context);
    expect(getEventListeners(context.signal, 'abort')).toHaveLength(0);
  });

  it('makes no unhandled rejection when the tool fails after it', async () => {
    const { context, abort } = recordingContext();
    const late = deferred<string>();
    const running = runTool(
      tool(() => late.promise),
      {},
      context,
    );
    abort.abort('stop');
    await expect(running).rejects.toBe('stop');
    late.reject(new Error('too late')); // vitest fails the run on an unhandled rejection
    await new Promise((resolve) => setImmediate(resolve));
  });
});

it('what a tool says after its end is dropped', async () => {
  const { context, emitted, tasks } = recordingContext();
  let kept: ToolContext | undefined;
  await runTool(
    tool((_, own) => {
      kept = own;
      own.emit('during');
      own.setTasks([]);
      return '';
    }),
    {},
    context,
  );
  kept?.emit('after');
  kept?.setTasks([]);
  expect(emitted).toEqual(['during']);
  expect(tasks).toHaveLength(1);
});
