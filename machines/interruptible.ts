/** A promise actor that never repeats its work by itself. */

import { fromPromise, type PromiseActorLogic } from 'xstate';

/** Answer of an actor that was restored: what it had begun was cut off, and the chart decides anew. */
export interface Interrupted {
  readonly kind: 'interrupted';
}

export type Work<Output, Input> = (scope: { readonly input: Input; readonly signal: AbortSignal }) => Promise<Output>;

/**
 * XState v5 restores a promise actor by running it again, blindly. Here, what is persisted of one in flight is its input
 * marked `restored`; the restored actor does no work and answers `interrupted`, or what `onRestored` says.
 */
export function interruptible<Output, Input extends object>(
  work: Work<Output, Input>,
  onRestored: (input: Input) => Output | Interrupted = () => ({ kind: 'interrupted' }),
): PromiseActorLogic<Output | Interrupted, Input> {
  const base = fromPromise<Output | Interrupted, Input>(({ input, signal }) =>
    'restored' in input ? Promise.resolve(onRestored(input)) : work({ input, signal }),
  );
  return {
    ...base,
    getPersistedSnapshot: (snapshot) =>
      snapshot.status === 'active' && snapshot.input
        ? { ...snapshot, input: { ...snapshot.input, restored: true } }
        : snapshot,
  };
}
