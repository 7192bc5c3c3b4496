import { describe, expect, it, onTestFinished } from 'vitest';
import type { AgentEvent, OrchestratorConfig } from '../../src/index.js';
import { Orchestrator } from '../../src/orchestrator/index.js';
import { VirtualClock } from '../../src/testing/index.js';
import { lines } from '../support/lines.js';
import { eventsOf } from '../support/world.js';

function createStub(config: OrchestratorConfig = {}) {
  const clock = new VirtualClock();
  const orchestrator = Orchestrator.create(undefined, { clock, ...config });
  const events: AgentEvent[] = [];
  orchestrator.events$.subscribe((event) => events.push(event));
  onTestFinished(() => orchestrator.close());
  return { clock, orchestrator, events };
}
const spec = { agentType: 'general', prompt: 'Use glob to find TypeScript files' };

describe('an orchestrator without an agent runs a stub', () => {
  it('of five steps of 600 ms, each with a progress event, a read and a request', async () => {
    const { clock, orchestrator, events } = createStub();
    const handle = orchestrator.spawnSubagent({ ...spec, permissive: true, maxSteps: 10 });
    const seen: string[] = [];
    for (let at = 0; at < 3_000; at += 100) {
      await clock.advance(at === 0 ? 0 : 100);
      const activity = handle.activity();
      seen.push(activity.activityType === 'calling_tool' ? activity.toolName : activity.activityType);
    }
    expect(seen).toEqual(
      Array.from({ length: 5 }, () => [...Array(3).fill('read'), ...Array(3).fill('requesting_llm')]).flat(),
    );
    await clock.advance(100);
    await expect(handle.outcome()).resolves.toMatchObject({ state: 'completed', durationMs: 3_000 });
    await expect(handle.wait()).resolves.toContain('Stub');
    expect(lines(events).filter((line) => line.startsWith('subagent_progress'))).toEqual(
      [1, 2, 3, 4, 5].map((step) => `subagent_progress ${step}/5 step ${step} of 5`),
    );
    expect(handle.info().usage.requests).toBe(6);
  });

  it('for any agent type, in any folder, without looking at it', async () => {
    const { clock, orchestrator } = createStub({ workspace: '/nowhere/at/all' });
    const handle = orchestrator.spawnSubagent({ agentType: 'whatever', prompt: 'x', workspace: '/neither/here' });
    await clock.advance(3_000);
    expect(handle.state()).toBe('completed');
  });

  it('that obeys pause and resume: its time stands still in between', async () => {
    const { clock, orchestrator, events } = createStub();
    const handle = orchestrator.spawnSubagent(spec);
    await clock.advance(1_500);
    const [paused] = await Promise.all([handle.pause(), clock.advance(300)]);
    expect(paused).toEqual({ accepted: true, state: 'paused' });
    const before = eventsOf(events, 'subagent_progress').length;
    await clock.advance(60_000);
    expect(eventsOf(events, 'subagent_progress')).toHaveLength(before);
    await handle.resume();
    await clock.advance(1_200);
    expect(handle.state()).toBe('completed');
  });

  it('that obeys cancel and timeoutMs', async () => {
    const { clock, orchestrator } = createStub();
    const cancelled = orchestrator.spawnSubagent(spec);
    const late = orchestrator.spawnSubagent({ ...spec, timeoutMs: 1_000 });
    await clock.advance(700);
    void cancelled.cancel();
    expect(cancelled.state()).toBe('cancelled');
    await clock.advance(300);
    expect(late.state()).toBe('failed');
    await expect(late.outcome()).resolves.toMatchObject({ by: 'timeout' });
    expect(clock.pending).toBe(0);
  });

  it('that can be parent and child', async () => {
    const { clock, orchestrator } = createStub();
    const parent = orchestrator.spawnSubagent(spec);
    const child = parent.spawn(spec);
    await clock.advance(100);
    void parent.pause();
    expect(child.state()).toBe('paused');
    void parent.cancel();
    expect(child.state()).toBe('cancelled');
  });
});
