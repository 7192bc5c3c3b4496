/** Cuts the TypeScript examples out of a product page, which is plain text with examples in two languages. */

const STARTS = [/^import .* from '@[\w-]+\/code';$/, /^\/\/ Get all /];
const ENDS = [/^from \w+ import /, /^import time$/, /^# /];

export interface Example {
  /** With the library's own import specifier. */
  readonly source: string;
  /** It imports what it uses; else it goes on from an orchestrator named `orch`. */
  readonly isWhole: boolean;
}

export function extractExamples(page: string): Example[] {
  const examples: string[][] = [];
  let current: string[] | undefined;
  for (const line of page.split('\n')) {
    if (!current && STARTS.some((start) => start.test(line))) {
      current = [];
      examples.push(current);
    } else if (current && ENDS.some((end) => end.test(line))) {
      current = undefined;
    }
    current?.push(line);
  }
  return examples.map((lines) => {
    const source = lines.join('\n').replace(/'@[\w-]+\/code'/, "'troupe'");
    return { source, isWhole: source.startsWith('import ') };
  });
}
