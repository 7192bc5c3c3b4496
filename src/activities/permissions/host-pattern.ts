/** How the pattern of a rule is held against a host: exactly, or as `*.example.org` for every name below it, or `*`. */

export type HostPattern = (host: string) => boolean;

/** @throws Error when it is no host, such as a URL; its message completes "the pattern ...". */
export function compileHostPattern(pattern: string): HostPattern {
  if (/^\*+$/.test(pattern)) return () => true;
  const below = pattern.startsWith('*.');
  const host = hostNameOf(below ? pattern.slice(2) : pattern);
  if (host === undefined || host.includes('*')) {
    throw new Error('is not a host: write example.org, *.example.org or *, without protocol, port and path');
  }
  return below ? (text) => text.endsWith(`.${host}`) : (text) => text === host;
}

/** The host in the one spelling in which two are compared: as a URL has it, without port and closing dot. */
export function hostNameOf(host: string): string | undefined {
  if (/[\s/?#@\\]/.test(host)) return undefined;
  try {
    return new URL(`http://${host}`).hostname.replace(/\.$/, '') || undefined;
  } catch {
    return undefined;
  }
}
