import { describe, expect, it } from 'vitest';
import { byPrompt, calls, createWorld, lastMessage, tasks } from '../support/world.js';

describe('the permissions of a child are never wider than its parent’s', () => {
  const grant = { allow: ['note', 'peek', 'task'], deny: [], ask: [], default: 'deny' } as const;

  it('by rules: what the parent’s definition denies or does not allow, the child’s does not allow', async () => {
    for (const permissions of [
      { ...grant, allow: ['peek', 'task'] },
      { ...grant, deny: ['note'] },
    ]) {
      const world = createWorld(
        byPrompt({ lead: [tasks('a'), { text: 'done' }], a: [calls(['note', { label: 'x' }]), { text: 'a' }] }),
        { definitions: [{ name: 'narrow', permissions, canSpawnSubagents: true }] },
      );
      const parent = world.spawn({ agentType: 'narrow', prompt: 'lead' });
      await world.settle();
      await expect(parent.wait()).resolves.toBe('done');
      expect(world.effects).toEqual([]);
    }
  });

  it('by permissive: a permissive child of one that is not is asked all the same', async () => {
    const world = createWorld(byPrompt({ 'do it': [{ hang: true }], a: [calls(['note', {}]), { text: 'a' }] }));
    const parent = world.spawn({ agentType: 'asker' });
    const child = parent.spawn({ agentType: 'asker', prompt: 'a', permissive: true });
    await world.settle();
    await expect(child.wait()).resolves.toBe('a');
    expect(world.effects).toEqual([]);

    const free = world.spawn({ agentType: 'asker', permissive: true });
    const freed = free.spawn({ agentType: 'asker', prompt: 'a', permissive: true });
    await world.settle();
    await expect(freed.wait()).resolves.toBe('a');
    expect(world.effects).toEqual(['']);
  });

  it('by permissiveDeny, which goes down the tree', async () => {
    const world = createWorld(byPrompt({ 'do it': [{ hang: true }], a: [calls(['note', {}]), { text: 'a' }] }));
    const parent = world.spawn({ agentType: 'asker', permissive: true, permissiveDeny: ['note'] });
    const child = parent.spawn({ agentType: 'asker', prompt: 'a', permissive: true });
    await world.settle();
    await expect(child.wait()).resolves.toBe('a');
    expect(world.effects).toEqual([]);
  });

  it('by tools: a tool that changes something is not to be had by way of a child', async () => {
    const world = createWorld(byPrompt({ 'do it': [{ hang: true }], a: [calls(['note', {}]), { text: 'a' }] }));
    const parent = world.spawn({ tools: ['peek'] });
    const child = parent.spawn({ agentType: 'worker', prompt: 'a' });
    await world.settle();
    await expect(child.wait()).resolves.toBe('a');
    expect(world.effects).toEqual([]);
    const names = world.model.requests
      .find(({ messages }) => messages[0]?.content === 'a')
      ?.tools.map(({ name }) => name);
    expect(names).toEqual(['slow', 'peek']);
  });

  it('and are told to the model when it hands out a task: the answer of one that failed says why', async () => {
    const world = createWorld(
      byPrompt({
        lead: [
          calls([
            'task',
            {
              tasks: [
                { agent: 'nobody', prompt: 'a' },
                { agent: 'worker', prompt: 'b' },
              ],
            },
          ]),
          { text: 'done' },
        ],
        b: [{ finish: 'refusal' }],
      }),
    );
    const parent = world.spawn({ agentType: 'lead', prompt: 'lead' });
    await world.settle();
    await expect(parent.wait()).resolves.toBe('done');
    const told = JSON.parse(lastMessage(world.model.requests.at(-1)));
    expect(told[0]).toMatchObject({ success: false });
    expect(told[0].error).toContain('known: worker, lead, asker');
    expect(told[1]).toMatchObject({ id: 'subagent-2', success: false });
    expect(told[1].error).toContain('refusal');
  });
});
