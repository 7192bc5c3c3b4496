/** Short texts for people, of what may be long. */

const MAX_LABEL = 80;

/** A tool with what its call is about: the first text among its arguments. */
export function toolLabel(toolName: string, args: unknown): string {
  const first =
    typeof args === 'object' && args !== null
      ? Object.values(args).find((value) => typeof value === 'string' && value !== '')
      : undefined;
  return short(first === undefined ? toolName : `${toolName} ${String(first).replace(/\s+/g, ' ')}`, MAX_LABEL);
}

/** @param max Characters. */
function short(text: string, max: number): string {
  return text.length <= max ? text : `${text.slice(0, max - 1)}…`;
}
