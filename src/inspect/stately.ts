/** The one place that `@statelyai/inspect` is loaded: it turns what XState tells its inspectors into messages of the Stately inspector. */

import type { StatelyInspectionEvent } from '@statelyai/inspect';
import type { InspectionEvent, Observer } from 'xstate';
import { messageOf, TroupeError } from '../domain/errors.js';
import { MAX_DEPTH } from './harmless.js';

export type { StatelyInspectionEvent };

/**
 * @param send Gets each message a moment later, in order.
 * @throws TroupeError `config_invalid` where the package is not installed.
 */
export async function statelyObserver(
  send: (message: StatelyInspectionEvent) => void,
): Promise<Observer<InspectionEvent>> {
  const { createInspector } = await import('@statelyai/inspect').catch((cause) => {
    throw new TroupeError(
      'config_invalid',
      `startInspector needs @statelyai/inspect, which cannot be loaded (${messageOf(cause)}): npm install @statelyai/inspect ws`,
      { cause },
    );
  });
  // By default it cuts below ten levels, where the charts still have names of actions.
  return createInspector({ send }, { serializationDepthLimit: MAX_DEPTH }).inspect;
}
