/** How the arguments of a call come in: the model's JSON text becomes an object, the object becomes a tool's input. */

import { type Clock, inTime } from '../../domain/clock.js';
import { messageOf } from '../../domain/errors.js';
import { MAX_CHECK_MS } from '../../domain/limits.js';
import type { StandardIssue } from '../../domain/schema.js';
import type { Tool } from '../../domain/tool.js';
import { firstCharacters } from './cut-middle.js';

const MAX_ECHO = 200;
const MAX_PROBLEM = 2_000;
const MAX_DEPTH = 100;

export type ParsedArguments =
  | { readonly ok: true; readonly args: Record<string, unknown> }
  | { readonly ok: false; readonly problem: string };

export type ValidatedInput =
  | { readonly ok: true; readonly input: unknown }
  | { readonly ok: false; readonly problem: string };

/**
 * Reads the JSON text of a call, strictly and once: nothing is repaired. An empty text is `{}`. Anything but an object, and what
 * is nested deeper than 100, is a `problem`: a text for the model, which echoes at most 200 characters of what it wrote.
 */
export function parseArguments(text: string): ParsedArguments {
  if (text.trim() === '') return { ok: true, args: {} };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return problem(`The arguments are not valid JSON. Send one JSON object. You sent: ${echo(text)}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return problem(`The arguments must be one JSON object. You sent: ${echo(text)}`);
  }
  if (isDeeperThan(value, MAX_DEPTH)) return problem(`The arguments are nested deeper than ${MAX_DEPTH} levels.`);
  return { ok: true, args: value as Record<string, unknown> }; // an object that is no array, made by JSON.parse
}

export interface CheckScope {
  readonly clock: Clock;
  readonly signal?: AbortSignal;
}

/**
 * Holds the arguments against the tool's schema. A validator that throws is a problem like any other, and so is one that takes
 * longer than 10 s. Rejects with the signal's reason as soon as it aborts.
 */
export async function validateInput(tool: Tool, args: unknown, scope: CheckScope): Promise<ValidatedInput> {
  scope.signal?.throwIfAborted();
  try {
    const checking = tool.input['~standard'].validate(args);
    // Most schemas answer at once, and need no timer.
    const result = isPromise(checking) ? await inTime(checking, { ...scope, ms: MAX_CHECK_MS }) : checking;
    if (result.issues === undefined) return { ok: true, input: result.value };
    const issues = result.issues.map(describeIssue).join('; ');
    return problem(firstCharacters(`Invalid arguments for ${tool.name}: ${issues}`, MAX_PROBLEM));
  } catch (cause) {
    scope.signal?.throwIfAborted();
    return problem(
      firstCharacters(`The arguments of ${tool.name} could not be checked: ${messageOf(cause)}`, MAX_PROBLEM),
    );
  }
}

function isPromise<Value>(value: Value | PromiseLike<Value>): value is PromiseLike<Value> {
  return typeof value === 'object' && value !== null && 'then' in value;
}

function problem(text: string): { readonly ok: false; readonly problem: string } {
  return { ok: false, problem: text };
}

function echo(text: string): string {
  const shown = firstCharacters(text, MAX_ECHO);
  return shown === text ? text : `${shown}...`;
}

function describeIssue(issue: StandardIssue): string {
  const path = (issue.path ?? []).map((part) => String(typeof part === 'object' ? part.key : part)).join('.');
  return `${path || '(root)'}: ${issue.message}`;
}

/** Level by level, not by recursion: the depth is what is in doubt. */
function isDeeperThan(value: unknown, depth: number): boolean {
  let level: unknown[] = [value];
  for (let at = 0; level.length > 0; at++) {
    if (at > depth) return true;
    const next: unknown[] = [];
    for (const item of level) {
      if (typeof item !== 'object' || item === null) continue;
      for (const child of Object.values(item)) if (typeof child === 'object' && child !== null) next.push(child);
    }
    level = next;
  }
  return false;
}
