/*
npx tsx examples/own-machine.ts

planning
  the planner says: Sources first,
  the planner says: then tests.
reading
reading The sources are fine.
reviewing The sources are fine. The tests are fine.
done The sources are fine. The tests are fine. Ship it.
*/
import { Agent } from 'troupe';
import { scripted } from 'troupe/testing';
import { assign, createActor, setup, waitFor } from 'xstate';

const defaultModel = scripted(({ messages: [task] }) => {
  const prompt = task?.content ?? '';
  if (prompt === 'Plan.') return { text: ['Sources first,', ' then tests.'] };
  return { text: prompt.startsWith('Read') ? `The ${prompt.slice(9, -1)} are fine.` : 'Ship it.' };
});
const agent = await Agent.create(undefined, { defaultModel });

const machine = setup({
  types: { context: {} as { found: string[] } },
  actors: { planner: agent.logic('plan'), reader: agent.logic('explore'), reviewer: agent.logic('review') },
  // The output of each is its outcome, whether it went well or not: `success` tells.
  actions: { keep: assign({ found: ({ context }, text: string) => [...context.found, text] }) },
  guards: { hasAll: ({ context }) => context.found.length === 2 },
}).createMachine({
  context: { found: [] },
  initial: 'planning',
  states: {
    planning: { invoke: { id: 'planner', src: 'planner', input: { prompt: 'Plan.' }, onDone: 'reading' } },
    reading: {
      invoke: ['sources', 'tests'].map((what) => ({
        // at once
        src: 'reader',
        input: { prompt: `Read the ${what}.` },
        onDone: { actions: { type: 'keep', params: ({ event }) => event.output.output } },
      })),
      always: { guard: 'hasAll', target: 'reviewing' },
    },
    reviewing: {
      invoke: {
        src: 'reviewer',
        input: ({ context }) => ({ prompt: context.found.join(' ') }),
        onDone: { target: 'done', actions: { type: 'keep', params: ({ event }) => event.output.output } },
      },
    },
    done: { type: 'final' },
  },
});

const actor = createActor(machine);
actor.subscribe(({ value, context }) => console.log(value, ...context.found));
actor.start();
// What a subagent says while it works arrives beside the machine, not through it.
actor.getSnapshot().children.planner?.on('text_delta', ({ text }) => console.log('  the planner says:', text.trim()));
await waitFor(actor, ({ status }) => status === 'done');
