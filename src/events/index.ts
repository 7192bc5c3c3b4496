/** The door of the events room. */

export {
  AgentEvent,
  type AgentEventBody,
  type AgentEventType,
  type ControlSignal,
  type EventEnvelope,
  GapEvent,
  type SubAgentEvent,
} from './agent-event.js';
export type { ChannelOptions } from './channel.js';
export { completedBody } from './completed-body.js';
export { ControlMessage, parseControlMessage } from './control-message.js';
export { type EventFilter, EventHub, type EventHubOptions, type EventHubStats } from './event-hub.js';
export type { SubAgentEventStream } from './event-stream.js';
export { Losses } from './gap.js';
export { Outbox } from './outbox.js';
export { reportUnhandled } from './report.js';
export { Ring } from './ring.js';
