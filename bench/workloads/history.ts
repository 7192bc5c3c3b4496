/** What keeping one more turn costs as the history grows: bytes to the store, and CPU. `history.ts stored|unstored` */

import { setImmediate } from 'node:timers/promises';
import { Agent, defineTool, type JsonValue, MemorySessionStore, Orchestrator } from 'troupe';
import { scripted } from 'troupe/testing';
import { z } from 'zod';
import { report } from '../measure.js';

const kind = process.argv[2] ?? 'stored';
/** A turn adds two messages to the history: the answer with its call, and the result. */
const MESSAGES_A_TURN = 2;
const TURNS = 500;
/** Turns over which CPU is measured. */
const WINDOW = 40;
/** Histories of about 10 and of 1,000 messages; the window lies behind the one and before the other. */
const EARLY = [10 / MESSAGES_A_TURN, 10 / MESSAGES_A_TURN + WINDOW] as const;
const LATE = [TURNS - WINDOW, TURNS] as const;
const RUNS = 6;

/** Counts what is written, in a store that costs little itself. */
class CountingStore extends MemorySessionStore {
  recordBytes = 0;
  /** Of the document that was written last. */
  documentBytes = 0;

  override async openJournal(...args: Parameters<MemorySessionStore['openJournal']>) {
    const opened = await super.openJournal(...args);
    const { journal } = opened;
    const append = (record: JsonValue) => {
      this.recordBytes += JSON.stringify(record).length;
      return journal.append(record);
    };
    return {
      ...opened,
      journal: {
        append,
        close: () => journal.close(),
        get position() {
          return journal.position;
        },
      },
    };
  }

  override writeDocument(...args: Parameters<MemorySessionStore['writeDocument']>) {
    this.documentBytes = JSON.stringify(args[1]).length;
    return super.writeDocument(...args);
  }
}

const look = defineTool({
  name: 'look',
  description: 'Finds something.',
  input: z.object({ at: z.string() }),
  readOnly: true,
  run: async () => {
    await setImmediate(); // documents are written between tasks
    return 'something';
  },
});
const call = { name: 'look', args: { at: 'the same place' } };

interface Mark {
  readonly cpuUs: number;
  readonly recordBytes: number;
  readonly documentBytes: number;
}

/** @returns what had been spent when each turn began. */
async function run(): Promise<Mark[]> {
  const model = scripted(() => ({ toolCalls: [call] }));
  const agent = await Agent.create(undefined, { defaultModel: model, tools: [look] });
  const store = new CountingStore();
  const orchestrator = Orchestrator.create(agent, kind === 'stored' ? { store } : {});
  const marks: Mark[] = [];
  orchestrator.events$.subscribe((event) => {
    if (event.type !== 'turn_start') return;
    const { user, system } = process.cpuUsage();
    const { recordBytes, documentBytes } = store;
    marks[event.turn] = { cpuUs: user + system, recordBytes, documentBytes };
  });
  await orchestrator.spawnSubagent({ agentType: 'general', prompt: 'Look.', maxSteps: TURNS }).outcome();
  await orchestrator.close();
  return marks;
}

function costAt(marks: readonly Mark[], [from, to]: readonly [number, number]) {
  const [before, after] = [marks[from], marks[to]];
  if (!before || !after) throw new Error(`turn ${to} was not reached`);
  return {
    cpuUs: (after.cpuUs - before.cpuUs) / (to - from),
    recordBytes: (after.recordBytes - before.recordBytes) / (to - from),
    documentBytes: after.documentBytes,
  };
}

await run(); // until the code is compiled
const early: ReturnType<typeof costAt>[] = [];
const late: ReturnType<typeof costAt>[] = [];
for (let i = 0; i < RUNS; i++) {
  const marks = await run();
  early.push(costAt(marks, EARLY));
  late.push(costAt(marks, LATE));
}
const mean = (costs: typeof early, key: keyof (typeof early)[number]) =>
  costs.reduce((sum, cost) => sum + cost[key], 0) / costs.length;
report({
  earlyCpuUs: mean(early, 'cpuUs'),
  lateCpuUs: mean(late, 'cpuUs'),
  earlyRecordBytes: mean(early, 'recordBytes'),
  lateRecordBytes: mean(late, 'recordBytes'),
  earlyDocumentBytes: mean(early, 'documentBytes'),
  lateDocumentBytes: mean(late, 'documentBytes'),
});
