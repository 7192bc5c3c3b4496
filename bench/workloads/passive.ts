/** Heap of paused subagents before and after their conversations left, in a first life and restored; what going on costs. `passive.ts left|stayed <count> <eventBufferSize>` */

import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { Agent, defineTool, FileSessionStore, Orchestrator } from 'troupe';
import { scripted, VirtualClock } from 'troupe/testing';
import { z } from 'zod';
import { heapBytes, measure, report } from '../measure.js';

const [, , kind = 'left', countText = '100', bufferText = '1000'] = process.argv;
const count = Number(countText);
const AFTER_MS = 60_000;
/** A prompt, then twice an answer with so many calls and their results: a hundred messages, and the call that is asked for. */
const CALLS_A_TURN = 48;
const kilobyte = () => randomBytes(512).toString('hex');

const look = defineTool({
  name: 'look',
  description: 'Finds something.',
  input: z.object({}),
  readOnly: true,
  run: kilobyte,
});
const send = defineTool({ name: 'send', description: 'Is asked for.', input: z.object({}), run: () => 'sent' });
const looks = Array.from({ length: CALLS_A_TURN }, () => ({ name: 'look', args: {} }));
const model = scripted(({ messages }) => {
  const turn = messages.filter(({ role }) => role === 'assistant').length;
  if (turn === 3) return { text: String(messages.length) };
  return { text: kilobyte(), toolCalls: turn === 2 ? [{ name: 'send', args: {} }] : looks };
});
// The model's own record of its requests would hold what is to leave.
const forgetful = { name: 'forgetful', stream: model.stream.bind(model) };
const clock = new VirtualClock();
const agent = await Agent.create(undefined, { defaultModel: forgetful, tools: [look, send], clock });

function open(size: number, dir: string): Orchestrator {
  return Orchestrator.create(agent, {
    store: new FileSessionStore(dir),
    approvals: 'wait',
    maxConcurrentSubagents: size,
    eventBufferSize: Number(bufferText),
    passivateAfterMs: kind === 'left' ? AFTER_MS : 2 * AFTER_MS,
  });
}

const askedOf = (orchestrator: Orchestrator) =>
  orchestrator.listSubagents().flatMap(({ id, currentActivity }) => {
    const requests = currentActivity?.activityType === 'waiting_for_control' ? currentActivity.requests : [];
    return (requests ?? []).map((requestId) => ({ id, requestId }));
  });

/** What its subagents weigh when all of them are paused and on record, and after the time in which a conversation leaves. */
async function weigh(orchestrator: Orchestrator, size: number, fill: () => unknown) {
  const empty = await heapBytes();
  await fill();
  while (askedOf(orchestrator).length < size) await setTimeout(20);
  (model.requests as unknown[]).length = 0;
  for (const { id } of orchestrator.listSubagents()) void orchestrator.resumeSubagent(id); // restored, it is paused already
  await Promise.all(orchestrator.listSubagents().map(({ id }) => orchestrator.pauseSubagent(id)));
  const before = await heapBytes();
  await clock.advance(AFTER_MS);
  const after = await heapBytes();
  return { before: (before - empty) / size / 1000, after: (after - empty) / size / 1000 };
}

async function goOn(orchestrator: Orchestrator): Promise<void> {
  for (const { id, requestId } of askedOf(orchestrator)) {
    orchestrator.getHandle(id)?.approve(requestId);
    void orchestrator.resumeSubagent(id);
  }
  const outcomes = await orchestrator.waitAll();
  const wrong = outcomes.filter(({ output }) => output !== String(2 * (CALLS_A_TURN + 1) + 3));
  if (wrong.length > 0) throw new Error(`${wrong.length} did not come back whole`);
}

async function round(size: number, dir: string) {
  const first = open(size, dir);
  const live = await weigh(first, size, () => {
    for (let i = 0; i < size; i++) first.spawnSubagent({ agentType: 'general', prompt: kilobyte() });
  });
  await first.close();
  const second = open(size, dir);
  const restored = await weigh(second, size, () => second.restore());
  const { cpuMs, wallMs } = await measure(() => goOn(second));
  await second.close();
  return {
    liveBeforeKb: live.before,
    liveAfterKb: live.after,
    restoredBeforeKb: restored.before,
    restoredAfterKb: restored.after,
    cpuMsEach: cpuMs / size,
    wallMsEach: wallMs / size,
  };
}

const dir = mkdtempSync(join(tmpdir(), 'troupe-bench-'));
try {
  await round(20, join(dir, 'warm-up'));
  report(await round(count, join(dir, 'store')));
} finally {
  rmSync(dir, { recursive: true, force: true });
}
