/** The door to tools: making them, running them, and those that every agent has. */

export {
  type CheckScope,
  type ParsedArguments,
  parseArguments,
  type ValidatedInput,
  validateInput,
} from './arguments.js';
export { type BuiltinToolsOptions, builtinTools } from './builtin-tools.js';
export { defineTool, type ToolAnswer, type ToolDefinition, type ToolInput } from './define-tool.js';
export { noteCall, settleInterrupted } from './recover-call.js';
export { runTool } from './run-tool.js';
export { skillTool } from './skill-tool.js';
export { type ResolvedPath, resolveInWorkspace } from './workspace.js';
