import { describe, expect, it, onTestFinished } from 'vitest';
import { TroupeError } from '../../src/domain/errors.js';
import type { ScriptedFunction } from '../../src/testing/index.js';
import { createSessionWorld, step } from '../session/session-world.js';
import { MortalStore } from '../support/mortal-store.js';
import { byPrompt, lastMessage, tasks, type World } from '../support/world.js';
import { life, untilQuiet } from './support/one-life.js';

const refused = { error: new TroupeError('model_refused', 'not with me') };

const asked = ({ model }: Pick<World, 'model'>, prompt: string) =>
  model.requests.filter(({ messages: [first] }) => first?.content === prompt).length;

interface Ending {
  readonly name: string;
  readonly script: ScriptedFunction;
  readonly act?: (world: World) => void;
  readonly says: string;
}

const endings: readonly Ending[] = [
  {
    name: 'fails',
    script: byPrompt({ lead: [tasks('child'), { text: 'lead is done' }], child: [refused] }),
    says: 'not with me',
  },
  {
    name: 'completes',
    script: byPrompt({ lead: [tasks('child'), { text: 'lead is done' }], child: [{ text: 'child is done' }] }),
    says: 'child is done',
  },
  {
    name: 'is cancelled',
    script: byPrompt({ lead: [tasks('child'), { text: 'lead is done' }], child: [{ text: 'late', delayMs: 150 }] }),
    act: ({ orchestrator }) => void orchestrator.cancelSubagent('subagent-2', 'no longer wanted'),
    says: 'no longer wanted',
  },
];

describe('a child that has ended when its process dies', () => {
  for (const { name, script, act, says } of endings) {
    it(`and ${name}: its parent goes on with its end, and it never runs again once that was told, whichever record was the last`, async () => {
      for (let appends = 1; ; appends++) {
        const store = new MortalStore();
        const writeMs = (id: string) => (id === 'subagent-2' ? 9 : 2);
        const first = life(store, script, { appends, writeMs, losesDocuments: true });
        let isTold = false;
        store.onRecord = (id, record) => {
          if (id === 'subagent-1' && (record as { type: string }).type === 'settled') isTold = true;
        };
        first.spawn({ agentType: 'lead', prompt: 'lead' });
        await first.clock.advance(70);
        act?.(first);
        await untilQuiet(first);
        if (!store.isDead) break;
        const second = life(store, script);
        await second.orchestrator.restore();
        await second.settle();
        if (act && asked(second, 'child') > 0) act(second);
        await second.clock.advance(500);
        const [lead, child] = second.orchestrator.listSubagents();
        expect([appends, lead?.state]).toEqual([appends, 'completed']);
        if (isTold) {
          expect([appends, asked(second, 'child')]).toEqual([appends, 0]);
          expect([appends, child?.state]).toEqual([appends, first.orchestrator.getSubagentInfo('subagent-2')?.state]);
        }
        const last = second.model.requests.at(-1);
        if (last) expect([appends, lastMessage(last)]).toEqual([appends, expect.stringContaining(says)]);
      }
    });
  }
});

describe('a child of a workflow that has failed when its process dies', () => {
  it('never runs again once its parent was told, though their records may share a write, whichever line was the last', async () => {
    const script = byPrompt({
      lead: [tasks('child'), { text: 'lead is done' }, { text: 'lead is done' }, { text: 'lead is done' }],
      child: [{ ...refused, delayMs: 50 }],
    });
    const steps = [step('lead', { agent: 'lead' })];
    let toldCount = 0;
    for (let appends = 1; ; appends++) {
      const store = new MortalStore();
      const first = createSessionWorld(script, { sessionStore: store });
      onTestFinished(async () => {
        store.bury();
        const closed = first.session.close({ mode: 'cancel' });
        await first.clock.advance(200); // its writes take their time
        await closed;
      });
      store.begin({ clock: first.clock, appends, writeMs: () => 5 });
      let isTold = false;
      store.onRecord = (id, record) => {
        if (id === 'subagent-1' && (record as { type: string }).type === 'settled') isTold = true;
      };
      void first.session.parallelResumable(steps, 'w').catch(() => {});
      const { orchestrator } = first.session;
      for (let ms = 0; ms < 200 && asked(first, 'child') === 0; ms++) await first.clock.advance(1);
      // One message is being written when the child fails; the other waits, and what the parent adds next stands beside it.
      for (const ms of [46, 3]) {
        await first.clock.advance(ms);
        if (!store.isDead) orchestrator.getHandle('subagent-1')?.steer('go on');
      }
      await first.clock.advance(200);
      if (!store.isDead) break;
      store.begin();
      const second = createSessionWorld(script, { sessionStore: store });
      const outcomes = second.session.parallelResumable(steps, 'w');
      await second.clock.advance(200);
      await expect(outcomes).resolves.toMatchObject([{ output: 'lead is done' }]);
      if (!isTold) continue;
      toldCount += 1;
      expect([appends, asked(second, 'child')]).toEqual([appends, 0]);
    }
    expect(toldCount).toBeGreaterThan(0);
  });
});

describe('a subagent that ends while the store cannot write', () => {
  it('has its end on record when the store works again', async () => {
    const store = new MortalStore();
    const first = life(store, [{ hang: true }]);
    const handle = first.spawn();
    await first.settle();
    store.isBroken = true;
    void handle.cancel();
    expect(handle.state()).toBe('cancelled');
    await first.clock.advance(5_000);
    store.isBroken = false;
    await first.clock.advance(30_000);
    const second = life(store, [{ hang: true }]);
    await expect(second.orchestrator.restore()).resolves.toEqual([]);
    expect(second.orchestrator.getAllStates()).toEqual([{ id: 'subagent-1', state: 'cancelled' }]);
  });

  it('does not keep a close from ending', async () => {
    const store = new MortalStore();
    const first = life(store, [{ hang: true }]);
    const handle = first.spawn();
    await first.settle();
    store.isBroken = true;
    void handle.cancel();
    await first.clock.advance(5_000);
    await first.orchestrator.close();
    expect(first.clock.pending).toBe(0);
  });
});
