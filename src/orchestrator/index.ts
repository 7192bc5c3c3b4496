/** The door of the orchestrator room. */

export type { Aside, AsideEnd } from '../subagent/index.js';
export { OrchestratorCore, type SpawnedSubagent } from './core.js';
export type { SubAgentHandle } from './handle.js';
export type {
  OpenRequest,
  SubAgentLogic,
  SubAgentLogicContext,
  SubAgentLogicEvent,
  SubAgentLogicSnapshot,
} from './logic-types.js';
export type { OpenWorkflow } from './open-workflow.js';
export { Orchestrator, type RuntimeHolder } from './orchestrator.js';
export { type SubAgentLogicOf, subagentLogic } from './subagent-logic.js';
export type { OrchestratorActor } from './supervisor.js';
export { sortLines } from './workflow-line.js';
