/** The public door of troupe. */

export { type OpenAiOptions, offline, openai } from './activities/llm/index.js';
export { defineTool } from './activities/tools/index.js';
export { Agent } from './agent/index.js';
export { type BusMessage, type EventBus, MemoryEventBus, type StoredMessage, sendControlSignal } from './bus/index.js';
export {
  AgentConfig,
  AgentOptions,
  AgentStepSpec,
  type CloseOptions,
  type LogicOverrides,
  type LoopOptions,
  OrchestratorConfig,
  SessionOptions,
  type StepOptions,
  SubAgentConfig,
  type SubAgentLogicInput,
  type WaitOptions,
  type WorkflowOptions,
} from './config/index.js';
export type { Activity, ToolCallInFlight } from './domain/activity.js';
export type { AgentDefinition, Skill } from './domain/agent.js';
export type { Clock } from './domain/clock.js';
export {
  type ErrorFamily,
  type ErrorInfo,
  familyOf,
  RateLimitedError,
  TroupeError,
  type TroupeErrorCode,
} from './domain/errors.js';
export type { JsonValue } from './domain/json.js';
export type { ControlResult, EndCause, FinalState, LifecycleState } from './domain/lifecycle.js';
export type { Message, ModelToolCall } from './domain/message.js';
export type {
  FinishReason,
  ModelChunk,
  ModelProvider,
  ModelRequest,
  ModelStreamOptions,
  ToolSpec,
} from './domain/model.js';
export type { SubAgentInfo, SubAgentOutcome } from './domain/outcome.js';
export type {
  Approvals,
  Confirm,
  ConfirmAnswer,
  OnInterrupted,
  PermissionRequest,
  PermissionRules,
} from './domain/permission.js';
export type { JsonSchema, OutputSchema, StandardSchema } from './domain/schema.js';
export type { OutcomesOf, StepOutcome, StructuredOfStep } from './domain/step.js';
export type { OnPersistError } from './domain/stored.js';
export {
  type PermissionSubject,
  type Task,
  type Tool,
  type ToolContext,
  type ToolRecovery,
  ToolReply,
} from './domain/tool.js';
export type { ModelPrice, TokenUsage, Usage } from './domain/usage.js';
export {
  AgentEvent,
  type AgentEventBody,
  type AgentEventType,
  type EventEnvelope,
  type EventFilter,
  type GapEvent,
  type SubAgentEvent,
  type SubAgentEventStream,
} from './events/index.js';
export {
  type Aside,
  type AsideEnd,
  type OpenRequest,
  Orchestrator,
  type OrchestratorActor,
  type SpawnedSubagent,
  type SubAgentHandle,
  type SubAgentLogic,
  type SubAgentLogicContext,
  type SubAgentLogicEvent,
  type SubAgentLogicSnapshot,
} from './orchestrator/index.js';
export { type FirstStage, type NextRound, type NextStage, Session, type Stages } from './session/index.js';
export {
  FileSessionStore,
  type Journal,
  type JournalContents,
  type JournalPosition,
  type Lease,
  MemorySessionStore,
  type OpenedJournal,
  type SessionStore,
  type StorePath,
} from './store/index.js';
export type { SubagentActor } from './subagent/index.js';
