/** What Ctrl-C does: first all comes to rest and is saved, then all is cancelled, then the process ends. */

import type { CloseOptions } from '../config/index.js';
import { EXIT } from './exit-code.js';
import type { Terminal } from './terminal.js';

interface Closable {
  close(options: CloseOptions): Promise<void>;
}

export interface Interrupts {
  /** Somebody has interrupted the work. */
  readonly isInterrupted: boolean;
  /** Without a second time: what had not ended is saved. */
  readonly isSaved: boolean;
  /** From now on they have their usual effect. */
  stop(): void;
}

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** @param isKept There is a store to save to; without one, the first interrupt cancels. */
export function listenForInterrupts(work: Closable, isKept: boolean, { say }: Terminal): Interrupts {
  let count = isKept ? 0 : 1;
  let [isInterrupted, isSaved] = [false, false];
  const close = (mode: 'suspend' | 'cancel') =>
    work.close({ mode }).catch((error) => say(`troupe: ${error instanceof Error ? error.message : String(error)}`));
  const onSignal = () => {
    isInterrupted = true;
    count += 1;
    isSaved = count === 1;
    if (count === 1) {
      say('pausing: requests and tools in flight come to their end, then all is saved; Ctrl-C again cancels');
      void close('suspend');
    } else if (count === 2) {
      say('cancelling');
      void close('cancel');
    } else {
      process.exit(EXIT.interrupted);
    }
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  return {
    get isInterrupted() {
      return isInterrupted;
    },
    get isSaved() {
      return isSaved;
    },
    stop: () => {
      for (const signal of SIGNALS) process.off(signal, onSignal);
    },
  };
}
