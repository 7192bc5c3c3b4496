/** The door of the subagent room. */

export { askAside } from './ask-aside.js';
export { LiveSubagent, type SignalAnswer, type SubagentActor, type SubagentLogic } from './live-subagent.js';
export type { PermissionBounds, SubagentEnvironment, SubagentPlan } from './plan.js';
export { provideSubagent } from './provide.js';
export { wire } from './wire.js';
