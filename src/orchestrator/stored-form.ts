/** How a subagent is written down: what it was spawned from, and the document to look at. */

import { z } from 'zod';
import { parseSubAgentConfig } from '../config/index.js';
import type { JsonValue } from '../domain/json.js';
import type { SubAgentInfo, SubAgentOutcome } from '../domain/outcome.js';
import type { Tool } from '../domain/tool.js';
import { LOG_VERSION, type LogEntry, type SubagentPlan } from '../subagent/index.js';
import type { CallOrigin } from './call-origin.js';
import type { Entry } from './entry.js';

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

/** Own tools are stored by name, marked as such: the program that restores has them under these names. */
interface StoredTool {
  readonly own: string;
}

/** What a config says when it does not say it: left out where it is stored, so part of the stored format. */
const { agentType: _, prompt: __, ...defaults } = parseSubAgentConfig({ agentType: '-', prompt: '-' });
const DEFAULTS: Readonly<Record<string, unknown>> = defaults;

function storedConfig({ config, form }: SubagentPlan): Record<string, unknown> {
  const { tools, outputSchema: _, parentId: __, ...rest } = config;
  const told = Object.entries(rest).filter(([key, value]) => JSON.stringify(value) !== JSON.stringify(DEFAULTS[key]));
  return {
    ...Object.fromEntries(told),
    ...(form ? { outputSchema: form.source } : {}),
    ...(tools ? { tools: tools.map((tool) => (typeof tool === 'string' ? tool : { own: tool.name })) } : {}),
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
  config: z.record(z.string(), z.unknown()),
  info: z.looseObject({ id: z.string(), createdAt: z.number() }),
  outcome: z.looseObject({ id: z.string(), state: z.enum(['completed', 'failed', 'cancelled']) }).exactOptional(),
  snapshot: z.looseObject({ status: z.string() }),
});

export interface SubagentDocument {
  readonly order: number;
  readonly origin?: CallOrigin;
  readonly config: Readonly<Record<string, unknown>>;
  readonly info: SubAgentInfo;
  /** Present once it has ended. */
  readonly outcome?: SubAgentOutcome;
  /** Of its machine, as XState persists it. */
  readonly snapshot: object;
}

/** @returns undefined for what is no document of this version: the journal says it all. */
export function parseDocument(value: unknown): SubagentDocument | undefined {
  const parsed = StoredDocument.safeParse(value);
  if (!parsed.success) return undefined;
  return parsed.data as unknown as SubagentDocument; // written by `documentOf`, and its hash was checked
}

/** What there is to see of it now. The conversation is in the journal only, so that this does not grow with it. */
export function documentOf(entry: Entry): JsonValue {
  const { order, config, outcome, origin } = entry;
  const { outputSchema: _, tools, ...rest } = config;
  const names = tools?.map((tool) => (typeof tool === 'string' ? tool : { own: tool.name }));
  const document = {
    format: 'troupe-subagent',
    version: DOCUMENT_VERSION,
    order,
    origin,
    config: { ...rest, ...(names ? { tools: names } : {}) },
    info: entry.info(),
    outcome,
    snapshot: withText(entry.actor.getPersistedSnapshot() as object, ''),
  };
  // Plain data by construction, but for what a tool or a schema gave as an answer.
  return JSON.parse(JSON.stringify(document)) as JsonValue;
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
