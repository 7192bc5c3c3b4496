/** The door of the subagent room. */

export { LiveSubagent, type SignalAnswer, type SubagentActor, type SubagentLogic } from './live-subagent.js';
export type { SubagentEnvironment, SubagentPlan } from './plan.js';
export { provideSubagent } from './provide.js';
export { askAside } from './ask-aside.js';
export { wire } from './wire.js';
