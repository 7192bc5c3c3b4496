/** Whether a text fits a pattern in which `*` stands for anything: no backtracking, so no pattern is slow on any text. */

export type Wildcard = (text: string) => boolean;

/** `*` matches any run of characters, the empty one too; everything else stands for itself; the whole text must fit. */
export function compileWildcard(pattern: string): Wildcard {
  const parts = pattern.split('*');
  const [first = ''] = parts;
  if (parts.length === 1) return (text) => text === pattern;
  const last = parts[parts.length - 1] ?? '';
  const between = parts.slice(1, -1).filter((part) => part !== '');
  return (text) => {
    if (text.length < first.length + last.length) return false;
    if (!text.startsWith(first) || !text.endsWith(last)) return false;
    const end = text.length - last.length;
    let at = first.length;
    for (const part of between) {
      // The earliest place leaves the most room for the parts that follow, so it never needs to be taken back.
      const found = text.indexOf(part, at);
      if (found < 0 || found + part.length > end) return false;
      at = found + part.length;
    }
    return true;
  };
}
