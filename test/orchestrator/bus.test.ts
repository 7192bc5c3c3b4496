import { Observable } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { type EventBus, MemoryEventBus, type StoredMessage, sendControlSignal } from '../../src/bus/index.js';
import { TroupeError } from '../../src/domain/errors.js';
import { calls, createWorld, eventsOf, lastMessage } from '../support/world.js';

function record(bus: EventBus, pattern: string): StoredMessage[] {
  const messages: StoredMessage[] = [];
  bus.messages$(pattern).subscribe((message) => messages.push(message));
  return messages;
}

describe('an orchestrator with a bus', () => {
  it('publishes every event under <prefix>.<id>.<type>, in order', async () => {
    const bus = new MemoryEventBus();
    const { settle, spawn, events } = createWorld([calls(['peek', {}]), { text: 'done' }, { text: 'done' }], {
      bus,
      subjectPrefix: 'team',
    });
    const messages = record(bus, 'team.>');
    spawn();
    spawn();
    await settle();
    expect(messages).toHaveLength(events.length);
    for (const id of ['subagent-1', 'subagent-2']) {
      const own = messages.filter(({ subject }) => subject.startsWith(`team.${id}.`));
      expect(own.map(({ data }) => data)).toEqual(events.filter((event) => event.subagentId === id));
      expect(own.map(({ subject }) => subject)).toEqual(
        events.filter((event) => event.subagentId === id).map(({ type }) => `team.${id}.${type}`),
      );
    }
    expect(new Set(messages.map(({ id }) => id)).size).toBe(messages.length);
  });

  it('is steered by control signals that come over it', async () => {
    const bus = new MemoryEventBus();
    const world = createWorld(
      [{ text: 'a', delayMs: 10 }, calls(['note', { label: 'x' }], ['note', { label: 'y' }]), { hang: true }],
      { bus, approvals: 'wait' },
    );
    const { clock, spawn, effects, model, events } = world;
    const handle = spawn({ agentType: 'asker' });
    const tell = (signal: Parameters<typeof sendControlSignal>[1]['signal']) =>
      sendControlSignal(bus, { prefix: 'agent', id: handle.id, signal });
    await clock.advance(1);
    await tell({ signal: 'pause' });
    await clock.advance(0);
    expect(handle.state()).toBe('paused');
    await tell({ signal: 'steer', message: 'go left' });
    await clock.advance(100);
    await tell({ signal: 'resume' });
    await clock.advance(0);
    expect(lastMessage(model.requests[1])).toBe('go left');
    await tell({ signal: 'deny', requestId: 'call1#1', reason: 'no' });
    await tell({ signal: 'approve', requestId: 'call2#1' });
    await clock.advance(0);
    expect(effects).toEqual(['y']);
    await tell({ signal: 'cancel', reason: 'enough' });
    await clock.advance(0);
    await expect(handle.outcome()).resolves.toMatchObject({ state: 'cancelled', error: { message: 'enough' } });
    expect(eventsOf(events, 'control_signal_applied').map(({ signal }) => signal)).toEqual([
      'pause',
      'steer',
      'resume',
      'deny',
      'approve',
      'cancel',
    ]);
  });

  it('passes over signals for subagents that are not there or have ended, and bad ones', async () => {
    const bus = new MemoryEventBus();
    const errors: string[] = [];
    const { settle, spawn, events } = createWorld([{ text: 'done' }], {
      bus,
      onError: ({ code }) => errors.push(code),
    });
    const handle = spawn();
    await settle();
    const before = events.length;
    await sendControlSignal(bus, { prefix: 'agent', id: handle.id, signal: { signal: 'steer', message: 'x' } });
    await sendControlSignal(bus, { prefix: 'agent', id: 'subagent-99', signal: { signal: 'pause' } });
    await bus.publish({ id: 'bad', subject: `agent.${handle.id}.control`, data: { signal: 'explode' } });
    await settle();
    expect(events).toHaveLength(before);
    expect(errors).toEqual(['config_invalid']);
  });

  it('is not stopped by a bus that is down, throws, or never answers', async () => {
    const broken: EventBus[] = [
      {
        publish: () => Promise.reject(new TroupeError('bus_unavailable', 'down')),
        messages$: () => new Observable((subscriber) => subscriber.error(new Error('down'))),
        close: async () => {},
      },
      {
        publish: () => {
          throw new Error('broken');
        },
        messages$: () => {
          throw new Error('broken');
        },
        close: async () => {},
      },
      { publish: () => new Promise(() => {}), messages$: () => new Observable(), close: async () => {} },
    ];
    for (const bus of broken) {
      const errors: string[] = [];
      const { clock, settle, spawn, orchestrator } = createWorld([calls(['peek', {}]), { text: 'done' }], {
        bus,
        onError: ({ code }) => errors.push(code),
      });
      const handle = spawn();
      await settle();
      await expect(handle.wait()).resolves.toBe('done');
      const closed = orchestrator.close();
      await clock.advance(60_000);
      await closed;
      expect(errors.every((code) => code === 'bus_unavailable')).toBe(true);
      expect(errors.length).toBeGreaterThan(0);
    }
  });

  it('that is down for a while gets everything in the end', async () => {
    const bus = new MemoryEventBus();
    const messages = record(bus, 'agent.>');
    let down = true;
    const flaky: EventBus = {
      publish: (message) => (down ? Promise.reject(new TroupeError('bus_unavailable', 'down')) : bus.publish(message)),
      messages$: (pattern, options) => bus.messages$(pattern, options),
      close: () => bus.close(),
    };
    const { clock, spawn, events } = createWorld([{ text: 'done', delayMs: 10 }], { bus: flaky });
    spawn();
    await clock.advance(1_000);
    expect(messages).toEqual([]);
    down = false;
    await clock.advance(20_000);
    expect(messages.map(({ data }) => data)).toEqual(events);
  });
});
