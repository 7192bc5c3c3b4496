import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { defineTool } from '../../src/activities/tools/index.js';
import { byPrompt, calls, createWorld, errorOf, eventsOf, lastMessage, tasks } from '../support/world.js';

const hanging = byPrompt(Object.fromEntries(['do it', 'a', 'b', 'c', 'd'].map((prompt) => [prompt, [{ hang: true }]])));

describe('a child', () => {
  it('is made by handle.spawn or by parentId, and is known as such in info and events', async () => {
    const { settle, spawn, orchestrator, events } = createWorld(hanging);
    const parent = spawn();
    const child = parent.spawn({ agentType: 'worker', prompt: 'a' });
    const other = spawn({ prompt: 'b', parentId: parent.id });
    const grandchild = child.spawn({ agentType: 'worker', prompt: 'c' });
    await settle();
    expect(orchestrator.listSubagents().map(({ id, parentId, depth }) => [id, parentId, depth])).toEqual([
      [parent.id, undefined, 0],
      [child.id, parent.id, 1],
      [other.id, parent.id, 1],
      [grandchild.id, child.id, 2],
    ]);
    expect(child.config.parentId).toBe(parent.id);
    for (const event of events) {
      const expected = { [child.id]: parent.id, [other.id]: parent.id, [grandchild.id]: child.id }[
        event.subagentId ?? ''
      ];
      expect('parentId' in event ? event.parentId : undefined).toBe(expected);
    }
  });

  it('cannot be deeper than maxDepth, which the model is told as well', async () => {
    const { settle, spawn, events } = createWorld(
      byPrompt({ 'do it': [{ hang: true }], lead: [tasks('a'), { text: 'alone then' }] }),
      { maxDepth: 1 },
    );
    const child = spawn({ agentType: 'lead' }).spawn({ agentType: 'lead', prompt: 'lead' });
    const error = await errorOf(() => child.spawn({ agentType: 'worker', prompt: 'b' }));
    expect(error).toMatchObject({ code: 'config_invalid' });
    expect(error.message).toContain('maxDepth is 1');
    await settle();
    await expect(child.wait()).resolves.toBe('alone then');
    expect(eventsOf(events, 'tool_end')[0]?.toolOutput).toContain('maxDepth is 1');
  });

  it('with maxDepth 0 is never made', async () => {
    const { spawn } = createWorld(hanging, { maxDepth: 0 });
    expect((await errorOf(() => spawn().spawn({ agentType: 'worker', prompt: 'a' }))).code).toBe('config_invalid');
  });

  it('of one that has ended, or is not known, is refused', async () => {
    const { settle, spawn, orchestrator } = createWorld([{ text: 'done' }]);
    const parent = spawn();
    await settle();
    expect((await errorOf(() => parent.spawn({ agentType: 'worker', prompt: 'a' }))).code).toBe('wrong_state');
    expect((await errorOf(() => spawn({ parentId: parent.id }))).code).toBe('wrong_state');
    expect((await errorOf(() => spawn({ parentId: 'subagent-77' }))).code).toBe('unknown_subagent');
    expect((await errorOf(() => spawn({ parentId: 'toString' }))).code).toBe('unknown_subagent');
    expect(orchestrator.listSubagents()).toHaveLength(1);
  });

  it('spawned by a handle cannot name another parent', async () => {
    const { spawn } = createWorld(hanging);
    const [one, two] = [spawn(), spawn()];
    const error = await errorOf(() => one.spawn({ agentType: 'worker', prompt: 'a', parentId: two.id }));
    expect(error).toMatchObject({ code: 'config_invalid' });
    expect(error.message).toContain('parentId');
  });
});

