/** The door of the models. */

export type { Limiter } from './limiter.js';
export { limiterOf } from './limiter.js';
export { ModelFault, retryAfterOf } from './model-fault.js';
export { type OfflineOptions, offline } from './offline.js';
export { OpenAiOptions, openai, secretsOf } from './openai.js';
export type { ModelTurn, ReadTurnOptions, RequestedCall } from './read-turn.js';
export { readTurn } from './read-turn.js';
export { planRetry } from './retry.js';
export type {
  ScriptedAnswer,
  ScriptedFunction,
  ScriptedModel,
  ScriptedOptions,
  ScriptedToolCall,
  ScriptedTurn,
} from './scripted.js';
export { scripted } from './scripted.js';
export type { AskInForm, WrittenAnswer } from './structured/ask-in-form.js';
export {
  answerCallIn,
  answerToolName,
  answerToolSpec,
  readStructured,
  repairMessage,
  requestInForm,
} from './structured/ask-in-form.js';
export type { OutputForm, StructuredResult } from './structured/output-form.js';
export { prepareOutputSchema } from './structured/output-form.js';
export { withoutDefaults } from './structured/without-defaults.js';
