/** From what a caller says to everything a subagent needs: checked before anything runs. */

import { realpathSync, statSync } from 'node:fs';
import { isAbsolute, relative, resolve, sep } from 'node:path';
import { prepareOutputSchema } from '../activities/llm/index.js';
import { type AlwaysMemory, compilePermissions, type RuleList } from '../activities/permissions/index.js';
import { skillTool } from '../activities/tools/index.js';
import type { ResolvedSubAgentConfig } from '../config/index.js';
import type { AgentDefinition, AgentRuntime } from '../domain/agent.js';
import { Budget } from '../domain/budget.js';
import { messageOf, TroupeError } from '../domain/errors.js';
import type { ModelProvider } from '../domain/model.js';
import type { OnInterrupted, PermissionRules } from '../domain/permission.js';
import type { Tool } from '../domain/tool.js';
import type { PermissionBounds, SubagentPlan } from '../subagent/index.js';

/** What a session adds to its agent for all subagents of its orchestrator. */
export interface PlanScope {
  readonly runtime: AgentRuntime;
  /** Default folder; relative to the process's. */
  readonly workspace: string;
  readonly tools?: readonly Tool[];
  readonly permissions?: PermissionRules;
  readonly permissive?: boolean;
  readonly model?: string;
  /** Of all subagents together. */
  readonly budget?: Budget;
  /** Whether somebody is there to answer questions. */
  readonly approvals: 'ask' | 'deny';
  readonly always: AlwaysMemory;
  /** What becomes of a call that a crash cut off. */
  readonly onInterrupted?: OnInterrupted;
  /** The `task` tool of a subagent that may spawn children. */
  readonly taskTool: (id: string) => Tool;
  /** The workspace is never touched: there is no need for it to exist. */
  readonly touchesNoFiles?: boolean;
}

/** Where a new subagent stands in the tree. */
export interface Place {
  readonly id: string;
  readonly parent?: SubagentPlan;
}

/** What is wrong for every subagent is told when the scope is made. @throws TroupeError `config_invalid`. */
export function checkScope(scope: PlanScope): void {
  const { approvals, permissive = false } = scope;
  const workspace = resolve(scope.workspace);
  if (!scope.touchesNoFiles) realFolder(workspace);
  const model = scope.model === undefined ? defaultModel(scope) : scope.runtime.modelOf(scope.model);
  if (model) checkPrice(model, scope.budget);
  compilePermissions({ rules: wideRules(scope), permissive, permissiveDeny: [], workspace, approvals });
}

/** @throws TroupeError `config_invalid`, `unknown_agent`. */
export function planSubagent(scope: PlanScope, config: ResolvedSubAgentConfig, { id, parent }: Place): SubagentPlan {
  const { runtime } = scope;
  const definition = runtime.definitionOf(config.agentType, config.agentDirs);
  const model = runtime.modelOf(config.model ?? definition.model ?? scope.model);
  const workspace = workspaceOf(scope, config, parent);
  const tools = toolsOf(scope, config, definition, id, parent);
  const bounds = boundsOf(scope, config, definition, workspace, parent);
  const { approvals, always, onInterrupted } = scope;
  const budget = budgetOf(scope, config, id, parent);
  checkPrice(model, budget);
  const form = config.outputSchema === undefined ? undefined : prepareOutputSchema(config.outputSchema);
  return {
    id,
    ...(parent ? { parentId: parent.id } : {}),
    depth: parent ? parent.depth + 1 : 0,
    config,
    definition,
    model,
    system: systemPrompt(definition, workspace),
    tools,
    toolSpecs: [...tools.values()].map(({ name, description, parameters }) => ({ name, description, parameters })),
    permissions: compilePermissions({ ...bounds, workspace, approvals, always, onInterrupted }),
    bounds,
    workspace,
    maxSteps: config.maxSteps ?? definition.maxSteps,
    ...(form ? { form } : {}),
    ...(budget ? { budget } : {}),
  };
}

function budgetOf(
  scope: PlanScope,
  { budget: limits }: ResolvedSubAgentConfig,
  owner: string,
  parent: SubagentPlan | undefined,
): Budget | undefined {
  const above = parent?.budget ?? scope.budget;
  return limits ? new Budget({ limits, owner, parent: above }) : above;
}

function checkPrice(model: ModelProvider, budget: Budget | undefined): void {
  if (!budget?.limitsCost || model.price) return;
  throw new TroupeError(
    'config_invalid',
    `budget: maxCostUsd needs the prices of ${model.name}, which are not known; give the model its input and output cost, or use maxTokens`,
  );
}

/** Undefined where each subagent has to name its own. */
function defaultModel({ runtime }: PlanScope): ModelProvider | undefined {
  try {
    return runtime.modelOf();
  } catch (error) {
    if (error instanceof TroupeError && error.code === 'config_invalid') return undefined;
    throw error;
  }
}

function systemPrompt(definition: AgentDefinition, workspace: string): string {
  return `${definition.prompt.trim()}\n\nYour workspace is the folder ${workspace}. Paths are relative to it.`.trim();
}

