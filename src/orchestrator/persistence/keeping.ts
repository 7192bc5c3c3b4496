/** An orchestrator's part of a store: its session's home, taken with the first spawn or the restore, and those of workflows. */

import type { Spending } from '../../domain/budget.js';
import { TroupeError } from '../../domain/errors.js';
import { inGroups } from '../../domain/in-groups.js';
import type { SessionStore, StorePath } from '../../store/index.js';
import { type Home, type HomeOptions, SessionHome, SUBAGENTS } from './home.js';
import { RESERVED_IDS } from './id-reserve.js';
import { WorkflowHome } from './workflow-home.js';
import { type PriceOf, workflowSpending } from './workflow-spending.js';

export interface KeepingOptions extends Omit<HomeOptions, 'path'> {
  readonly store: SessionStore;
  readonly sessionId: string;
  /** Ids of new subagents go on behind these. */
  readonly goOnAfter: (ids: Iterable<string>) => void;
}

export class Keeping {
  readonly #options: KeepingOptions;
  /** Of the session itself. */
  #home: SessionHome | undefined;
  #opening: Promise<SessionHome> | undefined;
  readonly #workflows = new Set<WorkflowHome>();
  #knowsIds = false;

  constructor(options: KeepingOptions) {
    this.#options = options;
  }

  /**
   * For a spawn, which does not wait. @throws TroupeError `workflow_busy`, `store_io`; `wrong_state` while a restore is under way, and
   * for a store that answers later only.
   */
  homeNow(): Home {
    if (this.#home) return this.#home;
    if (this.#opening) throw new TroupeError('wrong_state', 'restore() is under way; await it before you spawn');
    const home = this.#openOwn();
    if (home instanceof Promise) {
      void home.then(
        (late) => late.close(),
        () => {},
      );
      throw this.#answersLater();
    }
    try {
      this.#learnIdsNow(home);
    } catch (error) {
      void home.close();
      throw error;
    }
    this.#home = home;
    return home;
  }

  /**
   * Takes the session's lease for a restore, which `read` makes. @throws TroupeError `workflow_busy`, `wrong_state` after the first
   * spawn or restore; and what `read` rejects with, when the lease is free again.
   */
  async take<Result>(read: (home: Home) => Promise<Result>): Promise<Result> {
    if (this.#home || this.#opening) {
      throw new TroupeError('wrong_state', 'restore() comes once, and before the first spawn of a session');
    }
    this.#opening = Promise.resolve(this.#openOwn());
    try {
      const home = await this.#opening;
      try {
        await this.#learnIds(home);
        const result = await read(home);
        this.#home = home;
        return result;
      } catch (error) {
        await home.close();
        throw error;
      }
    } finally {
      this.#opening = undefined;
    }
  }

  /** The home of a workflow of this session, under a lease of its own. @throws TroupeError `workflow_busy`, `store_io`. */
  async workflow(workflowId: string): Promise<WorkflowHome> {
    const home = await WorkflowHome.open({ ...this.#options, path: [...this.#sessionPath, WORKFLOWS, workflowId] });
    try {
      await this.#learnIds(home, workflowId);
    } catch (error) {
      await home.close();
      throw error;
    }
    this.#workflows.add(home);
    return home;
  }

  /** Of each workflow whose journal can be read, by name; by whoever has it. @throws TroupeError `store_io`. */
  async spendingOfWorkflows(priceOf: PriceOf): Promise<Map<string, Spending>> {
    const { store } = this.#options;
    const found = new Map<string, Spending>();
    await inGroups(await store.list([...this.#sessionPath, WORKFLOWS]), async (workflowId) => {
      const path = [...this.#sessionPath, WORKFLOWS, workflowId];
      try {
        const contents = await store.readJournal(path);
        if (contents) found.set(workflowId, workflowSpending(contents.records, path.join('/'), priceOf));
      } catch (error) {
        const isItsOwn =
          error instanceof TroupeError && (error.code === 'store_corrupt' || error.code === 'store_version');
        if (!isItsOwn) throw error; // else it cannot go on either: who calls it is told
      }
    });
    return found;
  }

  /** Removes all that is stored of it. @throws TroupeError `workflow_busy`, `store_io`. */
  async forgetWorkflow(workflowId: string): Promise<void> {
    const { store } = this.#options;
    const path = [...this.#sessionPath, WORKFLOWS, workflowId];
    const lease = await store.acquire(path);
    try {
      await store.remove(path, lease);
    } finally {
      await lease.release();
    }
  }

  async closeWorkflow(home: WorkflowHome): Promise<void> {
    this.#workflows.delete(home);
    await home.close();
  }

  async close(): Promise<void> {
    await this.#opening?.catch(() => {});
    await Promise.all([...this.#workflows, ...(this.#home ? [this.#home] : [])].map((home) => home.close()));
  }

  #openOwn(): SessionHome | Promise<SessionHome> {
    return SessionHome.open({ ...this.#options, path: this.#sessionPath });
  }

  get #sessionPath(): StorePath {
    return ['sessions', this.#options.sessionId];
  }

  /** @param own The workflow whose home it is: its journal says which ids it has used, and not only how many it had reserved. */
  async #learnIds(home: Home, own?: string): Promise<void> {
    const { store, goOnAfter } = this.#options;
    goOnAfter(await home.ids()); // another process may have had it meanwhile
    if (this.#knowsIds) return;
    goOnAfter(await store.list([...this.#sessionPath, SUBAGENTS]));
    const workflows = await store.list([...this.#sessionPath, WORKFLOWS]);
    const others = workflows.filter((id) => id !== own);
    const ids = await inGroups(others, async (id) => store.list([...this.#sessionPath, WORKFLOWS, id, RESERVED_IDS]));
    goOnAfter(ids.flat());
    this.#knowsIds = true;
  }

  #learnIdsNow(home: Home): void {
    const { store, goOnAfter } = this.#options;
    const now = (ids: string[] | Promise<string[]>): string[] => {
      if (Array.isArray(ids)) return ids;
      ids.catch(() => {});
      throw this.#answersLater();
    };
    goOnAfter(now(home.ids())); // another process may have had it meanwhile
    if (this.#knowsIds) return;
    for (const id of now(store.list([...this.#sessionPath, WORKFLOWS]))) {
      goOnAfter(now(store.list([...this.#sessionPath, WORKFLOWS, id, RESERVED_IDS])));
    }
    this.#knowsIds = true;
  }

  #answersLater(): TroupeError {
    return new TroupeError(
      'wrong_state',
      `${this.#options.store.name} answers later only; await restore() before the first spawn`,
    );
  }
}

const WORKFLOWS = 'workflows';
