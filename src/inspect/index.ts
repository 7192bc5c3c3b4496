/** Shows a running troupe in the Stately inspector, or in any other program that reads its messages. */

export type { InspectorOptions } from '../config/index.js';
export { type Inspector, startInspector } from './start-inspector.js';
