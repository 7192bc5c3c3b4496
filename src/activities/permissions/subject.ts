/** What one call is judged by: its path, command, host or arguments, looked up once and held against every rule. */

import type { PermissionSubject, Tool } from '../../domain/tool.js';
import { hostNameOf } from './host-pattern.js';
import { type PathForms, pathFormsOf } from './path-forms.js';

export type Subject =
  | { readonly kind: 'path'; readonly forms: PathForms }
  | { readonly kind: 'command'; readonly command: string }
  /** Absent: what the tool names is no host. */
  | { readonly kind: 'host'; readonly host: string | undefined }
  /** Absent: the arguments cannot be written as JSON. */
  | { readonly kind: 'json'; readonly json: string | undefined };

/** Rejects only for a tool whose own `subject` throws or gives what it should not. */
export async function subjectOf(tool: Tool, input: unknown, workspace: string): Promise<Subject> {
  const subject = namedBy(tool, input);
  return subject.kind === 'path'
    ? { kind: 'path', forms: await pathFormsOf(workspace, subject.path) }
    : plainSubject(subject);
}

/** The subject where it takes no look at files; absent for a path. Throws as `subjectOf` rejects. */
export function subjectAtOnce(tool: Tool, input: unknown): Subject | undefined {
  const subject = namedBy(tool, input);
  return subject.kind === 'path' ? undefined : plainSubject(subject);
}

type Named = PermissionSubject | Extract<Subject, { kind: 'json' }>;

/**
 * A tool that has a `subject` must name one: were a promise or nothing taken for "the arguments", rules that deny what it stands
 * for would not see it.
 */
function namedBy(tool: Tool, input: unknown): Named {
  if (tool.subject === undefined) return { kind: 'json', json: jsonOf(input) };
  const subject: unknown = tool.subject(input);
  if (isNamed(subject)) return subject;
  throw new TypeError('it names neither a path, a command nor a host'); // an own tool, written without types
}

const KINDS: readonly unknown[] = ['path', 'command', 'host'];

function isNamed(subject: unknown): subject is PermissionSubject {
  if (typeof subject !== 'object' || subject === null || !('kind' in subject)) return false;
  return KINDS.includes(subject.kind) && typeof Reflect.get(subject, String(subject.kind)) === 'string';
}

function plainSubject(subject: Exclude<Named, { kind: 'path' }>): Subject {
  switch (subject.kind) {
    case 'json':
      return subject;
    case 'command':
      return { kind: 'command', command: subject.command };
    case 'host':
      return { kind: 'host', host: hostNameOf(subject.host) };
    default:
      return subject satisfies never;
  }
}

/** The subject as rules see it whose patterns start from another folder; `undefined`: from the same. */
export async function seenFrom(workspace: string | undefined, subject: Subject): Promise<Subject> {
  if (workspace === undefined || subject.kind !== 'path') return subject;
  const [absolute = ''] = subject.forms.given.absolutes;
  return { kind: 'path', forms: await pathFormsOf(workspace, absolute) };
}

/** The same for two calls that a remembered "always" takes for one; absent where that cannot be told. */
export function keyOf(toolName: string, subject: Subject, workspace: string): string | undefined {
  const exact = exactTextOf(subject);
  return exact && JSON.stringify([toolName.toLowerCase(), workspace, subject.kind, ...exact]);
}

function exactTextOf(subject: Subject): readonly string[] | undefined {
  switch (subject.kind) {
    case 'path': {
      const { given, resolved } = subject.forms;
      // Both: a link that was pointed elsewhere since is another path.
      return resolved && [given.absolutes[0] ?? '', resolved.absolutes[0] ?? ''];
    }
    case 'command':
      return [subject.command.trim()];
    case 'host':
      return subject.host === undefined ? undefined : [subject.host];
    case 'json':
      return subject.json === undefined ? undefined : [subject.json];
    default:
      return subject satisfies never;
  }
}

function jsonOf(input: unknown): string | undefined {
  try {
    return JSON.stringify(input);
  } catch {
    return undefined; // a circle, a BigInt
  }
}
