/** The statecharts, to open in the Stately editor or to compose into machines of your own. */

export type { Decision } from '../src/domain/permission.js';
export { type Interrupted, interruptible } from './interruptible.js';
export {
  type OrchestratorContext,
  type OrchestratorInput,
  type OrchestratorMachineEvent,
  orchestratorMachine,
} from './orchestrator.js';
export { subagentMachine } from './subagent.js';
export { requestIdOf } from './subagent-calls.js';
export type { RequestLlmOutput } from './subagent-setup.js';
export type {
  Call,
  CallInput,
  CallStatus,
  ControlEvent,
  Decided,
  ModelTurnResult,
  PlannedCall,
  RequestLlmInput,
  RetryLater,
  SubagentContext,
  SubagentEmitted,
  SubagentInput,
  SubagentMachineEvent,
  SubagentOutput,
  ToolSettled,
} from './subagent-types.js';
export { activityOf, isAtRest, isQueued, isWaiting, type SubagentSnapshot, stateOf } from './subagent-view.js';
export { type TimerInput, timeLeft, timerLogic } from './timer.js';
