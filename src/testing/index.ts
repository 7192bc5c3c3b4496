/** What tests of programs built on troupe need: a scripted model, a clock driven by hand, suites for own adapters. */

export {
  type ScriptedAnswer,
  type ScriptedFunction,
  type ScriptedModel,
  type ScriptedOptions,
  type ScriptedToolCall,
  type ScriptedTurn,
  scripted,
} from '../activities/llm/index.js';
export { busConformance } from './bus-conformance.js';
export { storeConformance } from './store-conformance.js';
export { VirtualClock } from './virtual-clock.js';
