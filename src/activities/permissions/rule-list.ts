/** What one list of rules says of a call, and what several lists say together. */

import type { PermissionRules } from '../../domain/permission.js';
import { type Purpose, type Rule, readRule } from './rule.js';
import type { Subject } from './subject.js';

/** Rules of one origin: a definition, the agent, the session, the parent. */
export interface RuleList {
  readonly rules: PermissionRules;
  /**
   * Whether `rules.default` counts for calls that no rule covers. Without, the list has no opinion on those; where no
   * list has one, the call is asked.
   */
  readonly hasDefault: boolean;
  /**
   * Whether an `allow` rule of this list also answers what other lists would ask by their default; false by default. For
   * what the program itself says of all its subagents (agent, session), never for a definition or a parent. Rules that
   * ask, rules that deny and `default: 'deny'` of other lists hold against it.
   */
  readonly grants?: boolean;
  /** Named in errors and reasons, such as `the session`. */
  readonly from?: string;
  /**
   * Absolute path of the folder that its relative patterns start from; the scope's by default. A list that a child inherits
   * keeps its parent's, or a child in a folder below would get round `secrets/**`.
   */
  readonly workspace?: string;
}

/** A list, read. */
export interface CompiledList {
  readonly deny: readonly Rule[];
  readonly allow: readonly Rule[];
  readonly ask: readonly Rule[];
  /** Absent: no opinion on what no rule covers. */
  readonly default?: 'ask' | 'deny';
  readonly grants: boolean;
  readonly from?: string;
  readonly workspace?: string;
}

/** `rule` is absent when a default speaks; `from` names the list. */
export type Verdict =
  | { readonly kind: 'allow'; readonly grants: boolean }
  | { readonly kind: 'ask' | 'deny'; readonly rule?: string; readonly from?: string };

/** @throws TroupeError `config_invalid` for a rule that cannot be read, naming it. */
export function compileList({ rules, hasDefault, grants = false, from, workspace }: RuleList): CompiledList {
  const read = (key: 'deny' | 'allow' | 'ask', purpose: Purpose) =>
    rules[key].map((rule) => readRule(rule, purpose, `permissions${from === undefined ? '' : ` of ${from}`}, ${key}`));
  return {
    deny: read('deny', 'guard'),
    allow: read('allow', 'grant'),
    ask: read('ask', 'guard'),
    ...(hasDefault ? { default: rules.default } : {}),
    grants,
    ...(from === undefined ? {} : { from }),
    ...(workspace === undefined ? {} : { workspace }),
  };
}

/** Deny, allow, ask, then the default; absent when the list has no opinion. */
export function judge(list: CompiledList, toolName: string, subject: Subject): Verdict | undefined {
  const covering = (rules: readonly Rule[]) => rules.find((rule) => rule.covers(toolName, subject));
  const from = list.from === undefined ? {} : { from: list.from };
  const denying = covering(list.deny);
  if (denying) return { kind: 'deny', rule: denying.text, ...from };
  if (covering(list.allow)) return { kind: 'allow', grants: list.grants };
  const asking = covering(list.ask);
  if (asking) return { kind: 'ask', rule: asking.text, ...from };
  return list.default && { kind: list.default, ...from };
}

/**
 * What the list says of opening a protected place: only an allow rule that names the place opens it. A definition's list
 * without one objects, so that it takes the program's word, and a child cannot open what its parent does not.
 */
export function judgeOpening(list: CompiledList, toolName: string, subject: Subject): Verdict | undefined {
  if (list.allow.some((rule) => rule.opens(toolName, subject))) return { kind: 'allow', grants: list.grants };
  return list.default === undefined || list.grants ? undefined : { kind: 'ask' };
}

/**
 * The strictest of them: one deny denies, else one ask asks (a default only where no granting list allows), else it is
 * allowed when some list allows. Without any opinion it is asked.
 */
export function combine(verdicts: readonly (Verdict | undefined)[]): Verdict {
  const granted = verdicts.some((verdict) => verdict?.kind === 'allow' && verdict.grants);
  const counting = verdicts.filter((verdict) => !(granted && verdict?.kind === 'ask' && verdict.rule === undefined));
  const strictest = (kind: Verdict['kind']) => {
    const of = counting.filter((verdict) => verdict?.kind === kind);
    return of.find((verdict) => verdict?.kind !== 'allow' && verdict?.rule !== undefined) ?? of[0];
  };
  return strictest('deny') ?? strictest('ask') ?? strictest('allow') ?? { kind: 'ask' };
}
