import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { filter, firstValueFrom } from 'rxjs';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { Agent, defineTool, FileSessionStore, type ModelRequest, type Session } from '../../src/index.js';
import { type ScriptedFunction, scripted, VirtualClock } from '../../src/testing/index.js';
import { STORED_STEPS } from './support/stored-steps.js';

/** As published: made once by `scripts/make-store-fixture.ts`, and to be read for ever after. */
const FIXTURE = fileURLToPath(new URL('../fixtures/store-v1', import.meta.url));
const MADE_AT = Date.UTC(2026, 0, 1);
/** When the session is taken up, long after all of its processes have gone. */
const NOW = Date.UTC(2026, 5, 1);

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'troupe-fixture-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await cp(FIXTURE, folder, { recursive: true });
});

interface Taken {
  readonly session: Session;
  readonly clock: VirtualClock;
  readonly requests: readonly ModelRequest[];
  /** What the tools did. */
  readonly effects: string[];
}

async function takeUp(answers: ScriptedFunction): Promise<Taken> {
  const clock = new VirtualClock(NOW);
  const effects: string[] = [];
  const act = (name: string, readOnly: boolean, key: string) =>
    defineTool({
      name,
      description: 'Does it.',
      input: z.object({ [key]: z.string() }),
      readOnly,
      run: (input) => {
        effects.push(`${name} ${input[key]}`);
        return `${name} is done`;
      },
    });
  const model = scripted(answers);
  const tools = [act('look', true, 'at'), act('send', false, 'to')];
  const agent = await Agent.create(undefined, { defaultModel: model, tools, clock });
  const session = agent.session('.', {
    sessionStore: new FileSessionStore(folder),
    approvals: 'wait',
    confirmTimeoutMs: 300_000,
  });
  onTestFinished(() => session.close({ mode: 'cancel' }));
  return { session, clock, requests: model.requests, effects };
}

const silent: ScriptedFunction = () => ({ hang: true });
const said = ({ messages }: ModelRequest) => messages.map(({ role, content }) => [role, content]);

/** How a step is described is no part of its work. */
const steps = STORED_STEPS.map((step) => ({ ...step, description: 'described otherwise' }));

