import { describe, expect, it } from 'vitest';
import { TroupeError } from '../../src/domain/errors.js';
import type { ScriptedFunction } from '../../src/testing/index.js';
import { MortalStore } from '../support/mortal-store.js';
import { byPrompt, lastMessage, tasks, type World } from '../support/world.js';
import { life, untilQuiet } from './support/one-life.js';

const refused = { error: new TroupeError('model_refused', 'not with me') };

const asked = ({ model }: World, prompt: string) =>
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
