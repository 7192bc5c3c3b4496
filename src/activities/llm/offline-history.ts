/** What a conversation holds for the rules: the prompt that counts, and what the tools gave back since. */

import type { Message } from '../../domain/message.js';

export interface ToolResult {
  readonly tool: string;
  /** As they were called with; empty where they were no object. */
  readonly args: Readonly<Record<string, unknown>>;
  readonly output: string;
  readonly isError: boolean;
}

export interface Work {
  /** The last user message. */
  readonly prompt: string;
  /** Since that message, in the order of the calls. */
  readonly results: readonly ToolResult[];
  /** Answers with calls since that message. */
  readonly rounds: number;
  /** Results from before it. */
  readonly earlier: readonly ToolResult[];
  /** The last text that was said before it. */
  readonly lastAnswer?: string;
}

export function workOf(messages: readonly Message[]): Work {
  const at = messages.findLastIndex(({ role }) => role === 'user');
  const before = messages.slice(0, Math.max(at, 0));
  const since = messages.slice(at + 1);
  const last = before.findLast(
    (message) => message.role === 'assistant' && !message.toolCalls?.length && message.content !== '',
  );
  return {
    prompt: messages[at]?.content ?? '',
    results: resultsIn(since),
    rounds: since.filter((message) => message.role === 'assistant' && message.toolCalls?.length).length,
    earlier: resultsIn(before),
    ...(last ? { lastAnswer: last.content } : {}),
  };
}

function resultsIn(messages: readonly Message[]): ToolResult[] {
  const replies = new Map(
    messages.flatMap((message) => (message.role === 'tool' ? [[message.toolCallId, message] as const] : [])),
  );
  return messages.flatMap((message) => {
    if (message.role !== 'assistant') return [];
    return (message.toolCalls ?? []).flatMap((call) => {
      const reply = replies.get(call.id);
      if (!reply) return [];
      return [
        { tool: call.name, args: argsOf(call.arguments), output: reply.content, isError: reply.isError ?? false },
      ];
    });
  });
}

function argsOf(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

/** What a tool printed, sorted into what the rules understand and the remarks around it. */
export interface Printed<T> {
  readonly items: readonly T[];
  /** Lines that are none, such as `no matches` or a note that output was cut. */
  readonly remarks: readonly string[];
}

/** Of `glob` and `ls`: one path in each line, of `ls` with the size behind it. */
export function pathsIn(output: string): Printed<string> {
  return sort(output, (line) =>
    /^[([]|^(?:No|Nothing|Stopped) |: ?$/.test(line) ? undefined : line.replace(/ \(\d+\)$/, '').replace(/^\.\//, ''),
  );
}

export interface Match {
  readonly file: string;
  readonly line: number;
  readonly text: string;
}

/** Of `grep`: `file:line:text` in each line. */
export function matchesIn(output: string): Printed<Match> {
  return sort(output, (row) => {
    const [, file, line, text] = /^(.+?):(\d+):(.*)$/.exec(row) ?? [];
    return file === undefined
      ? undefined
      : { file: file.replace(/^\.\//, ''), line: Number(line), text: (text ?? '').trim() };
  });
}

const NUMBERED = /^\s*\d+\t(.*)$/;

/** Of `read`: the lines of a file without their numbers. */
export function linesIn(output: string): Printed<string> {
  const isNumbered = NUMBERED.test(output.split('\n', 1)[0] ?? '');
  return sort(output, (line) => (isNumbered ? NUMBERED.exec(line)?.[1] : undefined));
}

function sort<T>(output: string, read: (line: string) => T | undefined): Printed<T> {
  const items: T[] = [];
  const remarks: string[] = [];
  for (const line of output.split(/\r?\n/)) {
    if (line.trim() === '') continue;
    const item = read(line);
    if (item === undefined) remarks.push(line.trim());
    else items.push(item);
  }
  return { items, remarks };
}
