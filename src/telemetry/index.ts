/** OpenTelemetry, published as a subpath: nothing else of the library loads it. */

export { type TraceOptions, traceTo } from './trace-to.js';
