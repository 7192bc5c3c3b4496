import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  offline,
  prepareOutputSchema,
  readStructured,
  readTurn,
  requestInForm,
} from '../../../../src/activities/llm/index.js';
import { realClock } from '../../../../src/domain/clock.js';
import type { Message } from '../../../../src/domain/message.js';
import type { OutputSchema } from '../../../../src/domain/schema.js';

const prompt: Message = { role: 'user', content: 'Find all *.ts files' };
const call = { id: 'call-1', name: 'glob', arguments: '{"pattern":"**/*.ts"}' };
const looked: readonly Message[] = [
  prompt,
  { role: 'assistant', content: 'Looking.', toolCalls: [call] },
  { role: 'tool', toolCallId: call.id, content: 'src/index.ts' },
];

async function ask(schema: OutputSchema, messages: readonly Message[]) {
  const form = prepareOutputSchema(schema);
  const provider = offline();
  const request = { system: '', messages, tools: [{ name: 'glob', description: 'glob', parameters: {} }] };
  const turn = await readTurn(provider, requestInForm(request, { form, provider }), {
    signal: new AbortController().signal,
    clock: realClock,
    onText: () => {},
    onReasoning: () => {},
  });
  return { turn, result: await readStructured(form, { text: turn.text }) };
}

const Report = z.object({ summary: z.string(), severity: z.enum(['low', 'high']), files: z.array(z.string()) });

describe('the offline model, asked for an answer in a form', () => {
  it('still calls the tools first', async () => {
    expect((await ask(Report, [prompt])).turn.toolCalls).toMatchObject([{ name: 'glob' }]);
  });

  it('then gives the smallest value of that form, and says in its texts what it is', async () => {
    expect((await ask(Report, looked)).result).toEqual({
      ok: true,
      value: { summary: '(offline: no language model)', severity: 'low', files: [] },
    });
    expect((await ask(z.array(z.int()).min(1), looked)).result).toEqual({ ok: true, value: [0] });
  });

  it('says so where it finds no such value', async () => {
    const { turn, result } = await ask(
      { type: 'object', properties: { a: { pattern: '^[qx]{9}$' } }, required: ['a'] },
      looked,
    );
    expect(turn.text).toContain('I found no value of the form that was asked for');
    expect(result.ok).toBe(false);
  });
});
