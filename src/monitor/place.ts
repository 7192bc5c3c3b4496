/** How far a page is, as text: it comes back with the header `Last-Event-ID`. */

import type { Place } from './protocol.js';

export function placeText({ board, version, offset }: Place): string {
  return `${board}.${version}.${offset}`;
}

/** @returns undefined for what no server of ours has said. */
export function parsePlace(text: string | undefined): Place | undefined {
  const [, board, version, offset] = /^([\w-]{1,64})\.(\d{1,15})\.(\d{1,15})$/.exec(text ?? '') ?? [];
  if (board === undefined) return undefined;
  return { board, version: Number(version), offset: Number(offset) };
}
