/** The door of the orchestrator room. */

export { type OpenWorkflow, OrchestratorCore } from './core.js';
export type { SubAgentHandle } from './handle.js';
export { Orchestrator, type RuntimeHolder } from './orchestrator.js';
export type { OrchestratorActor } from './supervisor.js';