describe('a stored session of format 1', () => {
  it('holds no lease, so that nobody has to be outlived', async () => {
    const files = await readdir(FIXTURE, { recursive: true });
    expect(files.filter((file) => /lease\.\d+$/.test(file))).toEqual([]);
    expect(files.filter((file) => /released\.\d+$/.test(file))).toHaveLength(2);
  });

  it('lists the one that had completed, with its info and outcome', async () => {
    const { session, requests } = await takeUp(silent);
    const handles = await session.orchestrator.restore();
    expect(handles.map(({ id }) => id)).toEqual(['subagent-2', 'subagent-3']);
    expect(session.orchestrator.getAllStates()).toEqual([
      { id: 'subagent-1', state: 'completed' },
      { id: 'subagent-2', state: 'paused' },
      { id: 'subagent-3', state: 'running' },
    ]);
    const usage = { inputTokens: 40, outputTokens: 11, totalTokens: 51, requests: 2, repairs: 0, unknownRequests: 0 };
    const completed = session.orchestrator.getHandle('subagent-1');
    expect(completed?.info()).toEqual({
      id: 'subagent-1',
      agentType: 'general',
      description: 'box',
      state: 'completed',
      detached: false,
      depth: 0,
      turn: 2,
      usage,
      tasks: [
        { content: 'look', status: 'completed' },
        { content: 'tell', status: 'in_progress' },
      ],
      createdAt: MADE_AT,
      updatedAt: MADE_AT,
    });
    expect(completed?.config).toMatchObject({ prompt: 'Look in the box.', metadata: { room: 1 } });
    expect(await completed?.outcome()).toEqual({
      id: 'subagent-1',
      agentType: 'general',
      state: 'completed',
      success: true,
      output: 'There are two keys.',
      usage,
      turns: 2,
      durationMs: 0,
    });
    expect(requests).toEqual([]);
  });

  it('goes on with the paused one when it is resumed: history, steered message, and a life of its own', async () => {
    const { session, requests, effects } = await takeUp(() => ({ text: 'Two keys, and nothing under it.' }));
    const epochs: number[] = [];
    session.events$.subscribe((event) => {
      if (event.type !== 'gap' && event.subagentId === 'subagent-2') epochs.push(event.epoch);
    });
    const [paused] = await session.orchestrator.restore();
    expect(paused?.info()).toMatchObject({ state: 'paused', turn: 1, createdAt: MADE_AT + 1_000 });
    expect(paused?.config.timeoutMs).toBe(60_000);
    await paused?.resume();
    await expect(paused?.wait()).resolves.toBe('Two keys, and nothing under it.');
    expect(requests.map(said)).toEqual([
      [
        ['user', 'Look in the drawer.'],
        ['assistant', 'Let me see.'],
        ['tool', 'two keys in the drawer'],
        ['user', 'And under it.'],
      ],
    ]);
    expect(effects).toEqual([]);
    expect(await paused?.outcome()).toMatchObject({
      turns: 2,
      usage: { requests: 2, totalTokens: 30, unknownRequests: 0 },
    });
    expect(new Set(epochs)).toEqual(new Set([2]));
  });

  it('holds the question open under its id, and what is left of its time', async () => {
    const { session, clock, effects } = await takeUp(() => ({ text: 'It is on its way.' }));
    const [, asking] = await session.orchestrator.restore();
    expect(asking?.activity()).toEqual({
      activityType: 'waiting_for_control',
      reason: expect.any(String),
      requests: ['call1#1'],
    });
    await clock.advance(290_000);
    expect(asking?.state()).toBe('running');
    asking?.approve('call1#1');
    await expect(asking?.wait()).resolves.toBe('It is on its way.');
    expect(effects).toEqual(['send Ada']);
  });

  it('lets the question run out when nobody answers', async () => {
    const { session, clock, requests, effects } = await takeUp(() => ({ text: 'Then not.' }));
    const [, asking] = await session.orchestrator.restore();
    await clock.advance(300_000);
    await expect(asking?.wait()).resolves.toBe('Then not.');
    expect(effects).toEqual([]);
    expect(requests).toHaveLength(1);
  });

  it('replays the step that was done, and goes on with the one in flight after its last recorded call', async () => {
    const { session, clock, requests, effects } = await takeUp(() => ({ text: 'Two keys up there.' }));
    const isReplayed = firstValueFrom(session.events$.pipe(filter(({ type }) => type === 'step_replayed')));
    const running = session.parallelResumable(steps, 'keys');
    expect(await isReplayed).toMatchObject({ taskId: 'count', workflowId: 'keys', subagentId: 'subagent-4' });
    await clock.advance(0);
    expect(await running).toMatchObject([
      {
        taskId: 'count',
        output: '{"count":2}',
        structured: { count: 2 },
        subagentId: 'subagent-4',
        replayed: true,
        usage: { totalTokens: 24 },
      },
      { taskId: 'search', output: 'Two keys up there.', subagentId: 'subagent-5', replayed: false, turns: 2 },
    ]);
    expect(requests.map(said)).toEqual([
      [
        ['user', 'Look in the attic.'],
        ['assistant', 'Let me see.'],
        ['tool', 'two keys in the attic'],
      ],
    ]);
    expect(effects).toEqual([]);
  });

  it('gives new subagents ids behind all that are stored, those of workflows included', async () => {
    const { session } = await takeUp(silent);
    await session.orchestrator.restore();
    expect(session.orchestrator.spawnSubagent({ agentType: 'general', prompt: 'new' }).id).toBe('subagent-6');
  });

  it('is as good without its documents: they are short cuts', async () => {
    const files = await readdir(folder, { recursive: true });
    for (const file of files) if (file.endsWith('document.json')) await rm(join(folder, file));
    const { session } = await takeUp(silent);
    await session.orchestrator.restore();
    expect(session.orchestrator.getAllStates().map(({ state }) => state)).toEqual(['completed', 'paused', 'running']);
    expect(await session.orchestrator.getHandle('subagent-1')?.outcome()).toMatchObject({
      output: 'There are two keys.',
      usage: { totalTokens: 51 },
    });
  });
});
