/** What is wrong with a value by a JSON Schema: the one place that knows the validator. */

import { type OutputUnit, Validator } from '@cfworker/json-schema';
import { MAX_SCHEMA_CHECK_MS } from '../../../domain/limits.js';
import type { Draft } from './check-json-schema.js';
import type { SchemaObject } from './keywords.js';
import { nearestOf, type Problem } from './problems.js';
import { withinTime } from './within-time.js';

/** Told of the parts as well, where the fault is. */
const WHOLES = new Set([
  ...['$ref', 'allOf', 'properties', 'patternProperties', 'additionalProperties', 'unevaluatedProperties'],
  ...['items', 'prefixItems', 'additionalItems', 'unevaluatedItems', 'dependentSchemas', 'if'],
]);

/**
 * Makes a check that gives every problem, none for a value that passes. The schema must be free of faults. A check that takes
 * longer than a second, say because of a pattern that backtracks, is given up and told as a problem.
 */
export function createJsonSchemaCheck(schema: SchemaObject, draft: Draft): (value: unknown) => readonly Problem[] {
  // The validator notes absolute references on the schema, so it gets one of its own. Only at the first value: most never come.
  let validator: Validator | undefined;
  return (value) => {
    validator ??= new Validator(structuredClone(schema), draft, false);
    const found = validator;
    const checked = withinTime(() => found.validate(value), MAX_SCHEMA_CHECK_MS);
    if (!checked.done) {
      return [
        { path: [], message: `the check took longer than ${MAX_SCHEMA_CHECK_MS} ms; give shorter texts and lists` },
      ];
    }
    return checked.result.valid ? [] : problemsIn(checked.result.errors);
  };
}

/** Of nested reports the innermost; of alternatives those of the nearest. */
function problemsIn(units: readonly OutputUnit[]): readonly Problem[] {
  const problems: Problem[] = [];
  for (let at = 0; at < units.length; ) {
    const unit = units[at++];
    if (unit === undefined) break;
    if (unit.keyword !== 'anyOf' && unit.keyword !== 'oneOf') {
      if (!WHOLES.has(unit.keyword)) problems.push(problemOf(unit));
      continue;
    }
    const inside = `${unit.keywordLocation}/`;
    const byAlternative = new Map<string | undefined, OutputUnit[]>();
    for (let next = units[at]; next?.keywordLocation.startsWith(inside); next = units[++at]) {
      const alternative = next.keywordLocation.slice(inside.length).split('/')[0];
      byAlternative.set(alternative, [...(byAlternative.get(alternative) ?? []), next]);
    }
    problems.push(problemOf(unit));
    const fitsSeveral = /\([1-9]\d* matches\)/.test(unit.error);
    if (!fitsSeveral) problems.push(...nearestOf([...byAlternative.values()].map(problemsIn)));
  }
  return problems;
}

function problemOf({ keyword, instanceLocation, error }: OutputUnit): Problem {
  const path = instanceLocation.split('/').slice(1).map(stepOf);
  return { path, message: keyword === 'false' ? 'nothing is allowed here.' : error };
}

function stepOf(encoded: string): string {
  return decodeURIComponent(encoded).replaceAll('~1', '/').replaceAll('~0', '~');
}
