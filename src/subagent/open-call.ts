/** A call that may run and is not answered yet. */

import { parseArguments, validateInput } from '../activities/tools/index.js';
import type { Clock } from '../domain/clock.js';
import type { Tool } from '../domain/tool.js';
import type { SubagentPlan } from './plan.js';

/** A call as the model made it, secrets and all; what the chart and readers know of it is redacted. */
export interface OpenCall {
  readonly tool: Tool;
  readonly args: Record<string, unknown>;
  /** The arguments as the tool's schema gave them back. */
  readonly input: unknown;
}

/** As a journal has kept it, with the tools of today. @param text Its arguments; undefined where they were not kept. @returns why it cannot run, as a text for the model. */
export async function openAgain(
  plan: SubagentPlan,
  name: string,
  text: string | undefined,
  clock: Clock,
): Promise<OpenCall | string> {
  const tool = plan.tools.get(name);
  if (!tool) return `not run: there is no tool ${JSON.stringify(name)} any more`;
  if (text === undefined) {
    return 'not run: its arguments held a secret, which was not kept when the work was saved; make the call again if it is still wanted';
  }
  const parsed = parseArguments(text);
  if (!parsed.ok) return `not run: ${parsed.problem}`;
  const validated = await validateInput(tool, parsed.args, { clock });
  return validated.ok ? { tool, args: parsed.args, input: validated.input } : `not run: ${validated.problem}`;
}
