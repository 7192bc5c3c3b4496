/** Opens the page on what a store holds of a run, whether it has ended, crashed, or goes on elsewhere. */

import { z } from 'zod';
import { TroupeError } from '../domain/errors.js';
import { FileSessionStore, type SessionStore } from '../store/index.js';
import { type Monitor, MonitorOptions, openMonitor, parseMonitorOptions } from './start-monitor.js';
import { type KeptLogs, readStoredLogs } from './stored-logs.js';
import { StoredSource } from './stored-source.js';

const StoreMonitorOptions = MonitorOptions.extend({
  /** Which session; without it the only one there is. */
  sessionId: z.string().min(1).optional(),
});
export type StoreMonitorOptions = z.input<typeof StoreMonitorOptions>;

/**
 * Serves a page that shows a stored run step by step, forward and back. Takes no lease and changes nothing, also while another process
 * works there; a reload of the page shows what has come since. It keeps the process alive until it is closed.
 * @param store A store, or the folder of a `FileSessionStore`.
 * @throws TroupeError `config_invalid`, also where no such session is stored or the port is taken; `store_io` and `store_version` of the store, not of one journal in it.
 */
export async function monitorStore(store: string | SessionStore, options: StoreMonitorOptions = {}): Promise<Monitor> {
  const { port, name, sessionId } = parseMonitorOptions(options, StoreMonitorOptions);
  const opened = typeof store === 'string' ? new FileSessionStore(store) : store;
  if (typeof opened?.readJournal !== 'function') {
    throw new TroupeError('config_invalid', 'monitorStore: expected a SessionStore or the folder of one');
  }
  const kept: KeptLogs = new Map();
  const first = await readStoredLogs(opened, sessionId, kept);
  const readAgain = () => readStoredLogs(opened, first.sessionId, kept);
  const source = await StoredSource.open(name ?? first.sessionId, readAgain, first);
  return openMonitor(source, { port, holdsProcess: true });
}
