/** Keeps the stored documents up to date: what there is to see of each subagent. */

import type { Entry } from './entry.js';
import { documentOf } from './stored-form.js';

export class Documents {
  readonly #due = new Set<Entry>();
  #isStopped = false;

  /** Once for all that changes in one go. */
  saveSoon(entry: Entry): void {
    const { home } = entry;
    if (!home?.hasDocuments || this.#due.has(entry)) return;
    this.#due.add(entry);
    setImmediate(() => {
      this.#due.delete(entry);
      if (entry.live && !this.#isStopped) home.saveDocument(entry.id, documentOf(entry));
    });
  }

  /** It has ended: its last document, and the end of its log. */
  close(entry: Entry): void {
    const { home, id } = entry;
    if (!home) return;
    if (home.hasDocuments && !this.#isStopped) home.saveDocument(id, documentOf(entry));
    void home.closeLog(id);
  }

  /** What changes from now on is no more to be seen: all are let go, to be taken up elsewhere. */
  stop(): void {
    this.#isStopped = true;
  }
}
