/*
npx tsx examples/own-tool.ts

told as an error: Invalid arguments for convert: amount: Invalid input: expected number, received string
told as an error: no rate for XXX; known: EUR, GBP
told: {"dollars":12.5}
The last tool answered {"dollars":12.5}.
*/
import { Agent, defineTool, Orchestrator } from 'troupe';
import { scripted } from 'troupe/testing';
import { z } from 'zod';

const rates = new Map([
  ['EUR', 1.25],
  ['GBP', 1.5],
]);
const convert = defineTool({
  name: 'convert',
  description: 'Converts an amount to US dollars.',
  input: z.object({
    amount: z.number().positive(),
    currency: z.string().length(3).default('EUR').describe('ISO code, such as EUR'),
  }),
  readOnly: true, // may run beside other calls; and a read-only tool handed to a subagent needs no permission
  run: ({ amount, currency }) => {
    const rate = rates.get(currency); // `amount` and `currency` are typed, checked and have their defaults
    if (rate === undefined) throw new Error(`no rate for ${currency}; known: ${[...rates.keys()].join(', ')}`);
    return { dollars: amount * rate };
  },
});

// A script in place of a model: what it calls, turn by turn.
const defaultModel = scripted([
  { toolCalls: [{ name: 'convert', args: { amount: 'ten' } }] },
  { toolCalls: [{ name: 'convert', args: { amount: 10, currency: 'XXX' } }] },
  { toolCalls: [{ name: 'convert', args: { amount: 10 } }] },
  ({ messages }) => ({ text: `The last tool answered ${messages.at(-1)?.content}.` }),
]);

const orchestrator = Orchestrator.create(await Agent.create(undefined, { defaultModel }));
const banker = orchestrator.spawnSubagent({ agentType: 'general', prompt: 'What is 10 EUR?', tools: [convert] });
for await (const event of banker.events()) {
  if (event.type === 'tool_end') console.log(event.isError ? 'told as an error:' : 'told:', event.toolOutput);
}
console.log(await banker.wait());
await orchestrator.close();
