/** The door of the subagent room. */

export { type Aside, type AsideEnd, askAside } from './ask-aside.js';
export { type FoldedLog, foldLog } from './fold-log.js';
export {
  LiveSubagent,
  type SubagentActor,
  type SubagentLogic,
} from './live-subagent.js';
export { LOG_VERSION, type LogEntry, type LogRecord, parseLog, type SpawnedRecord } from './log-record.js';
export { mayPassivate, passivate } from './passivation.js';
export { chartInput, type PermissionBounds, type SubagentEnvironment, type SubagentPlan } from './plan.js';
export { provideSubagent } from './provide.js';
export { type ChartStep, replayChart } from './replay-chart.js';
export { type RestoredSubagent, restoreSubagent } from './restored.js';
export { saidInFull } from './said-once.js';
export type { SignalAnswer } from './signals.js';
export { SubagentLog } from './subagent-log.js';
export { tellOpenRequests, wire } from './wire.js';
