/** How one tool call runs: run, answered in bounded size, and let go at once when it must stop. */

import { messageOf } from '../../domain/errors.js';
import { MAX_TOOL_OUTPUT_BYTES } from '../../domain/limits.js';
import { type Tool, type ToolContext, ToolReply } from '../../domain/tool.js';
import { cutMiddle } from './cut-middle.js';
import { duringCall } from './during-call.js';

/**
 * Runs one call. Resolves with a reply whatever the tool does: what it throws and an answer that is no JSON are replies with
 * `isError`. Output above 100 KB is cut in the middle. Rejects with the signal's reason as soon as
 * `context.signal` aborts, even if the tool takes no notice; what the tool says after that is dropped.
 *
 * @param input As `validateInput` gave it.
 */
export function runTool(tool: Tool, input: unknown, context: ToolContext): Promise<ToolReply> {
  return duringCall(context, (forCall) => answer(tool, input, forCall));
}

/** Never rejects. */
async function answer(tool: Tool, input: unknown, context: ToolContext): Promise<ToolReply> {
  try {
    return bounded(toReply(await tool.run(input, context)));
  } catch (cause) {
    return bounded(new ToolReply(messageOf(cause), { isError: true }));
  }
}

function toReply(value: unknown): ToolReply {
  if (value instanceof ToolReply) return value;
  if (typeof value === 'string') return new ToolReply(value);
  if (value === undefined) return new ToolReply('');
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (cause) {
    return new ToolReply(`The tool's answer cannot be written as JSON: ${messageOf(cause)}`, { isError: true });
  }
  if (text === undefined) {
    return new ToolReply(`The tool's answer cannot be written as JSON: it is a ${typeof value}.`, { isError: true });
  }
  return new ToolReply(text);
}

/** Output above 100 KB is cut in the middle. */
export function bounded(reply: ToolReply): ToolReply {
  const output = cutMiddle(String(reply.output), MAX_TOOL_OUTPUT_BYTES);
  return output === reply.output ? reply : new ToolReply(output, reply);
}
