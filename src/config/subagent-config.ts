/** What a caller says of one subagent. */

import { z } from 'zod';
import { DEFAULT_REPAIRS, MAX_METADATA_CHARACTERS, MAX_METADATA_DEPTH, MAX_REPAIRS } from '../domain/limits.js';
import type { OutputSchema } from '../domain/schema.js';
import { isTool, type Tool } from '../domain/tool.js';
import { budgetOption } from './budget.js';
import { parseValue, strict } from './config-schema.js';
import { copyPlainJson, NotPlainJson } from './plain-json.js';

const TOOL_EXPECTED = 'expected the name of a tool or an object made by defineTool';
const ownTool = z.custom<Tool>(isTool, TOOL_EXPECTED);

export const SubAgentConfig = strict({
  agentType: z.string().min(1, 'expected the name of an agent definition'),
  prompt: z.string().refine((prompt) => prompt.trim() !== '', 'expected a text that is not empty'),
  description: z.string().default(''),
  /** Answers what would be asked with yes; deny rules still hold. */
  permissive: z.boolean().default(false),
  /** Rules that are denied even when permissive. */
  permissiveDeny: z.array(z.string()).readonly().default([]),
  /** Turns; the definition's by default. */
  maxSteps: z.int().positive().optional(),
  /** Time in state `running`, in ms. */
  timeoutMs: z.int().positive().optional(),
  parentId: z.string().min(1).optional(),
  /** Goes on when its parent ends. */
  detached: z.boolean().default(false),
  /** Plain JSON; copied. */
  metadata: z
    .custom<Readonly<Record<string, unknown>>>(isRecord, 'expected an object of plain JSON')
    .transform(copyOfMetadata)
    .optional(),
  /** Folder that file tools are confined to; relative to the parent's or the session's. A child's lies inside its parent's. */
  workspace: z.string().min(1).optional(),
  agentDirs: z.array(z.string().min(1)).readonly().default([]),
  skillDirs: z.array(z.string().min(1)).readonly().default([]),
  /** Objects are added to the definition's tools; if any name is given, only those named, and the objects, remain. */
  tools: z
    .array(z.union([z.string().min(1), ownTool]))
    .readonly()
    .optional(),
  /** Name of a model of the agent. */
  model: z.string().min(1).optional(),
  /** The form of its final answer. What it holds is checked with the plan of the subagent. */
  outputSchema: z.custom<OutputSchema>().optional(),
  /** Requests to mend an answer that does not have this form. */
  repairs: z.int().nonnegative().max(MAX_REPAIRS).default(DEFAULT_REPAIRS),
  /** Shared with all below it. */
  budget: budgetOption.optional(),
});
export type SubAgentConfig = z.input<typeof SubAgentConfig>;
/** With the defaults filled in. */
export type ResolvedSubAgentConfig = z.output<typeof SubAgentConfig>;

/** @throws TroupeError `config_invalid`, naming each key and what was expected. */
export function parseSubAgentConfig(value: unknown): ResolvedSubAgentConfig {
  return Object.freeze(parseValue(SubAgentConfig, value, 'SubAgentConfig')); // shown by handles, read all along
}

function isRecord(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function copyOfMetadata(
  metadata: Readonly<Record<string, unknown>>,
  context: z.RefinementCtx,
): Readonly<Record<string, unknown>> {
  const limits = { maxCharacters: MAX_METADATA_CHARACTERS, maxDepth: MAX_METADATA_DEPTH };
  try {
    return copyPlainJson(metadata, limits) as Readonly<Record<string, unknown>>; // the copy of an object is one
  } catch (problem) {
    if (!(problem instanceof NotPlainJson)) throw problem;
    context.addIssue({ code: 'custom', path: [...problem.path], message: problem.message });
    return z.NEVER;
  }
}
