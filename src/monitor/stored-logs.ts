/** What a store holds of one session: the only file that knows where. It takes no lease and writes nothing. */

import { messageOf, TroupeError, type TroupeErrorCode } from '../domain/errors.js';
import { inGroups } from '../domain/in-groups.js';
import { sortLines } from '../orchestrator/index.js';
import type { SessionStore, StorePath } from '../store/index.js';
import { type LogRecord, parseLog, saidInFull } from '../subagent/index.js';

const SESSIONS = 'sessions';
const SUBAGENTS = 'subagents';
const WORKFLOWS = 'workflows';

/** What is wrong with one journal, and need not be with others. */
const UNREADABLE: ReadonlySet<TroupeErrorCode> = new Set(['store_corrupt', 'store_io', 'store_version']);

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

/** Logs by the place of their journal, with what says that it is the same: what has not changed since is the same object again. */
export type KeptLogs = Map<string, { readonly version: string; readonly logs: readonly StoredLog[] }>;

/**
 * @param sessionId Without it the only one there is.
 * @param kept What was read before; it is brought up to date.
 * @throws TroupeError `config_invalid` where there is none, or several and none is named; `store_io` and `store_version` of the store.
 */
export async function readStoredLogs(
  store: SessionStore,
  sessionId?: string,
  kept: KeptLogs = new Map(),
): Promise<StoredLogs> {
  const chosen = await sessionIn(store, sessionId);
  const session = [SESSIONS, chosen];
  const workflows = await store.list([...session, WORKFLOWS]);
  const logs = new Map<string, StoredLog>();
  const problems: string[] = [];
  const take = (read: readonly StoredLog[] | string) => {
    if (typeof read === 'string') problems.push(read);
    else for (const log of read) logs.set(log.id, log);
  };
  const ids = await store.list([...session, SUBAGENTS]);
  const own = await inGroups(ids, (id) => readJournal(store, [...session, SUBAGENTS, id], kept));
  for (const read of own) take(read);
  for (const workflowId of workflows) {
    const taken = new Set(logs.keys());
    take(await readJournal(store, [...session, WORKFLOWS, workflowId], kept, { workflowId, taken }));
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

interface OfWorkflow {
  readonly workflowId: string;
  /** Ids that others have. */
  readonly taken: ReadonlySet<string>;
}

/** Of a subagent or of a workflow. @returns what is wrong with it, where it cannot be read: that does not hide the others. */
async function readJournal(
  store: SessionStore,
  path: StorePath,
  kept: KeptLogs,
  workflow?: OfWorkflow,
): Promise<readonly StoredLog[] | string> {
  try {
    const contents = await store.readJournal(path);
    const records = contents?.records ?? []; // none where a crash came before its first one
    if (contents && contents.tornBytes > 0 && records.length === 0) {
      return `${path.join('/')} of ${store.name} holds ${contents.tornBytes} bytes, and no whole record among them`;
    }
    const byId = workflow ? sortLines(records).stored : new Map([[path.at(-1) ?? '', records]]);
    const ids = [...byId.keys()].map((id) => (workflow?.taken.has(id) ? `${workflow.workflowId}/${id}` : id));
    const key = JSON.stringify(path);
    const version = JSON.stringify([contents?.position, ids]);
    const known = kept.get(key);
    if (known?.version === version) return known.logs;
    const where = `${store.name}: ${(workflow ? path : path.slice(0, -1)).join('/')}`;
    const logs = [...byId].flatMap(([ownId, own], index) => {
      if (own.length === 0) return [];
      const id = ids[index] ?? ownId;
      const read = saidInFull(parseLog(own, `${where}/${ownId}`));
      return [{ id, ...(workflow ? { workflowId: workflow.workflowId } : {}), records: read }];
    });
    kept.set(key, { version, logs });
    return logs;
  } catch (error) {
    if (error instanceof TroupeError && UNREADABLE.has(error.code)) return messageOf(error);
    throw error;
  }
}