describe('pause and resume of a parent', () => {
  it('reach all below it at once; resume lifts only what its own pause had paused', async () => {
    const { settle, spawn, events } = createWorld(hanging);
    const parent = spawn();
    const [a, b] = [
      parent.spawn({ agentType: 'worker', prompt: 'a' }),
      parent.spawn({ agentType: 'worker', prompt: 'b' }),
    ];
    const grandchild = a.spawn({ agentType: 'worker', prompt: 'c' });
    await settle();
    void b.pause();
    void parent.pause();
    const states = () => [parent, a, b, grandchild].map((handle) => handle.state());
    expect(states()).toEqual(['paused', 'paused', 'paused', 'paused']);
    void parent.resume();
    expect(states()).toEqual(['running', 'running', 'paused', 'running']);
    await settle();
    expect(eventsOf(events, 'control_signal_received', b.id).map(({ signal }) => signal)).toEqual(['pause']);
    void b.resume();
    expect(states()).toEqual(['running', 'running', 'running', 'running']);
  });

  it('a child that its user pauses as well stays paused when the parent is resumed', async () => {
    const { settle, spawn } = createWorld(hanging);
    const parent = spawn();
    const child = parent.spawn({ agentType: 'worker', prompt: 'a' });
    await settle();
    void parent.pause();
    const taken = child.pause();
    void parent.resume();
    expect(child.state()).toBe('paused');
    void child.resume();
    expect(child.state()).toBe('running');
    await expect(taken).resolves.toMatchObject({ accepted: true });
  });

  it('a child can be resumed by itself under a paused parent', async () => {
    const { settle, spawn } = createWorld(hanging);
    const parent = spawn();
    const child = parent.spawn({ agentType: 'worker', prompt: 'a' });
    await settle();
    void parent.pause();
    await expect(child.resume()).resolves.toEqual({ accepted: true, state: 'running' });
    expect(parent.state()).toBe('paused');
  });

  it('a child spawned under a paused parent is held before its first request, and goes on with it', async () => {
    const { clock, settle, model, spawn, events } = createWorld(hanging);
    const parent = spawn();
    void parent.pause();
    const child = parent.spawn({ agentType: 'worker', prompt: 'a' });
    const grandchild = child.spawn({ agentType: 'worker', prompt: 'b' });
    expect([child.state(), grandchild.state()]).toEqual(['paused', 'paused']);
    expect(child.activity()).toEqual({ activityType: 'waiting_for_control', reason: 'paused by its parent' });
    await clock.advance(10_000);
    expect(model.requests).toHaveLength(0);
    expect(eventsOf(events, 'start', child.id)).toEqual([]);
    await parent.resume();
    await settle();
    expect([parent.state(), child.state(), grandchild.state()]).toEqual(['running', 'running', 'running']);
    expect(model.requests).toHaveLength(3);
  });

  it('a parent whose only work in flight is its children is at rest when they are', async () => {
    const { clock, spawn } = createWorld(
      byPrompt({
        lead: [tasks('a', 'b'), { text: 'done' }],
        a: [{ text: 'a', delayMs: 100 }],
        b: [calls(['slow', { ms: 300 }]), { text: 'b' }],
      }),
    );
    const parent = spawn({ agentType: 'lead', prompt: 'lead' });
    await clock.advance(10);
    let rest: unknown;
    void parent.pause().then((result) => {
      rest = result;
    });
    await clock.advance(289);
    expect(rest).toBeUndefined();
    await clock.advance(1);
    expect(rest).toEqual({ accepted: true, state: 'paused' });
    await parent.resume();
    await clock.advance(0);
    await expect(parent.wait()).resolves.toBe('done');
  });

  it('a parent is at rest when its children are, whoever spawned them', async () => {
    const { clock, spawn } = createWorld(
      byPrompt({
        'do it': [{ text: 'done', delayMs: 50 }],
        a: [calls(['slow', { ms: 300 }]), { text: 'a' }],
        b: [{ hang: true }],
      }),
    );
    const parent = spawn();
    parent.spawn({ agentType: 'worker', prompt: 'a' });
    parent.spawn({ agentType: 'worker', prompt: 'b', detached: true });
    await clock.advance(10);
    let rest: unknown;
    void parent.pause().then((result) => {
      rest = result;
    });
    await clock.advance(289);
    expect(rest).toBeUndefined();
    await clock.advance(1);
    expect(rest).toEqual({ accepted: true, state: 'paused' });
  });

  it('does not reach a detached child', async () => {
    const { settle, spawn } = createWorld(hanging);
    const parent = spawn();
    const child = parent.spawn({ agentType: 'worker', prompt: 'a', detached: true });
    await settle();
    void parent.pause();
    expect(child.state()).toBe('running');
    expect(parent.spawn({ agentType: 'worker', prompt: 'b', detached: true }).state()).toBe('running');
  });
});

