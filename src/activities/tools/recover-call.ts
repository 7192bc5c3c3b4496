/** What a tool keeps of a call before it starts, and what it finds out about one that a crash cut off. */

import type { JsonValue } from '../../domain/json.js';
import { MAX_TOOL_NOTE_BYTES } from '../../domain/limits.js';
import { type Tool, type ToolContext, type ToolRecovery, ToolReply } from '../../domain/tool.js';
import { duringCall } from './during-call.js';
import { bounded } from './run-tool.js';

/**
 * The note of a call that is about to start. Undefined where the tool takes none, and where it throws, gives what is no JSON or
 * more than fits: the call runs all the same, and a crash leaves its outcome unknown. Rejects with the signal's reason as soon
 * as `context.signal` aborts.
 *
 * @param input As `validateInput` gave it.
 */
export function noteCall(tool: Tool, input: unknown, context: ToolContext): Promise<JsonValue | undefined> {
  if (tool.note === undefined) return Promise.resolve(undefined);
  return duringCall(context, async (forCall) => {
    try {
      const text = JSON.stringify(await tool.note?.(input, forCall));
      return Buffer.byteLength(text) > MAX_TOOL_NOTE_BYTES ? undefined : (JSON.parse(text) as JsonValue); // as just written
    } catch {
      return undefined; // a note is a help, never a reason not to run
    }
  });
}

/**
 * What has become of a call that a crash cut off, as its tool sees it: the reply for the model; `not_begun`: decide it like a new
 * call; `unknown`: decide it as interrupted. A tool that cannot tell, throws or gives anything else counts as `unknown`. Rejects
 * with the signal's reason as soon as `context.signal` aborts.
 *
 * @param input As `validateInput` gave it.
 * @param note What `noteCall` had given, from disk.
 */
export function settleInterrupted(
  tool: Tool,
  input: unknown,
  note: JsonValue | undefined,
  context: ToolContext,
): Promise<ToolRecovery> {
  if (tool.recover === undefined) return Promise.resolve('unknown');
  return duringCall(context, async (forCall) => {
    try {
      const found = await tool.recover?.(input, note, forCall);
      if (found instanceof ToolReply) return bounded(found);
      return found === 'not_begun' ? 'not_begun' : 'unknown';
    } catch {
      return 'unknown';
    }
  });
}
