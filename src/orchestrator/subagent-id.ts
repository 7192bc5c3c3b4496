/** How subagents are numbered: `subagent-1`, `subagent-2`, and so on. */

const PREFIX = 'subagent-';

export function subagentId(number: number): string {
  return `${PREFIX}${number}`;
}

/** 0 for an id of another form. */
export function numberOfSubagent(id: string): number {
  const number = id.startsWith(PREFIX) ? Number(id.slice(PREFIX.length)) : 0;
  return Number.isSafeInteger(number) ? number : 0;
}
