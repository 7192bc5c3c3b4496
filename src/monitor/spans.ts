/** What a subagent did from when to when, for the timeline: kept as its events come. */

import type { Span, SpanKind } from './protocol.js';

/** Of one subagent; older ones are forgotten. */
const MAX_SPANS = 120;

export type Spans = readonly Span[];

export function opened(spans: Spans, kind: SpanKind, label: string, from: number, version: number): Spans {
  const no = (spans.at(-1)?.no ?? 0) + 1;
  const kept = spans.length < MAX_SPANS ? spans : spans.slice(spans.length - MAX_SPANS + 1);
  return [...kept, { no, kind, label, from, to: null, version }];
}

/** Ends those that last and are chosen. */
export function closed(spans: Spans, to: number, version: number, isMeant: (span: Span) => boolean): Spans {
  if (!spans.some((span) => span.to === null && isMeant(span))) return spans;
  return spans.map((span) => (span.to === null && isMeant(span) ? { ...span, to, version } : span));
}

export function isOpen(spans: Spans, kind: SpanKind): boolean {
  return spans.some((span) => span.to === null && span.kind === kind);
}
