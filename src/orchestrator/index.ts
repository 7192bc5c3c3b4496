/** The door of the orchestrator room. */

export type { SubAgentHandle } from './handle.js';
export { type OpenWorkflow, Orchestrator, type RuntimeHolder, type SessionScope } from './orchestrator.js';
export type { OrchestratorActor } from './supervisor.js';
