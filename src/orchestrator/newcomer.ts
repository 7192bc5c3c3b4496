/** What a supervisor must know of a subagent that it is to create. */

import type { RestoredSubagent, SubagentPlan } from '../subagent/index.js';
import type { CallOrigin } from './call-origin.js';
import type { Entry } from './entry.js';
import type { Home } from './persistence/home.js';

/** One that is spawned, or that comes back. */
export interface Newcomer {
  readonly plan: SubagentPlan;
  readonly parent: Entry | undefined;
  /** Where it is kept. */
  readonly home?: Home | undefined;
  readonly origin?: CallOrigin | undefined;
  readonly restored?: { readonly from: RestoredSubagent; readonly order: number };
}
