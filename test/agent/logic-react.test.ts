// @vitest-environment jsdom
import { useActorRef, useSelector } from '@xstate/react';
import { act, createElement, StrictMode, useEffect, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Session } from '../../src/index.js';
import { logicWorld } from './logic-world.js';

beforeAll(() => {
  Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true });
});

/** What a React app would write: the state by a selector, the text by the events, buttons by `send`. */
function Explorer({ logic }: { logic: ReturnType<Session['logic']> }) {
  const actor = useActorRef(logic, { input: { prompt: 'Look.' } });
  const state = useSelector(actor, ({ context }) => context.state);
  const activity = useSelector(actor, ({ context }) => context.activity.activityType);
  const [text, setText] = useState('');
  useEffect(() => {
    const listener = actor.on('text_delta', (event) => setText((before) => before + event.text));
    return () => listener.unsubscribe();
  }, [actor]);
  const pause = () => actor.send(state === 'paused' ? { type: 'RESUME' } : { type: 'PAUSE' });
  return createElement('button', { type: 'button', onClick: pause }, `${state} ${activity} ${text}`);
}

async function rendered(session: Session, settle: () => Promise<void>, isStrict: boolean) {
  const { document } = globalThis as unknown as { document: { createElement(name: 'div'): HTMLElement } };
  const container = document.createElement('div');
  const root = createRoot(container as never);
  const explorer = createElement(Explorer, { logic: session.logic('general') });
  const show = () => act(async () => root.render(isStrict ? createElement(StrictMode, null, explorer) : explorer));
  await show();
  await act(settle);
  onTestFinished(() => session.close());
  return {
    text: () => container.textContent,
    click: () =>
      act(async () => {
        container.querySelector('button')?.click();
      }),
    unmount: () => act(async () => root.unmount()),
  };
}

interface HTMLElement {
  readonly textContent: string | null;
  querySelector(selector: string): { click(): void } | null;
}

const SLOW = { text: ['I will ', 'look.'], toolCalls: [{ name: 'slow', args: { ms: 100 } }] };

describe.each([
  ['once', false],
  ['twice, as strict mode does', true],
])('a component that is mounted %s', (_, isStrict) => {
  it('shows where its subagent stands, steers it, and shows its end', async () => {
    const { agent, settle, clock, model } = await logicWorld([SLOW, { text: ' Done.' }]);
    const session = agent.session();
    const page = await rendered(session, settle, isStrict);
    expect(page.text()).toBe('running calling_tool I will look.');
    await page.click();
    expect(page.text()).toBe('paused calling_tool I will look.');
    await act(() => clock.advance(100));
    expect(page.text()).toBe('paused waiting_for_control I will look.');
    await page.click();
    await act(settle);
    expect(page.text()).toBe('completed idle I will look. Done.');
    expect(model.requests).toHaveLength(2); // none was made twice
    expect(session.orchestrator.listSubagents()).toHaveLength(1);
  });

  it('cancels its subagent when it is unmounted', async () => {
    const { agent, settle, signals } = await logicWorld([SLOW]);
    const session = agent.session();
    const page = await rendered(session, settle, isStrict);
    await page.unmount();
    expect(signals[0]?.aborted).toBe(true);
    expect(session.orchestrator.listSubagents()).toMatchObject([{ state: 'cancelled', id: 'subagent-1' }]);
  });
});
