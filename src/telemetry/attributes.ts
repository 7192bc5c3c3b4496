/** The attributes of spans, by the GenAI conventions of OpenTelemetry (in development, as of 1.41), and how content is written in them. */

import type { Attributes, HrTime } from '@opentelemetry/api';
import type { TokenUsage } from '../domain/usage.js';

/**
 * A model of a config is named `provider/model`; any other name is of both.
 * @param model Its name.
 */
export function modelAttributes(model: string): Attributes {
  const slash = model.indexOf('/');
  return {
    'gen_ai.provider.name': slash > 0 ? model.slice(0, slash) : model,
    'gen_ai.request.model': slash > 0 ? model.slice(slash + 1) : model,
  };
}

/** What was used between two counts. */
export function usageAttributes(usage: TokenUsage, before?: TokenUsage): Attributes {
  const cached = (usage.cachedTokens ?? 0) - (before?.cachedTokens ?? 0);
  return {
    'gen_ai.usage.input_tokens': usage.inputTokens - (before?.inputTokens ?? 0),
    'gen_ai.usage.output_tokens': usage.outputTokens - (before?.outputTokens ?? 0),
    ...(cached > 0 ? { 'gen_ai.usage.cache_read.input_tokens': cached } : {}),
  };
}

/** A conversation's messages are JSON of their roles and parts. */
export function messages(role: 'user' | 'assistant', content: string): string {
  return JSON.stringify([{ role, parts: [{ type: 'text', content }] }]);
}

/** @param ms Since the epoch, by the clock of the agent, which need not be the machine's. */
export function hrTime(ms: number): HrTime {
  const seconds = Math.floor(ms / 1_000);
  return [seconds, Math.round((ms - seconds * 1_000) * 1e6)];
}