function workspaceOf(scope: PlanScope, config: ResolvedSubAgentConfig, parent: SubagentPlan | undefined): string {
  const base = parent?.workspace ?? resolve(scope.workspace);
  const workspace = config.workspace === undefined ? base : resolve(base, config.workspace);
  if (scope.touchesNoFiles || (parent && workspace === base)) return workspace;
  const real = realFolder(workspace);
  if (parent && !isWithin(realFolder(parent.workspace), real)) {
    throw new TroupeError(
      'config_invalid',
      `workspace: ${workspace} lies outside of ${parent.workspace}, the workspace of its parent ${parent.id}`,
    );
  }
  return workspace;
}

function realFolder(path: string): string {
  try {
    if (statSync(path).isDirectory()) return realpathSync(path);
  } catch (cause) {
    throw new TroupeError('config_invalid', `workspace: ${path} cannot be used: ${messageOf(cause)}`, { cause });
  }
  throw new TroupeError('config_invalid', `workspace: ${path} is not a folder`);
}

function isWithin(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way));
}

function toolsOf(
  scope: PlanScope,
  config: ResolvedSubAgentConfig,
  definition: AgentDefinition,
  id: string,
  parent: SubagentPlan | undefined,
): ReadonlyMap<string, Tool> {
  const known = new Map(scope.runtime.tools);
  for (const tool of scope.tools ?? []) addTool(known, tool);
  const skills = scope.runtime.skillsOf(config.skillDirs);
  if (skills.length > 0) addTool(known, skillTool(skills));
  if (definition.canSpawnSubagents) addTool(known, scope.taskTool(id));

  const implied = ['skill', 'task'];
  const listed = definition.tools ? [...definition.tools, ...implied.filter((name) => known.has(name))] : known.keys();
  const own = (config.tools ?? []).filter((tool) => typeof tool !== 'string');
  const named = (config.tools ?? []).filter((tool) => typeof tool === 'string');
  const tools = new Map<string, Tool>();
  for (const name of listed) tools.set(name, toolOf(known, name, `the tools of ${definition.name}`));
  if (named.length > 0) {
    for (const name of named) if (!own.some((tool) => tool.name === name)) toolOf(known, name, 'tools');
    for (const name of [...tools.keys()]) if (!named.includes(name)) tools.delete(name);
  }
  // What changes something is not to be had by way of a child either.
  for (const tool of [...tools.values()]) {
    if (parent && !tool.readOnly && tool.name !== 'task' && !parent.tools.has(tool.name)) tools.delete(tool.name);
  }
  for (const tool of own) addTool(tools, tool, known);
  return tools;
}

function toolOf(known: ReadonlyMap<string, Tool>, name: string, where: string): Tool {
  const tool = known.get(name);
  if (tool) return tool;
  throw new TroupeError(
    'config_invalid',
    `${where}: there is no tool ${JSON.stringify(name)}; known: ${[...known.keys()].join(', ')}`,
  );
}

function addTool(tools: Map<string, Tool>, tool: Tool, known: ReadonlyMap<string, Tool> = tools): void {
  const same = known.get(tool.name) ?? tools.get(tool.name);
  if (same && same !== tool) {
    throw new TroupeError('config_invalid', `tools: there are two different tools named ${JSON.stringify(tool.name)}`);
  }
  tools.set(tool.name, tool);
}

/** What bounds its calls, and those of its children: these are never wider. */
function boundsOf(
  scope: PlanScope,
  config: ResolvedSubAgentConfig,
  definition: AgentDefinition,
  workspace: string,
  parent: SubagentPlan | undefined,
): PermissionBounds {
  // Read-only tools that the program gives, to whom ever, are meant to be used.
  const given = [...(scope.runtime.ownTools ?? []), ...(scope.tools ?? []), ...(config.tools ?? [])];
  const handed = given.flatMap((tool) => (typeof tool !== 'string' && tool.readOnly ? [tool.name] : []));
  const implied = definition.canSpawnSubagents ? ['task'] : [];
  const { allow, ...others } = definition.permissions;
  const own: RuleList = {
    rules: { ...others, allow: [...allow, ...handed, ...implied] },
    hasDefault: true,
    from: definition.name,
    workspace,
  };
  const denied: RuleList = {
    rules: { allow: [], deny: config.permissiveDeny, ask: [], default: 'ask' },
    hasDefault: false,
    from: 'permissiveDeny',
    workspace,
  };
  const above = parent?.bounds;
  return {
    rules: [own, denied, ...(above?.rules ?? wideRules(scope))],
    permissive: (config.permissive || (scope.permissive ?? false)) && (above?.permissive ?? true),
    permissiveDeny: [],
  };
}

function wideRules({ runtime, permissions, workspace }: PlanScope): RuleList[] {
  const lists = [
    { rules: runtime.permissions, from: 'the agent' },
    { rules: permissions, from: 'the session' },
  ];
  return lists.flatMap(({ rules, from }) =>
    // Their `default: 'ask'` says nothing new: it must not turn into a question what a definition allows.
    rules ? [{ rules, hasDefault: rules.default === 'deny', grants: true, from, workspace: resolve(workspace) }] : [],
  );
}
