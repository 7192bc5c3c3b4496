/** The door of the monitor room, and the subpath `troupe/monitor`. */

export { monitorStore, type StoreMonitorOptions } from './monitor-store.js';
export { type Monitor, type MonitorOptions, startMonitor } from './start-monitor.js';
