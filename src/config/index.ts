/** The door of the config room. */

export type { Environment } from './acl-value.js';
export {
  AgentConfig,
  parseAgentConfig,
  type ResolvedAgentConfig,
  type ResolvedModelConfig,
  type ResolvedProviderConfig,
} from './agent-config.js';
export { AgentOptions, parseAgentOptions, type ResolvedAgentOptions } from './agent-options.js';
export {
  type CloseOptions,
  parseCloseOptions,
  parseEventFilter,
  parseWaitOptions,
  type WaitOptions,
} from './call-options.js';
export { knownNames } from './closest.js';
export { type LoadedDefinition, readDefinitions } from './definition-file.js';
export { InspectorOptions, parseInspectorOptions } from './inspector-options.js';
export { loadAgentFile } from './load-agent-file.js';
export {
  configOfLogic,
  type LogicInputOf,
  type LogicOverrides,
  parseLogicOverrides,
  type SubAgentLogicInput,
} from './logic-options.js';
export {
  OrchestratorConfig,
  parseOrchestratorConfig,
  type ResolvedOrchestratorConfig,
} from './orchestrator-config.js';
export { readOnlyPermissions } from './permission-rules.js';
export { parseSessionOptions, type ResolvedSessionOptions, SessionOptions } from './session-options.js';
export { readSkills } from './skill-file.js';
export {
  AgentStepSpec,
  type LoopOptions,
  parseLoopOptions,
  parseStepOptions,
  parseStepSpec,
  parseStepSpecs,
  parseWorkflowOptions,
  type ResolvedStepSpec,
  type StepOptions,
  type WorkflowOptions,
} from './step-spec.js';
export { parseSubAgentConfig, type ResolvedSubAgentConfig, SubAgentConfig } from './subagent-config.js';
