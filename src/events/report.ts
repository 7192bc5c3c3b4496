/** Where an error goes that nobody can be handed. */

import { throwError } from 'rxjs';

/** Reported asynchronously, the way RxJS reports what a subscriber throws: `config.onUnhandledError`, else an uncaught exception. */
export function reportUnhandled(cause: unknown): void {
  throwError(() => cause).subscribe();
}
