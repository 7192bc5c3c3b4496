/** How what is wrong with an answer is told: by place, a few lines, for a model that is to mend it. */

import { MAX_PROBLEMS, MAX_PROBLEMS_CHARACTERS } from '../../../domain/limits.js';

export interface Problem {
  readonly path: readonly string[];
  readonly message: string;
}

/** What a value has become, or what is wrong with it. */
export type Checked = { readonly value: unknown } | { readonly problems: readonly Problem[] };
export type Check = (value: unknown) => Checked | Promise<Checked>;

/** One line for each, at most 10 lines and 2,000 characters; a path is written `items.0.name`. */
export function problemText(problems: readonly Problem[]): string {
  const lines = problems
    .slice(0, MAX_PROBLEMS)
    .map(({ path, message }) => `${path.join('.') || '(root)'}: ${message.replace(/\s+/g, ' ')}`);
  const more = problems.length - lines.length;
  const text = [...lines, ...(more > 0 ? [`and ${more} more`] : [])].join('\n');
  return text.length > MAX_PROBLEMS_CHARACTERS ? `${text.slice(0, MAX_PROBLEMS_CHARACTERS)}...` : text;
}

/** Of the problems that each of several alternatives finds, those of the nearest one: the fewest, then the deepest. */
export function nearestOf(alternatives: readonly (readonly Problem[])[]): readonly Problem[] {
  const depthOf = (problems: readonly Problem[]) => Math.max(...problems.map(({ path }) => path.length));
  return [...alternatives].sort((a, b) => a.length - b.length || depthOf(b) - depthOf(a))[0] ?? [];
}
