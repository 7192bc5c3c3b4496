/** A workflow while this process has it: who of it is taken up, and how it is left. */

import type { Entry } from '../entry.js';
import type { SubAgentHandle } from '../handle.js';
import type { RevivedWorkflow } from './revival.js';

export interface OpenWorkflow extends Omit<RevivedWorkflow, 'takeUp'> {
  /** Goes on with one of `tops` and all below it, or with all; to be called once for each. @throws TroupeError `workflow_busy`, `closed`. */
  readonly takeUp: (topId?: string) => SubAgentHandle[];
  /** Lets go of the store once nothing of it lives. */
  readonly close: () => Promise<void>;
  /** The same, but resolves at once where some go on without their step: they are detached. */
  readonly leave: () => Promise<void>;
}

export interface WorkflowHost {
  readonly checkOpen: () => void;
  readonly living: () => readonly Entry[];
  readonly handleOf: (entry: Entry) => SubAgentHandle;
}

export function openWorkflow(revived: RevivedWorkflow, { checkOpen, living, handleOf }: WorkflowHost): OpenWorkflow {
  const itsLiving = () => living().filter(({ home }) => home === revived.home);
  const close = async () => {
    for (let left = itsLiving(); left.length > 0; left = itsLiving()) {
      await Promise.all(left.map(({ ended }) => ended));
    }
    await revived.close();
  };
  return {
    ...revived,
    takeUp: (topId) => {
      checkOpen();
      return revived.takeUp(topId).map(handleOf);
    },
    close,
    leave: async () => {
      const isWaiting = itsLiving().length > 0;
      const closed = close();
      if (!isWaiting) return closed;
      closed.catch(() => {}); // what of them could not be written was told
    },
  };
}
