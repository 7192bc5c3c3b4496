/** Which steps a call is to run: all of them checked, before anything runs. */

import { prepareOutputSchema } from '../activities/llm/index.js';
import { parseStepSpec, parseStepSpecs, type ResolvedStepSpec } from '../config/index.js';
import { messageOf, TroupeError } from '../domain/errors.js';

/** @throws TroupeError `config_invalid`. */
export function parseStep(value: unknown, what: string): ResolvedStepSpec {
  const spec = parseStepSpec(value, what);
  checkOutputSchema(spec, what);
  return spec;
}

/** @throws TroupeError `config_invalid`; the message names each bad step by its place from 0. */
export function parseSteps(value: unknown, what: string): ResolvedStepSpec[] {
  const specs = parseStepSpecs(value, what);
  for (const [place, spec] of specs.entries()) checkOutputSchema(spec, `${what}: ${place}`);
  return specs;
}

function checkOutputSchema({ outputSchema }: ResolvedStepSpec, what: string): void {
  if (outputSchema === undefined) return;
  try {
    prepareOutputSchema(outputSchema);
  } catch (cause) {
    throw new TroupeError('config_invalid', `${what}: ${messageOf(cause)}`, { cause });
  }
}
