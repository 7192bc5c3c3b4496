/** The activity `decide`: whether a call may run, by the rules; the one gate before every call. */

import type { CallInput } from '../../machines/index.js';
import { validateInput } from '../activities/tools/index.js';
import type { Decision } from '../domain/permission.js';
import type { LiveSubagent } from './live-subagent.js';

export async function decide(subagent: LiveSubagent, { call, interrupted }: CallInput): Promise<Decision> {
  await null; // nothing of a tool runs inside a transition
  const tool = subagent.plan.tools.get(call.name);
  if (!tool) return { kind: 'deny', reason: `there is no tool ${JSON.stringify(call.name)} any more` };
  const args = call.args as Record<string, unknown>; // an object: parseArguments made it
  const validated = await validateInput(tool, args);
  if (!validated.ok) return { kind: 'deny', reason: validated.problem };
  return subagent.plan.permissions.decide({ tool, args, input: validated.input, interrupted });
}
