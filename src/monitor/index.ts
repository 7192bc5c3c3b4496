/** The door of the monitor room, and the subpath `troupe/monitor`. */

export { type Monitor, type MonitorOptions, startMonitor } from './start-monitor.js';
