/** The door of the store room. */

export { FileSessionStore } from './file-session-store.js';
export { MemorySessionStore } from './memory-session-store.js';
export { type PersistFault, RecordLog, type RecordLogOptions } from './record-log.js';
export {
  type Journal,
  type JournalContents,
  type JournalPosition,
  type Lease,
  type OpenedJournal,
  passesThrough,
  type SessionStore,
  type StorePath,
} from './session-store.js';
export { STORE_FILE } from './store-format.js';