describe('the end of a parent', () => {
  it('cancels what is left of its children, by parent, whatever ended it', async () => {
    for (const end of ['completed', 'failed', 'cancelled', 'timeout'] as const) {
      const { clock, spawn, events } = createWorld(
        byPrompt({
          'do it': [
            end === 'completed'
              ? { text: 'done', delayMs: 10 }
              : end === 'failed'
                ? { finish: 'refusal', delayMs: 10 }
                : { hang: true },
          ],
          a: [{ hang: true }],
          b: [{ hang: true }],
        }),
      );
      const parent = spawn({ timeoutMs: 1_000 });
      const child = parent.spawn({ agentType: 'worker', prompt: 'a' });
      const grandchild = child.spawn({ agentType: 'worker', prompt: 'b' });
      await clock.advance(100);
      if (end === 'cancelled') void parent.cancel();
      if (end === 'timeout') await clock.advance(1_000);
      expect(parent.isDone()).toBe(true);
      await expect(child.outcome()).resolves.toMatchObject({ state: 'cancelled', by: 'parent' });
      await expect(grandchild.outcome()).resolves.toMatchObject({ state: 'cancelled', by: 'parent' });
      await expect(child.wait()).rejects.toMatchObject({ code: 'cancelled', message: `its parent ${parent.id} ended` });
      await clock.advance(0);
      expect(eventsOf(events, 'subagent_completed').map(({ subagentId }) => subagentId)).toEqual([
        parent.id,
        child.id,
        grandchild.id,
      ]);
    }
  });

  it('leaves detached children alone: they go on, stay listed, and can be waited for', async () => {
    const { clock, spawn, orchestrator } = createWorld(
      byPrompt({ 'do it': [{ hang: true }], a: [{ text: 'a done', delayMs: 100 }], b: [{ hang: true }] }),
    );
    const parent = spawn();
    const detached = parent.spawn({ agentType: 'worker', prompt: 'a', detached: true });
    const child = parent.spawn({ agentType: 'worker', prompt: 'b' });
    await clock.advance(10);
    void parent.cancel();
    expect([detached.state(), child.state()]).toEqual(['running', 'cancelled']);
    expect(orchestrator.getSubagentInfo(detached.id)).toMatchObject({ detached: true, parentId: parent.id });
    await clock.advance(100);
    await expect(detached.wait()).resolves.toBe('a done');
  });

  it('with cascade false spares all children', async () => {
    const { settle, spawn } = createWorld(hanging);
    const parent = spawn();
    const child = parent.spawn({ agentType: 'worker', prompt: 'a' });
    const grandchild = child.spawn({ agentType: 'worker', prompt: 'b' });
    await settle();
    void parent.cancel('only me', { cascade: false });
    expect([parent, child, grandchild].map((handle) => handle.state())).toEqual(['cancelled', 'running', 'running']);
    void child.cancel();
    expect(grandchild.state()).toBe('cancelled');
  });

  it('ends a tree of hundreds at once', async () => {
    const { settle, spawn, orchestrator } = createWorld(() => ({ hang: true }), { maxConcurrentSubagents: 500 });
    const parent = spawn();
    for (let count = 0; count < 20; count++) {
      const child = parent.spawn({ agentType: 'worker', prompt: 'a' });
      for (let below = 0; below < 20; below++) child.spawn({ agentType: 'worker', prompt: 'b' });
    }
    await settle();
    expect(orchestrator.activeCount()).toBe(421);
    void parent.cancel();
    expect(orchestrator.activeCount()).toBe(0);
    expect(orchestrator.getAllStates().every(({ state }) => state === 'cancelled')).toBe(true);
  });
});

describe('the workspace of a child', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'troupe-nesting-'));
    await mkdir(join(folder, 'inside', 'deeper'), { recursive: true });
    await mkdir(join(folder, 'beside'));
    await symlink(join(folder, 'beside'), join(folder, 'inside', 'link'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  const whereAmI = defineTool({
    name: 'where',
    description: 'Says where.',
    input: z.object({}),
    readOnly: true,
    run: (_input, { workspace }) => workspace,
  });

  it('is its parent’s by default, and relative to it', async () => {
    const world = createWorld(
      (request) =>
        request.messages.length === 1 ? { toolCalls: [{ name: 'where', args: {} }] } : { text: lastMessage(request) },
      { tools: [whereAmI], workspace: folder },
    );
    const parent = world.spawn({ workspace: 'inside' });
    const same = parent.spawn({ agentType: 'worker', prompt: 'a' });
    const deeper = parent.spawn({ agentType: 'worker', prompt: 'a', workspace: 'deeper' });
    // Children end with their parent, which is as quick as they are.
    void parent.pause();
    void same.resume();
    void deeper.resume();
    await world.settle();
    await expect(same.wait()).resolves.toBe(join(folder, 'inside'));
    await expect(deeper.wait()).resolves.toBe(join(folder, 'inside', 'deeper'));
    expect(world.model.requests[0]?.system).toContain(join(folder, 'inside'));
  });

  it.each(['..', '../beside', 'link', '/', 'deeper/../..'])(
    '%s is refused, since it lies outside',
    async (workspace) => {
      const world = createWorld(hanging, { workspace: folder });
      const parent = world.spawn({ workspace: 'inside' });
      const error = await errorOf(() => parent.spawn({ agentType: 'worker', prompt: 'a', workspace }));
      expect(error).toMatchObject({ code: 'config_invalid' });
      expect(error.message).toContain('workspace');
      expect(error.message).toContain('outside');
    },
  );

  it('must be a folder that is there', async () => {
    const world = createWorld(hanging, { workspace: folder });
    for (const workspace of ['nowhere', import.meta.filename]) {
      const error = await errorOf(() => world.spawn({ workspace }));
      expect(error).toMatchObject({ code: 'config_invalid' });
      expect(error.message).toMatch(/^workspace: /);
    }
    expect(world.orchestrator.listSubagents()).toEqual([]);
  });
});
