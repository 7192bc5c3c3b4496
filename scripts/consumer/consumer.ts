/** A small program that uses the package by all its entries. `check-package.ts` compiles and runs it far from the sources. */

import assert from 'node:assert/strict';
import {
  Agent,
  type AgentEvent,
  defineTool,
  Orchestrator,
  SubAgentConfig,
  type SubAgentHandle,
  type SubAgentInfo,
  TroupeError,
} from 'troupe';
import { type Inspector, startInspector } from 'troupe/inspect';
import { subagentMachine } from 'troupe/machines';
import { type Monitor, monitorStore, startMonitor } from 'troupe/monitor';
import { scripted, VirtualClock } from 'troupe/testing';
import { z } from 'zod';

const add = defineTool({
  name: 'add',
  description: 'Adds two numbers.',
  input: z.object({ a: z.number(), b: z.number().default(1) }),
  readOnly: true,
  run: ({ a, b }, { signal }) => (signal.aborted ? '' : `${a + b}`),
});
const model = scripted([{ toolCalls: [{ name: 'add', args: { a: 41 } }] }, { text: 'It is 42.' }]);

const agent = await Agent.create(undefined, { defaultModel: model, tools: [add] });
const orchestrator = Orchestrator.create(agent, { maxConcurrentSubagents: 2, onLimit: 'queue' });
const told: string[] = [];
orchestrator.events$.subscribe((event: AgentEvent) => {
  if (event.type === 'tool_end') told.push(`${event.toolName}: ${event.toolOutput}`);
});

const config: SubAgentConfig = { agentType: 'general', prompt: 'What is 41 + 1?', permissive: true };
const handle: SubAgentHandle = orchestrator.spawnSubagent(SubAgentConfig.parse(config));
assert.equal(await handle.wait(), 'It is 42.');
assert.deepEqual(told, ['add: 42']);

const infos: readonly SubAgentInfo[] = orchestrator.listSubagents();
assert.deepEqual(
  infos.map(({ state }) => state),
  ['completed'],
);
assert.throws(
  () => orchestrator.spawnSubagent({ agentType: 'nobody', prompt: 'Hello' }),
  (error) => error instanceof TroupeError && error.code === 'unknown_agent',
);
assert.equal(subagentMachine.id, 'subagent');
assert.equal(typeof new VirtualClock().now(), 'number');

const inspector: Inspector = await startInspector({ name: 'consumer' });
assert.match(inspector.page ?? '', /^http:\/\/127\.0\.0\.1:/);
orchestrator.inspect(inspector.inspect).unsubscribe();
await inspector.stop();
const session = agent.session();
const monitors: readonly Monitor[] = await Promise.all([
  startMonitor(orchestrator),
  startMonitor(session, { name: 'a session' }),
]);
for (const monitor of monitors) {
  const page = await (await fetch(monitor.url)).text();
  const [script] = /\w+\.js/.exec(page) ?? [];
  assert.equal((await fetch(new URL(`/${script}`, monitor.url))).status, 200);
  for (const [, sheet] of page.matchAll(/"(\w+\.css)"/g)) {
    assert.equal((await fetch(new URL(`/${sheet}`, monitor.url))).status, 200);
  }
  await monitor.close();
}
await assert.rejects(
  monitorStore('nowhere'),
  (error) => error instanceof TroupeError && error.code === 'config_invalid',
);
await session.close();
await orchestrator.close();
