import { createBrowserInspector, createWebSocketInspector } from '@statelyai/inspect';
import { describe, expect, it, onTestFinished } from 'vitest';
import { MemorySessionStore } from '../../src/store/index.js';
import { firstLife, nextLife } from '../support/lives.js';
import { byPrompt, createWorld, tasks } from '../support/world.js';
import { isEndOf, listenTo, sessionOf, statelyRelay, type Told } from './support/listener.js';

/** As the docs of `@statelyai/inspect` say. */
function webSocketInspector(url: string) {
  const inspector = createWebSocketInspector({ url, serializationDepthLimit: 30 });
  onTestFinished(() => inspector.stop());
  return inspector;
}

const script = byPrompt({
  lead: [tasks('a'), { text: 'done' }],
  a: [{ text: 'a is done' }],
  held: [{ text: 'never' }],
});

describe('createWebSocketInspector', () => {
  it('shows orchestrator, subagents, children and what they invoke', async () => {
    const url = await statelyRelay();
    const listener = await listenTo(url);
    const { spawn, settle, orchestrator } = createWorld(script, { inspect: webSocketInspector(url).inspect });
    spawn({ agentType: 'lead', prompt: 'lead' });
    await settle();
    await orchestrator.close();
    await listener.until(isEndOf(listener.told, 'orchestrator'));
    const names = listener.told.flatMap(({ type, name }) => (type === '@xstate.actor' ? [name] : []));
    expect(new Set(names)).toEqual(
      new Set(['orchestrator', 'subagent-1', 'subagent-2', 'llm', 'deadline', 'tool.call1']),
    );
    expect(valuesOf(listener.told, 'subagent-2').at(-1)).toBe('completed');
  });

  it('shows restored ones in the state that they come back in', async () => {
    const store = new MemorySessionStore();
    const first = firstLife(store, script);
    first.spawn({ prompt: 'held' }).pause();
    first.spawn({ agentType: 'lead', prompt: 'lead' });
    await first.settle();
    await first.orchestrator.getHandle('subagent-2')?.outcome();

    const url = await statelyRelay();
    const listener = await listenTo(url);
    const second = await nextLife(store, script, { inspect: webSocketInspector(url).inspect });
    expect(second.handles.map((handle) => handle.state())).toEqual(['paused']);
    await listener.until(({ name }) => name === 'subagent-1');
    const restored = listener.told.find(({ name }) => name === 'subagent-1');
    expect(restored?.snapshot?.value).toEqual({ active: { control: 'paused', activity: 'waiting_for_control' } });
    expect(restored?.snapshot?.context).toMatchObject({ id: 'subagent-1', pausedBy: 'user' });
    void second.handles[0]?.cancel();
    await listener.until(isEndOf(listener.told, 'subagent-1'));
    expect(valuesOf(listener.told, 'subagent-1').at(-1)).toBe('cancelled');
  });

  it('shows those that were there before it came', async () => {
    const url = await statelyRelay();
    const listener = await listenTo(url);
    const { spawn, settle, orchestrator } = createWorld(byPrompt({ 'do it': [{ hang: true }] }));
    spawn();
    await settle();
    orchestrator.inspect(webSocketInspector(url).inspect);
    await listener.until(({ name }) => name === 'llm');
    const told = listener.told.map(({ type, name }) => `${type} ${name}`);
    expect(told.slice(0, 2)).toEqual(['@xstate.actor orchestrator', '@xstate.actor subagent-1']);
    expect(new Set(told.slice(2))).toEqual(new Set(['@xstate.actor llm', '@xstate.actor deadline']));
    expect(listener.told[1]?.snapshot?.value).toEqual({
      active: { control: 'running', activity: 'requesting_llm' },
    });
    void orchestrator.cancelSubagent('subagent-1');
    await listener.until(isEndOf(listener.told, 'subagent-1'));
  });
});

describe('createBrowserInspector', () => {
  it('hands all to the window that it opens', async () => {
    const posted: Told[] = [];
    const listeners: ((event: { data: unknown }) => void)[] = [];
    const window = {
      open: () => ({ postMessage: (message: Told) => posted.push(message) }),
      addEventListener: (_type: string, listener: (event: { data: unknown }) => void) => listeners.push(listener),
    };
    const inspector = createBrowserInspector({ window: window as never, serializationDepthLimit: 30 });
    for (const listener of listeners) listener({ data: { type: '@statelyai.connected' } });
    const { spawn, settle } = createWorld(script, { inspect: inspector.inspect });
    await spawn({ agentType: 'lead', prompt: 'lead' }).outcome();
    await settle();
    await new Promise((resolve) => setTimeout(resolve, 0)); // it hands on a moment later
    expect(valuesOf(posted, 'subagent-1').at(-1)).toBe('completed');
    expect(valuesOf(posted, 'subagent-2').at(-1)).toBe('completed');
  });
});

function valuesOf(told: readonly Told[], name: string): unknown[] {
  const session = sessionOf(told, name);
  return told.flatMap(({ type, sessionId, snapshot }) =>
    type === '@xstate.snapshot' && sessionId === session ? [snapshot?.value] : [],
  );
}
