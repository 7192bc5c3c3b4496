/** How a subagent is written down: what it was spawned from, and the document to look at. */

import { transition } from 'xstate';
import { z } from 'zod';
import { stateOf, subagentMachine } from '../../../machines/index.js';
import { parseSubAgentConfig, type ResolvedSubAgentConfig } from '../../config/index.js';
import { TroupeError } from '../../domain/errors.js';
import type { JsonValue } from '../../domain/json.js';
import type { SubAgentInfo, SubAgentOutcome } from '../../domain/outcome.js';
import type { Tool } from '../../domain/tool.js';
import { LOG_VERSION, type LogEntry, type SubagentPlan } from '../../subagent/index.js';
import type { CallOrigin } from '../call-origin.js';
import type { Entry } from '../entry.js';

/** The first record of its log. */
export function spawnedRecord(plan: SubagentPlan, order: number, origin: CallOrigin | undefined): LogEntry {
  return {
    type: 'spawned',
    version: LOG_VERSION,
    id: plan.id,
    ...(plan.parentId === undefined ? {} : { parentId: plan.parentId }),
    order,
    depth: plan.depth,
    ...(origin ? { origin: { ...origin } } : {}),
    config: storedConfig(plan),
  };
}

/** What a config says when it does not say it: left out where it is stored, so part of the stored format. */
const { agentType: _, prompt: __, ...defaults } = parseSubAgentConfig({ agentType: '-', prompt: '-' });
const DEFAULTS: Readonly<Record<string, unknown>> = defaults;

function storedConfig({ config, form }: SubagentPlan): Record<string, unknown> {
  const { parentId: _, ...rest } = withStoredTools(config);
  const told = Object.entries(rest).filter(([key, value]) => JSON.stringify(value) !== JSON.stringify(DEFAULTS[key]));
  return { ...Object.fromEntries(told), ...(form ? { outputSchema: form.source } : {}) };
}

/** Own tools are stored by name, marked as such: the program that restores has them under these names. */
interface StoredTool {
  readonly own: string;
}

/** The schema of the answer is left out: it may be no plain data. */
function withStoredTools({ tools, outputSchema: _, ...rest }: ResolvedSubAgentConfig) {
  if (!tools) return rest;
  return {
    ...rest,
    tools: tools.map((tool): string | StoredTool => (typeof tool === 'string' ? tool : { own: tool.name })),
  };
}

/** A config as it was stored, with its own tools in place of their names; one that nobody knows stays a name. */
export function configOf(
  stored: Readonly<Record<string, unknown>>,
  toolOf: (name: string) => Tool | undefined,
): object {
  const { tools, ...told } = stored;
  const rest = { ...DEFAULTS, ...told };
  if (!Array.isArray(tools)) return rest;
  const isOwn = (tool: unknown): tool is StoredTool => typeof tool === 'object' && tool !== null && 'own' in tool;
  return { ...rest, tools: tools.map((tool) => (isOwn(tool) ? (toolOf(tool.own) ?? tool.own) : tool)) };
}

const DOCUMENT_VERSION = 1;

const StoredDocument = z.looseObject({
  format: z.literal('troupe-subagent'),
  version: z.literal(DOCUMENT_VERSION),
  order: z.int(),
  origin: z.object({ toolId: z.string(), index: z.int() }).exactOptional(),
  /** By epoch: `seq` of the last event of each life. */
  lives: z.array(z.int().positive()).exactOptional(),
  config: z.record(z.string(), z.unknown()),
  info: z.looseObject({ id: z.string(), createdAt: z.number() }),
  outcome: z.looseObject({ id: z.string(), state: z.enum(['completed', 'failed', 'cancelled']) }).exactOptional(),
  snapshot: z.looseObject({ status: z.string() }),
});
/** What every version has said of itself. */
const AnyDocument = z.looseObject({ format: z.literal('troupe-subagent'), version: z.int() });

export interface SubagentDocument {
  readonly order: number;
  readonly origin?: CallOrigin;
  readonly lives?: readonly number[];
  readonly config: Readonly<Record<string, unknown>>;
  readonly info: SubAgentInfo;
  /** Present once it has ended. */
  readonly outcome?: SubAgentOutcome;
  /** Of its machine, as XState persists it. */
  readonly snapshot: object;
}

/**
 * @returns undefined for what is no document of this version: the journal says it all.
 * @throws TroupeError `store_version` for one of a newer library: it would be overwritten.
 */
export function parseDocument(value: unknown, id: string): SubagentDocument | undefined {
  const known = AnyDocument.safeParse(value);
  if (known.success && known.data.version > DOCUMENT_VERSION) {
    throw new TroupeError(
      'store_version',
      `${id}: its document has version ${known.data.version}, this library reads up to ${DOCUMENT_VERSION}; nothing was changed; use a newer one`,
    );
  }
  const parsed = StoredDocument.safeParse(value);
  if (!parsed.success) return undefined;
  return parsed.data as unknown as SubagentDocument; // written by `documentOf`, and its hash was checked
}

/**
 * What there is to see of it now. The conversation is in the journal only, so that this does not grow with it.
 * @param lastSeq Of its events.
 * @param isSuspended It is let go: `info` says how it comes back.
 */
export function documentOf(entry: Entry, lastSeq: number, isSuspended = false): JsonValue {
  const { order, config, outcome, origin, formerLives } = entry;
  const document = {
    format: 'troupe-subagent',
    version: DOCUMENT_VERSION,
    order,
    origin,
    lives: [...formerLives, Math.max(1, lastSeq)],
    config: withStoredTools(config),
    info: isSuspended ? comingBack(entry) : entry.info(),
    ...(isSuspended ? { isSuspended } : {}),
    outcome,
    snapshot: withText(entry.actor.getPersistedSnapshot() as object, ''),
  };
  // Plain data by construction, but for what a tool or a schema gave as an answer.
  return JSON.parse(JSON.stringify(document)) as JsonValue;
}

/** A suspension pauses what runs, for no longer than it lasts. */
function comingBack(entry: Entry): SubAgentInfo {
  const { currentActivity: _, ...info } = entry.info();
  const snapshot = entry.actor.getSnapshot();
  if (snapshot.context.pausedBy !== 'shutdown') return info;
  const [resumed] = transition(subagentMachine, snapshot, { type: 'RESUME', by: 'shutdown' });
  return { ...info, state: stateOf(resumed) };
}

interface WithText {
  readonly context?: { readonly text?: string };
  readonly output?: { readonly text?: string };
}

/** The last text is stored with the outcome, so that the snapshot goes without it. */
export function withText(snapshot: WithText, text: string): object {
  const { context, output } = snapshot;
  return {
    ...snapshot,
    ...(context ? { context: { ...context, text } } : {}),
    ...(output ? { output: { ...output, text } } : {}),
  };
}
