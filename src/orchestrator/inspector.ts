/** How a caller's XState inspector is let in: what it throws stays out of the actors that it looks at. */

import type { InspectionEvent } from 'xstate';
import { messageOf, TroupeError } from '../domain/errors.js';

type Inspector = (event: InspectionEvent) => void;

/**
 * @param inspect A function or an observer, as XState takes it.
 * @throws TroupeError `config_invalid` for anything else.
 */
export function guardInspector(inspect: unknown, onError: (error: TroupeError) => void): Inspector {
  const look = inspectorOf(inspect);
  return (event) => {
    try {
      look(event);
    } catch (cause) {
      onError(new TroupeError('bug', `inspect threw: ${messageOf(cause)}`, { cause }));
    }
  };
}

function inspectorOf(inspect: unknown): Inspector {
  if (typeof inspect === 'function') return (event) => inspect(event);
  if (typeof inspect === 'object' && inspect !== null && 'next' in inspect) {
    const { next } = inspect;
    if (typeof next === 'function') return (event) => next.call(inspect, event);
  }
  throw new TroupeError('config_invalid', 'inspect: expected a function or an observer with next, as XState takes it');
}
