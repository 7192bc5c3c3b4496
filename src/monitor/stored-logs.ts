/** What a store holds of one session: the only file that knows where. It takes no lease and writes nothing. */

import { messageOf, TroupeError } from '../domain/errors.js';
import { inGroups } from '../domain/in-groups.js';
import { sortLines } from '../orchestrator/index.js';
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
  const logs = new Map<string, StoredLog>();
  const problems: string[] = [];
  const take = (read: readonly ReadLog[] | string, workflowId?: string) => {
    if (typeof read === 'string') problems.push(read);
    else {
      for (const { id: ownId, records } of read) {
        const id = logs.has(ownId) ? `${workflowId}/${ownId}` : ownId;
        logs.set(id, { id, ...(workflowId === undefined ? {} : { workflowId }), records });
      }
    }
  };
  const ids = await store.list([...session, SUBAGENTS]);
  const own = await inGroups(ids, (id) => readSubagent(store, [...session, SUBAGENTS, id]).catch(asProblem));
  for (const read of own) take(read);
  for (const workflowId of workflows) {
    take(await readWorkflow(store, [...session, WORKFLOWS, workflowId]).catch(asProblem), workflowId);
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

interface ReadLog {
  readonly id: string;
  readonly records: readonly LogRecord[];
}

/** None where a crash came before its first record. */
async function readSubagent(store: SessionStore, path: StorePath): Promise<ReadLog[]> {
  const contents = await store.readJournal(path);
  return readLogs(
    new Map([[path.at(-1) ?? '', contents?.records ?? []]]),
    `${store.name}: ${path.slice(0, -1).join('/')}`,
  );
}

/** All subagents of a workflow are in one journal. */
async function readWorkflow(store: SessionStore, path: StorePath): Promise<ReadLog[]> {
  const contents = await store.readJournal(path);
  return readLogs(sortLines(contents?.records ?? []).stored, `${store.name}: ${path.join('/')}`);
}

function readLogs(byId: ReadonlyMap<string, readonly unknown[]>, where: string): ReadLog[] {
  return [...byId].flatMap(([id, records]) =>
    records.length === 0 ? [] : [{ id, records: saidInFull(parseLog(records, `${where}/${id}`)) }],
  );
}

/** One that is damaged does not hide the others. */
function asProblem(error: unknown): string {
  if (error instanceof TroupeError && error.code === 'store_corrupt') return messageOf(error);
  throw error;
}
