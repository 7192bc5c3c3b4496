/** The door of the agent room. */

export { Agent } from './agent.js';
export { BUILTIN_DEFINITIONS } from './builtin-definitions.js';
