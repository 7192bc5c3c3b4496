/** The door of the store room. */

export { FileSessionStore } from './file-session-store.js';
export { Gate } from './gate.js';
export { MemorySessionStore } from './memory-session-store.js';
export { RecordLog } from './record-log.js';
export type { PersistFault, RecordWriter, WriterOptions } from './record-writer.js';
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
export { parseRecords } from './stored-record.js';
