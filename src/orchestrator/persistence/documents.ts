/** Keeps the stored documents up to date: what there is to see of each subagent. */

import type { Entry } from '../entry.js';
import { documentOf } from './stored-form.js';

export class Documents {
  readonly #lastSeqOf: (id: string) => number;
  readonly #due = new Set<Entry>();
  #isStopped = false;

  constructor(lastSeqOf: (id: string) => number) {
    this.#lastSeqOf = lastSeqOf;
  }

  /** Once for all that changes in one go. */
  saveSoon(entry: Entry): void {
    const { home } = entry;
    if (!home?.hasDocuments || this.#due.has(entry)) return;
    this.#due.add(entry);
    setImmediate(() => {
      this.#due.delete(entry);
      if (entry.live && !this.#isStopped) this.#save(entry);
    });
  }

  /** It has ended: the end of its log, and its last document, which tells of no end that is not on record. */
  close(entry: Entry): void {
    const { home, id } = entry;
    const isStopped = this.#isStopped;
    const lastSeq = this.#lastSeqOf(id);
    void home?.closeLog(id).then((isWritten) => {
      if (home.hasDocuments && isWritten && !isStopped) home.saveDocument(id, documentOf(entry, lastSeq));
    });
  }

  /** These are let go at rest, to be taken up elsewhere: what changes from now on is no more to be seen. */
  suspend(entries: readonly Entry[]): void {
    this.#isStopped = true;
    for (const entry of entries) this.#save(entry, true);
  }

  #save(entry: Entry, isSuspended?: boolean): void {
    const { home, id } = entry;
    if (home?.hasDocuments) home.saveDocument(id, documentOf(entry, this.#lastSeqOf(id), isSuspended));
  }
}
