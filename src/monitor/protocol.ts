/** What the server and the page say to each other. Everything here is plain JSON. */

import type { ErrorInfo } from '../domain/errors.js';
import type { EndCause, LifecycleState } from '../domain/lifecycle.js';
import type { Usage } from '../domain/usage.js';
import type { AgentEvent, EventEnvelope } from '../events/index.js';

/** The first message of a stream. */
export interface Hello {
  readonly kind: 'live' | 'stored';
  /** What is looked at, for people. */
  readonly name: string;
  /** Another one: nothing that the page holds is of it. */
  readonly board: string;
  /** Of a stored run: how many steps there are to go through. */
  readonly steps?: number;
  /** Of a stored run: what of it could not be read. */
  readonly problems?: readonly string[];
}

export type SpanKind = 'model' | 'tool' | 'approval' | 'queued' | 'paused' | 'retry';

/** What a subagent did from when to when; ms since the epoch. */
export interface Span {
  /** 1, 2, 3, ... for each subagent. */
  readonly no: number;
  readonly kind: SpanKind;
  readonly label: string;
  readonly from: number;
  /** `null` while it lasts. */
  readonly to: number | null;
  /** The board's version when it last changed. */
  readonly version: number;
}

/** A call that waits for a person. */
export interface OpenRequest {
  readonly requestId: string;
  readonly toolName: string;
  /** Of the arguments, cut where they are long. */
  readonly args: string;
  readonly rule?: string;
  readonly preview?: string;
  /** Ms since the epoch. */
  readonly expiresAt?: number;
}

/** What a subagent does at this moment. */
export interface RowActivity {
  readonly type: 'idle' | 'requesting_llm' | 'calling_tool' | 'waiting_for_control';
  /** Tools by name, or why it waits. */
  readonly label: string;
}

/** One subagent in the tree and in the timeline. */
export interface Row {
  readonly id: string;
  /** Place in the order of spawning. */
  readonly order: number;
  readonly parentId?: string;
  readonly depth: number;
  readonly detached: boolean;
  readonly agentType: string;
  readonly description: string;
  readonly state: LifecycleState;
  readonly activity: RowActivity;
  readonly turn: number;
  readonly usage: Usage;
  /** Ms since the epoch, as `updatedAt` and `endedAt`. */
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly endedAt?: number;
  readonly error?: ErrorInfo;
  readonly by?: EndCause;
  readonly requests: readonly OpenRequest[];
  /** In a frame: those that the page does not have yet. */
  readonly spans: readonly Span[];
}

/** What only a stored run tells: live, no event carries the text of a message that was steered in, nor a bill by itself. */
export type RecordedEvent = EventEnvelope &
  ({ readonly type: 'steered'; readonly text: string } | { readonly type: 'billed'; readonly usage: Usage });

/** An event of the chosen subagent. */
export type FocusEvent = AgentEvent | RecordedEvent;

export interface FocusPart {
  readonly id: string;
  /** What the page holds of it is void. */
  readonly reset?: true;
  /** What comes later than this offset is void: the page went back. */
  readonly upTo?: number;
  readonly events: readonly FocusEvent[];
}

export interface Frame {
  /** What the page holds is void. */
  readonly reset?: true;
  /** By the clock of the run; ms since the epoch. */
  readonly now: number;
  readonly rows: readonly Row[];
  /** Ids that are listed no more. */
  readonly gone: readonly string[];
  readonly focus?: FocusPart;
  /** Of a live run: it was closed. */
  readonly isOver?: true;
}

/** How far a page is: what it says to go on from there. As text: `board.version.offset`. */
export interface Place {
  readonly board: string;
  /** Live: of the last row that it was sent. Stored: the step that it shows. */
  readonly version: number;
  /** Of the last event of the chosen subagent. */
  readonly offset: number;
}
