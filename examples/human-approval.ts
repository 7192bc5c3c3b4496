/*
npx tsx examples/human-approval.ts

may I? {"to":"everyone@example.org"}
may I? {"to":"ann@example.org"}
The tool said: sent to ann@example.org
*/
import { Agent, defineTool, type OpenRequest } from 'troupe';
import { scripted } from 'troupe/testing';
import { assign, createActor, sendTo, setup, waitFor } from 'xstate';
import { z } from 'zod';

const mail = defineTool({
  name: 'mail',
  description: 'Sends a mail.',
  input: z.object({ to: z.string() }),
  run: ({ to }) => `sent to ${to}`,
});
const call = (to: string) => ({ toolCalls: [{ name: 'mail', args: { to } }] });
const defaultModel = scripted([
  call('everyone@example.org'),
  call('ann@example.org'),
  ({ messages }) => ({ text: `The tool said: ${messages.at(-1)?.content}` }),
]);
const agent = await Agent.create(undefined, { defaultModel, tools: [mail] });
const session = agent.session('.', { approvals: 'wait' }); // by default nobody is asked and the answer is no

const machine = setup({
  types: { context: {} as { request?: OpenRequest; said: string }, events: {} as { type: 'ANSWER'; yes: boolean } },
  actors: { writer: session.logic('general') },
  actions: {
    answer: sendTo('writer', ({ context: { request }, event }) => {
      return { type: event.yes ? 'APPROVE' : 'DENY', requestId: request?.requestId };
    }),
  },
}).createMachine({
  context: { said: '' },
  initial: 'working',
  invoke: {
    id: 'writer',
    src: 'writer',
    input: { prompt: 'Tell them that the build is green.' },
    onSnapshot: {
      guard: ({ event }) => event.snapshot.context.requests.length > 0,
      target: '.asking',
      actions: assign({ request: ({ event }) => event.snapshot.context.requests[0] }),
    },
    onDone: { target: '.done', actions: assign({ said: ({ event }) => event.output.output }) },
  },
  states: {
    working: {},
    asking: { on: { ANSWER: { target: 'working', actions: 'answer' } } },
    done: { type: 'final' },
  },
});

const actor = createActor(machine);
actor.subscribe(({ value, context: { request, said } }) => {
  if (value === 'asking') {
    console.log('may I?', JSON.stringify(request?.args)); // a person is shown this, and answers some time later
    actor.send({ type: 'ANSWER', yes: !JSON.stringify(request?.args).includes('everyone') });
  }
  if (value === 'done') console.log(said);
});
await waitFor(actor.start(), ({ status }) => status === 'done');
