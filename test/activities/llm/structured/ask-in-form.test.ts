import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  answerCallIn,
  answerToolName,
  answerToolSpec,
  prepareOutputSchema,
  readStructured,
  repairMessage,
  requestInForm,
} from '../../../../src/activities/llm/index.js';
import type { ModelRequest } from '../../../../src/domain/model.js';

const Verdict = z.object({ verdict: z.enum(['good', 'bad']) });
const form = prepareOutputSchema(Verdict);
const tool = (name: string) => ({ name, description: name, parameters: { type: 'object' } });
const request: ModelRequest = { system: 's', messages: [{ role: 'user', content: 'judge' }], tools: [tool('read')] };
const good = { ok: true, value: { verdict: 'good' } };

describe('a request for an answer in a form', () => {
  it('carries the form where the provider has it natively, strict where it fits', () => {
    const asked = requestInForm(request, { form, provider: { structuredOutput: 'native' }, isDue: true });
    expect(asked).toEqual({ ...request, output: { name: 'answer', schema: form.strictSchema, strict: true } });
    const open = prepareOutputSchema({ type: 'object', title: 'Open one' });
    const { output } = requestInForm(request, { form: open, provider: { structuredOutput: 'native' } });
    expect(output).toEqual({ name: 'Open_one', schema: { type: 'object', title: 'Open one' } });
  });

  it('else offers a tool that takes the answer beside the others, and demands it once it is due', () => {
    const spec = answerToolSpec(form, request.tools);
    expect(spec).toMatchObject({ name: 'final_answer', parameters: form.jsonSchema });
    expect(requestInForm(request, { form, provider: {} })).toEqual({ ...request, tools: [tool('read'), spec] });
    const due = requestInForm(request, { form, provider: { structuredOutput: 'tool' }, isDue: true });
    expect(due.toolChoice).toEqual({ name: 'final_answer' });
  });

  it('names that tool as no tool of the user is named', () => {
    expect(answerToolName([tool('Final_Answer'), tool('final_answer_2')])).toBe('final_answer_3');
    const calls = [
      { name: 'final_answer', arguments: '1' },
      { name: 'final_answer_2', arguments: '2' },
      { name: 'final_answer_2', arguments: '3' },
    ];
    expect(answerCallIn(calls, [tool('final_answer')])).toBe(calls[1]);
    expect(answerCallIn(calls.slice(0, 1), [tool('final_answer')])).toBeUndefined();
  });
});

describe('an answer', () => {
  it.each([
    ['alone', '{"verdict":"good"}'],
    ['with blanks and a byte order mark around it', '\uFEFF\n {"verdict":"good"}\n'],
    ['in a fenced block', 'Here it is:\n```json\n{ "verdict": "good" }\n```\nAnything else?'],
    ['in a fence of tildes, beside a block of code', '~~~js\nlet a = {};\n~~~\n~~~\n{"verdict":"good"}\n~~~'],
    ['on lines of its own', 'I have looked at all {files}, [1] too.\n{\n  "verdict": "good"\n}\nThat is all.'],
    ['with brackets in its texts', 'So:\n{"verdict":"good", "why":"it ends with } and \\" and ]"}'],
  ])('is read from a text that holds it %s', async (_, text) => {
    expect(await readStructured(form, { text })).toEqual(good);
  });

  it.each([
    ['two values', '{"verdict":"good"}\n{"verdict":"bad"}', 'the answer holds 2 JSON values'],
    [
      'two fenced blocks',
      '```\n{"verdict":"good"}\n```\n```\n{"verdict":"bad"}\n```',
      'the answer holds 2 JSON values',
    ],
    ['a value in a sentence', 'I would say {"verdict":"good"}, but I am not sure.', 'the answer is not valid JSON'],
    ['a citation', 'No answer, see [1].', 'the answer is not valid JSON'],
    ['half a value', '{"verdict":"go', 'the answer is not valid JSON'],
    ['half a value before a whole one within', '{\n"a": [\n{"verdict":"good"}\n', 'the answer is not valid JSON'],
    ['what is no JSON around a value', '{ verdict:\n{"verdict":"good"}\n}', 'the answer is not valid JSON'],
    ['no JSON', 'good', 'the answer is not valid JSON'],
    ['nothing', ' ', 'the answer is empty'],
    ['another value', '{"verdict":"fine"}', 'verdict: '],
  ])('is never guessed from a text that holds %s', async (_, text, problem) => {
    expect(await readStructured(form, { text })).toEqual({ ok: false, problems: expect.stringContaining(problem) });
  });

  it('is read from a long text of brackets in no time', async () => {
    for (const text of ['{\n', '[1]\n{}\n', '```\n', '{"\n']) {
      expect(await readStructured(form, { text: text.repeat(40_000) })).toMatchObject({ ok: false });
    }
  });

  it('is read strictly from the arguments of its call', async () => {
    expect(await readStructured(form, { arguments: '{"verdict":"good"}' })).toEqual(good);
    expect(await readStructured(form, { arguments: '```\n{"verdict":"good"}\n```' })).toMatchObject({ ok: false });
    expect(await readStructured(prepareOutputSchema(z.object({})), { arguments: '' })).toEqual({ ok: true, value: {} });
  });

  it('that does not fit is sent back with what is wrong', async () => {
    const result = await readStructured(form, { arguments: '{"verdict":1}' });
    expect(repairMessage(result.ok ? '' : result.problems)).toMatch(/^Your answer does not have the form.*\nverdict: /);
  });
});
