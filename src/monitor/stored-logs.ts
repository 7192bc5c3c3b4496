/** What a store holds of one session: the only file that knows where. It takes no lease and writes nothing. */

import { messageOf, TroupeError } from '../domain/errors.js';
import { inGroups } from '../domain/in-groups.js';
import type { SessionStore, StorePath } from '../store/index.js';
import { type LogRecord, parseLog, saidInFull } from '../subagent/index.js';

const SESSIONS = 'sessions';
const SUBAGENTS = 'subagents';
const WORKFLOWS = 'workflows';

export interface StoredLog {
  /** Of the page; where two workflows have the same id, the workflow stands before it. */
  readonly id: string;
  readonly workflowId?: string;
  readonly records: readonly LogRecord[];
}

export interface StoredLogs {
  readonly sessionId: string;
  readonly logs: readonly StoredLog[];
  /** What could not be read; the rest is there. */
  readonly problems: readonly string[];
}

/**
 * @param sessionId Without it the only one there is.
 * @throws TroupeError `config_invalid` where there is none, or several and none is named; `store_io`, `store_version`.
 */
export async function readStoredLogs(store: SessionStore, sessionId?: string): Promise<StoredLogs> {
  const chosen = await sessionIn(store, sessionId);
  const session = [SESSIONS, chosen];
  const workflows = await store.list([...session, WORKFLOWS]);
  const homes: { readonly path: StorePath; readonly workflowId?: string }[] = [
    { path: session },
    ...workflows.map((workflowId) => ({ path: [...session, WORKFLOWS, workflowId], workflowId })),
  ];
  const logs = new Map<string, StoredLog>();
  const problems: string[] = [];
  for (const { path, workflowId } of homes) {
    const ids = await store.list([...path, SUBAGENTS]);
    const read = await inGroups(ids, (id) => readOne(store, [...path, SUBAGENTS, id]).catch(asProblem));
    for (const [index, records] of read.entries()) {
      const ownId = ids[index] ?? '';
      if (typeof records === 'string') problems.push(records);
      else if (records.length > 0) {
        const id = logs.has(ownId) ? `${workflowId}/${ownId}` : ownId;
        logs.set(id, { id, ...(workflowId === undefined ? {} : { workflowId }), records });
      }
    }
  }
  return { sessionId: chosen, logs: [...logs.values()], problems };
}

async function sessionIn(store: SessionStore, wanted: string | undefined): Promise<string> {
  const sessions = await store.list([SESSIONS]);
  if (wanted !== undefined && sessions.includes(wanted)) return wanted;
  const [only] = sessions;
  if (wanted === undefined && sessions.length === 1 && only !== undefined) return only;
  const there = sessions.length === 0 ? 'it has none' : `it has ${sessions.map((id) => JSON.stringify(id)).join(', ')}`;
  const asked =
    wanted === undefined ? 'give the sessionId to look at' : `there is no session ${JSON.stringify(wanted)}`;
  throw new TroupeError(
    'config_invalid',
    `${store.name}: ${sessions.length === 0 ? 'no session is stored here' : asked}; ${there}`,
  );
}

async function readOne(store: SessionStore, path: StorePath): Promise<LogRecord[]> {
  const contents = await store.readJournal(path);
  if (!contents || contents.records.length === 0) return []; // a crash came before its first record
  return saidInFull(parseLog(contents.records, `${store.name}: ${path.join('/')}`));
}

/** One that is damaged does not hide the others. */
function asProblem(error: unknown): string {
  if (error instanceof TroupeError && error.code === 'store_corrupt') return messageOf(error);
  throw error;
}
