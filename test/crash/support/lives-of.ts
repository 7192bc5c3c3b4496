/** Lives of one session on one store, each killed at one of its records, until all is done. */

import fc from 'fast-check';
import { z } from 'zod';
import { defineTool } from '../../../src/activities/tools/index.js';
import { delay } from '../../../src/domain/clock.js';
import { isFinal } from '../../../src/domain/lifecycle.js';
import type { SubAgentOutcome } from '../../../src/domain/outcome.js';
import type { Tool } from '../../../src/domain/tool.js';
import type { SubAgentHandle } from '../../../src/orchestrator/index.js';
import { MortalStore } from '../../support/mortal-store.js';
import { createWorld, type World } from '../../support/world.js';
import { formOf, type Ledger, type Work } from './ledger.js';

export interface Act {
  readonly op: 'pause' | 'resume' | 'steer' | 'wait';
  readonly who: number;
  readonly ms: number;
}

/** What is done to the living, one after the other. */
export const actsOf: fc.Arbitrary<readonly Act[]> = fc.array(
  fc.record({
    op: fc.constantFrom('pause', 'resume', 'steer', 'wait', 'wait', 'wait', 'wait'),
    who: fc.nat(5),
    ms: fc.nat(4),
  }),
  { maxLength: 25 },
);
/** How long writes take, in turns; ms. */
export const delaysOf: fc.Arbitrary<readonly number[]> = fc.array(fc.nat(3), { minLength: 1, maxLength: 7 });

export interface Scenario {
  readonly works: readonly Work[];
  readonly limit: number;
  readonly keepEnded: number;
  readonly crashes: readonly {
    readonly appends: number;
    readonly losesDocuments: boolean;
    readonly delays: readonly number[];
    readonly acts: readonly Act[];
  }[];
}

interface StoredRecord {
  readonly type: string;
  readonly config: { readonly prompt: string };
  readonly message: { readonly role: string; readonly content: string };
  readonly outcome: Pick<SubAgentOutcome, 'state'>;
}

const MAX_ROUNDS = 400;

export async function liveOn(scenario: Scenario, ledger: Ledger): Promise<World> {
  const store = new MortalStore();
  /** By id, what was told to have come to rest in pause, and not resumed. */
  const paused = new Set<string>();
  const ids = new Map<string, string>();
  const said = new Map<string, string>();
  let isFirst = true;
  for (const crash of [...scenario.crashes, undefined]) {
    const world: World = createWorld((request) => ledger.answer(request), {
      store,
      approvals: 'wait',
      maxConcurrentSubagents: scenario.limit,
      onLimit: 'queue',
      keepEnded: scenario.keepEnded,
      tools: tools(ledger, () => world),
    });
    ledger.lives.push(world);
    let drawn = 0;
    store.begin(
      crash && {
        clock: world.clock,
        appends: crash.appends,
        losesDocuments: crash.losesDocuments,
        writeMs: () => crash.delays[drawn++ % crash.delays.length] ?? 0,
      },
    );
    const handles = await world.orchestrator.restore();
    for (const handle of handles) {
      const known = ids.get(handle.id);
      if (known !== undefined && known !== handle.config.prompt) throw new Error(`${handle.id} was ${known} before`);
      if (paused.has(handle.id) && !handle.isPaused()) throw new Error(`${handle.id} is ${handle.state()}, was paused`);
    }
    await keep(world, ledger);
    // What a crash took before its first record was on disk is spawned anew, as a program would.
    const there = new Set(
      world.orchestrator.listSubagents().map(({ id }) => world.orchestrator.getHandle(id)?.config.prompt),
    );
    for (const { name, work } of ledger.roots) {
      if (there.has(name) || ledger.outcomes.has(name)) continue;
      if (!isFirst && [...ids.values()].includes(name)) throw new Error(`${name} was on disk, and is lost`);
      world.spawn({ agentType: work.kind === 'form' ? 'worker' : work.kind, prompt: name, ...formOf(work) });
    }
    isFirst = false;
    store.onRecord = (id, record) => {
      const { type, config, message, outcome } = record as unknown as Partial<StoredRecord>;
      if (type === 'spawned') ids.set(id, config?.prompt ?? '');
      if (type === 'said' && message?.role === 'assistant') said.set(id, message.content);
      // An output that was said last is not written twice.
      if (type === 'ended' && outcome)
        ledger.outcomes.set(ids.get(id) ?? '', { output: said.get(id) ?? '', ...outcome });
    };
    store.onDocument = (id, document) => {
      const { outcome } = document as unknown as Partial<StoredRecord>;
      if (outcome) ledger.outcomes.set(ids.get(id) ?? '', outcome);
    };
    await run(world, store, ledger, crash?.acts ?? [], paused);
    await keep(world, ledger);
    if (!store.isDead) return world;
  }
  throw new Error('the last life has an end');
}

