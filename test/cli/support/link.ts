/** What the link of a live page is made of. */

export function portIn(link: string): number {
  return Number(new URL(link).port);
}

export function tokenIn(link: string): string {
  return new URLSearchParams(new URL(link).hash.slice(1)).get('token') ?? '';
}
