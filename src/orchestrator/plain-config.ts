/** The config of a subagent as its events show it. */

import { redactValue } from '../domain/redact-value.js';
import type { SubagentEnvironment, SubagentPlan } from '../subagent/index.js';

/** Tools by name, the form of the answer as it is asked for, no secrets. */
export function plainConfig(plan: SubagentPlan, { redact }: SubagentEnvironment): Record<string, unknown> {
  const { tools, outputSchema: _, ...rest } = plan.config;
  const names = tools?.map((tool) => (typeof tool === 'string' ? tool : tool.name));
  const form = plan.form ? { outputSchema: plan.form.jsonSchema } : {};
  return redactValue({ ...rest, ...form, ...(names ? { tools: names } : {}) }, redact);
}
