/*
npx tsx examples/approvals.ts

call1#1 asks for mail {"to":"ann@example.org","text":"The build is green."}
call2#1 asks for mail {"to":"everyone@example.org","text":"The build is green."}
call1#1 allow by user
call2#1 deny by user
the model is told: not run: not to everyone
(a mail to ann@example.org leaves)
the model is told: sent to ann@example.org
I told Ann, and left the others alone.
*/
import { Agent, defineTool, Orchestrator } from 'troupe';
import { scripted } from 'troupe/testing';
import { z } from 'zod';

const mail = defineTool({
  name: 'mail',
  description: 'Sends a mail.',
  input: z.object({ to: z.string(), text: z.string() }),
  run: ({ to }) => {
    console.log(`(a mail to ${to} leaves)`);
    return `sent to ${to}`;
  },
});

const defaultModel = scripted([
  {
    toolCalls: [
      { name: 'mail', args: { to: 'ann@example.org', text: 'The build is green.' } },
      { name: 'mail', args: { to: 'everyone@example.org', text: 'The build is green.' } },
    ],
  },
  { text: 'I told Ann, and left the others alone.' },
]);
const agent = await Agent.create(undefined, { defaultModel, tools: [mail] });
const orchestrator = Orchestrator.create(agent, { approvals: 'wait' }); // by default nobody is asked and the answer is no

orchestrator.events$.subscribe((event) => {
  switch (event.type) {
    case 'permission_request': {
      console.log(event.requestId, 'asks for', event.toolName, JSON.stringify(event.args));
      const handle = orchestrator.getHandle(event.subagentId);
      if (JSON.stringify(event.args).includes('everyone')) handle?.deny(event.requestId, 'not to everyone');
      else handle?.approve(event.requestId);
      break;
    }
    case 'permission_resolved':
      console.log(event.requestId, event.decision, 'by', event.by);
      break;
    case 'tool_end':
      console.log('the model is told:', event.toolOutput);
  }
});

const writer = orchestrator.spawnSubagent({ agentType: 'general', prompt: 'Tell Ann that the build is green.' });
console.log(await writer.wait());
await orchestrator.close();
