/** A call as a subagent makes it: the arguments are checked, then the tool runs. */

import { runTool, validateInput } from '../../src/activities/tools/index.js';
import { type Tool, type ToolContext, ToolReply } from '../../src/domain/tool.js';

export async function runArgs(tool: Tool, args: unknown, context: ToolContext): Promise<ToolReply> {
  const checked = await validateInput(tool, args, context);
  return checked.ok ? runTool(tool, checked.input, context) : new ToolReply(checked.problem, { isError: true });
}
