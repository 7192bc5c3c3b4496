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
} from './logic/logic-types.js';
export { type SubAgentLogicOf, subagentLogic } from './logic/subagent-logic.js';
export { Orchestrator, type RuntimeHolder } from './orchestrator.js';
export type { OpenWorkflow } from './persistence/open-workflow.js';
export { sortLines } from './persistence/workflow-line.js';
export type { OrchestratorActor } from './supervisor.js';
