/** What a caller says of one subagent. */

import { z } from 'zod';
import { isTool, type Tool } from '../domain/tool.js';
import { parseValue, strict } from './config-schema.js';

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
  metadata: z.record(z.string(), z.unknown()).optional(),
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
});
export type SubAgentConfig = z.input<typeof SubAgentConfig>;
/** With the defaults filled in. */
export type ResolvedSubAgentConfig = z.output<typeof SubAgentConfig>;

/** @throws TroupeError `config_invalid`, naming each key and what was expected. */
export function parseSubAgentConfig(value: unknown): ResolvedSubAgentConfig {
  return parseValue(SubAgentConfig, value, 'SubAgentConfig');
}