async function run(world: World, store: MortalStore, ledger: Ledger, acts: readonly Act[], paused: Set<string>) {
  const { orchestrator, clock } = world;
  const living = () => orchestrator.listSubagents().filter(({ state }) => !isFinal(state));
  const answered = new Set<string>();
  for (let round = 0; round < MAX_ROUNDS; round++) {
    if (store.isDead || living().length === 0) return;
    const act = acts[round];
    const all = living();
    const handle = act && orchestrator.getHandle(all[act.who % all.length]?.id ?? '');
    if (act && handle) perform(act.op, handle, world, { store, ledger, paused });
    if (!act) for (const { id } of living()) if (orchestrator.getHandle(id)?.isPaused()) resume(id);
    for (const { id } of living()) answerRequests(id);
    await clock.advance(act?.ms ?? 50);
  }
  const stuck = living().map(({ id, state, currentActivity }) => [id, state, currentActivity]);
  throw new Error(`stuck: ${JSON.stringify(stuck)}`);

  function resume(id: string) {
    ledger.resumeCount += 1;
    paused.clear(); // a parent's resume reaches its children
    void orchestrator.resumeSubagent(id);
  }

  function answerRequests(id: string) {
    const activity = orchestrator.getHandle(id)?.activity();
    if (activity?.activityType !== 'waiting_for_control') return;
    for (const requestId of activity.requests ?? []) {
      const key = `${id}/${requestId}`;
      if (answered.has(key)) continue;
      answered.add(key);
      if (requestId.length % 2 === 0) orchestrator.getHandle(id)?.approve(requestId);
      else orchestrator.getHandle(id)?.deny(requestId, 'not today');
    }
  }
}

interface Watched {
  readonly store: MortalStore;
  readonly ledger: Ledger;
  readonly paused: Set<string>;
}

function perform(op: Act['op'], handle: SubAgentHandle, world: World, { store, ledger, paused }: Watched) {
  switch (op) {
    case 'pause': {
      const resumeCount = ledger.resumeCount;
      void handle.pause().then(({ accepted, state }) => {
        // One that was resumed while its pause was written may be paused again by its parent.
        const isResumed = ledger.resumeCount !== resumeCount;
        if (!accepted || state !== 'paused' || isResumed || store.isDead) return;
        for (const id of [handle.id, ...heldBelow(handle.id, world)]) paused.add(id);
      });
      break;
    }
    case 'resume':
      ledger.resumeCount += 1;
      paused.clear();
      void handle.resume();
      break;
    case 'steer':
      if (handle.isRunning()) handle.steer(ledger.nextSteer());
      break;
    case 'wait':
  }
}

/** Those below it that rest with it: by its pause, which is on record, or by one of their own, which is too. */
function heldBelow(id: string, world: World): string[] {
  const children = world.orchestrator.listSubagents().filter((info) => info.parentId === id && info.state === 'paused');
  return children.flatMap((child) => [child.id, ...heldBelow(child.id, world)]);
}

/** What a document alone tells of those that have ended. */
async function keep({ orchestrator }: World, ledger: Ledger) {
  for (const { id } of orchestrator.listSubagents()) {
    const handle = orchestrator.getHandle(id);
    if (handle?.isDone()) ledger.outcomes.set(handle.config.prompt, await handle.outcome());
  }
}

export function tools(ledger: Ledger, world: () => Pick<World, 'clock'>): Tool[] {
  const labelled = z.object({ label: z.string() });
  return [
    defineTool({
      name: 'noting',
      description: 'Has an effect that must not happen twice.',
      input: labelled,
      run: async ({ label }) => {
        ledger.effect(label);
        await delay(world().clock, 1);
        return `noted ${label}`;
      },
    }),
    defineTool({
      name: 'peeking',
      description: 'Has none.',
      input: labelled,
      readOnly: true,
      run: async ({ label }) => {
        ledger.effect(label);
        await delay(world().clock, 1);
        return `peeked ${label}`;
      },
    }),
  ];
}
