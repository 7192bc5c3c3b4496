/** The door of the bus room. */

export {
  type BusConnection,
  type BusConnectionOptions,
  type ControlAddress,
  connectBus,
  sendControlSignal,
} from './bus-bridge.js';
export type { BusMessage, EventBus, StoredMessage } from './event-bus.js';
export { MemoryEventBus, type MemoryEventBusOptions } from './memory-event-bus.js';
