/**
 * Whether a call may run, by every list of rules that holds for a subagent.
 *
 * Rules are not a sandbox. They judge what a tool says it will do; file tools confine themselves to the workspace on the
 * file they open, and a command that was allowed can do what its user can. A rule on a search tool (`grep(secrets/**)`)
 * covers searches that start inside that folder, not one that passes through it from above: such files are kept from a
 * search by an ignore file, or by allowing it in named folders only.
 */

import { messageOf } from '../../domain/errors.js';
import type { Decision, OnInterrupted } from '../../domain/permission.js';
import { isProtected } from '../../domain/protected-places.js';
import type { Tool } from '../../domain/tool.js';
import { type AlwaysMemory, createAlwaysMemory } from './always-memory.js';
import { pathFormsOf } from './path-forms.js';
import {
  type CompiledList,
  combine,
  compileList,
  judge,
  judgeOpening,
  type RuleList,
  type Verdict,
} from './rule-list.js';
import { keyOf, type Subject, seenFrom, subjectAtOnce, subjectOf } from './subject.js';

/** Everything that bounds one subagent's calls. */
export interface PermissionScope {
  /**
   * The definition's, the agent's, the session's and every ancestor's. One that denies, denies; one that asks, asks; what
   * some allow and none objects to is allowed. So a list that is added never widens what the others leave, as long as the
   * definition's has its default and the added one is not marked with `grants`.
   */
  readonly rules: readonly RuleList[];
  /** Answers ask with yes: for a child, only where its parent is permissive too. */
  readonly permissive: boolean;
  /** Rules that deny, permissive or not. A child gets its ancestors' as a list of `deny` with their workspace. */
  readonly permissiveDeny: readonly string[];
  /** Absolute path of the folder that relative paths start from, and patterns of lists that name no other. */
  readonly workspace: string;
  /** `deny`: nobody is there to ask, so what would be asked is denied, with a reason that says so. */
  readonly approvals: 'ask' | 'deny';
  /** For interrupted calls of tools that are neither read-only nor idempotent; `report` by default. */
  readonly onInterrupted?: OnInterrupted | undefined;
  /** Where "always" is kept; by default for these permissions alone. */
  readonly always?: AlwaysMemory;
}

export interface PermissionCall {
  readonly tool: Tool;
  /** As the model wrote them. */
  readonly args: unknown;
  /** The arguments, validated by the tool's schema. */
  readonly input: unknown;
  /** A crash came while the call ran, and whether it took effect is not known; false for one that surely had not begun. */
  readonly interrupted: boolean;
}

export interface Permissions {
  /**
   * Never rejects. An interrupted call is decided as usual when its tool is read-only or idempotent, else by `onInterrupted`;
   * rules that deny hold all the same, but `fail` comes before them. What would change `.git` or `.troupe` is denied,
   * permissive or not and without a question, unless a rule opens the place.
   */
  decide(call: PermissionCall): Promise<Decision>;
  /**
   * Whether a rule opens a place in `.git` or `.troupe` to this tool: an allow rule that names it, of the agent, of the
   * session, or else of the definition and of those of all ancestors. `place` is relative to the workspace. Never rejects.
   */
  opens(toolName: string, place: string): Promise<boolean>;
  /** Whether the rules alone allow a new call, without a look at files or memory; false: `decide` has to say. */
  allowsAtOnce(call: Pick<PermissionCall, 'tool' | 'input'>): boolean;
  /**
   * Remembers an "always": from now on what would be asked is allowed for this tool with this exact path, command, host
   * or these arguments, in this workspace. Rules and defaults that deny still hold, and so does `onInterrupted`: only with
   * `rerun` does it allow an interrupted call.
   */
  allowAlways(call: Pick<PermissionCall, 'tool' | 'input'>): void;
}

/** @throws TroupeError `config_invalid` for a rule that cannot be read, naming the rule and what is wrong with it. */
export function compilePermissions(scope: PermissionScope): Permissions {
  const lists = [...scope.rules.map(compileList), permissiveDenyList(scope.permissiveDeny)];
  const always = scope.always ?? createAlwaysMemory();
  const onInterrupted = scope.onInterrupted ?? 'report';

  const isAllowed = ({ kind }: Verdict) => kind === 'allow' || (kind === 'ask' && scope.permissive);

  /** What all lists say together. */
  async function askAll(says: typeof judge, toolName: string, subject: Subject): Promise<Verdict> {
    const verdicts = lists.map(async (list) => says(list, toolName, await seenFrom(list.workspace, subject)));
    return combine(await Promise.all(verdicts));
  }

  /** By name, for tools of which only the arguments themselves could be judged; absent where a pattern reads those. */
  const allowedByName = new Map<string, boolean | undefined>();
  function allowsByName(toolName: string): boolean | undefined {
    if (!allowedByName.has(toolName)) {
      const rules = lists.flatMap(({ deny, allow, ask }) => [...deny, ...allow, ...ask]);
      const isByName = rules.every((rule) => rule.isWhole || !rule.names(toolName));
      allowedByName.set(toolName, isByName ? allowsNow(toolName, { kind: 'json', json: undefined }) : undefined);
    }
    return allowedByName.get(toolName);
  }

  const allowsNow = (toolName: string, subject: Subject) =>
    isAllowed(combine(lists.map((list) => judge(list, toolName, subject))));

  async function decide({ tool, input, interrupted }: PermissionCall): Promise<Decision> {
    const unsettled = interrupted && !tool.readOnly && !tool.idempotent;
    if (unsettled && onInterrupted === 'fail') return failed(tool);
    const subject = await subjectOf(tool, input, scope.workspace);
    const verdict = await askAll(judge, tool.name, subject);
    if (verdict.kind === 'deny') return denied(tool, verdict, unsettled);
    const closed = tool.readOnly ? undefined : protectedPlaceOf(subject);
    if (closed !== undefined && (await askAll(judgeOpening, tool.name, subject)).kind !== 'allow') {
      return notOpened(tool, closed, unsettled);
    }
    if (unsettled && onInterrupted === 'report') return reported(tool);
    if (unsettled && onInterrupted === 'ask') {
      return scope.approvals === 'ask' ? askedAgain(tool, verdict) : reported(tool, ', since nobody is there to ask');
    }
    if (isAllowed(verdict)) return { kind: 'allow' };
    const key = keyOf(tool.name, subject, scope.workspace);
    if (key !== undefined && (await always.has(key))) return { kind: 'allow' };
    return scope.approvals === 'ask' ? asked(tool, verdict) : nobodyToAsk(tool, verdict);
  }

  return {
    async decide(call) {
      try {
        return await decide(call);
      } catch (cause) {
        const reason = `${call.tool.name} could not be checked against the rules, so it was not run: ${messageOf(cause)}`;
        return { kind: 'deny', reason };
      }
    },
    async opens(toolName, place) {
      const subject: Subject = { kind: 'path', forms: await pathFormsOf(scope.workspace, place) };
      return (await askAll(judgeOpening, toolName, subject)).kind === 'allow';
    },
    allowsAtOnce({ tool, input }) {
      try {
        const byName = tool.subject === undefined ? allowsByName(tool.name) : undefined;
        if (byName !== undefined) return byName;
        const subject = subjectAtOnce(tool, input);
        return subject !== undefined && allowsNow(tool.name, subject);
      } catch {
        return false; // `decide` tells why
      }
    },
    allowAlways({ tool, input }) {
      always.add(subjectOf(tool, input, scope.workspace).then((subject) => keyOf(tool.name, subject, scope.workspace)));
    },
  };
}

function permissiveDenyList(rules: readonly string[]): CompiledList {
  const from = 'permissiveDeny';
  return compileList({ rules: { deny: rules, allow: [], ask: [], default: 'ask' }, hasDefault: false, from });
}

/** The name under which a path lies in `.git` or `.troupe`, as it was given or as it resolves; absent when under neither. */
function protectedPlaceOf(subject: Subject): string | undefined {
  if (subject.kind !== 'path') return undefined;
  const { given, resolved } = subject.forms;
  return [given, ...(resolved ? [resolved] : [])].map(({ relative }) => relative).find(isProtected);
}

const UNKNOWN_OUTCOME = 'an earlier attempt at this call was cut off by a crash, and whether it took effect is unknown';

function denied(tool: Tool, verdict: Verdict, unsettled: boolean): Decision {
  const { rule, named } = naming(verdict);
  const why = rule
    ? `${named} denies this call of ${tool.name}`
    : `no rule allows this call of ${tool.name}, and the default${named} is deny`;
  return { kind: 'deny', reason: `${why}. ${notRun(unsettled)}`, ...rule };
}

function notOpened(tool: Tool, place: string, unsettled: boolean): Decision {
  const why = `${place} cannot be changed: .git and .troupe are read-only, and no answer to a question opens them`;
  const remedy = `Only an allow rule that names the place does, such as ${tool.name}(${place})`;
  return { kind: 'deny', reason: `${why}. ${notRun(unsettled)} ${remedy}.` };
}

function notRun(unsettled: boolean): string {
  return `It was not run${unsettled ? `; ${UNKNOWN_OUTCOME}: check before you go on` : ''}.`;
}

function asked(tool: Tool, verdict: Verdict): Decision {
  const { rule, named } = naming(verdict);
  const reason = rule ? `${named} asks before ${tool.name} runs` : `no rule allows this call of ${tool.name}`;
  return { kind: 'ask', reason, ...rule };
}

function nobodyToAsk(tool: Tool, verdict: Verdict): Decision {
  const { rule, named } = naming(verdict);
  const why = rule
    ? `${named} asks before ${tool.name} runs`
    : `no rule allows this call of ${tool.name}, so it would be asked`;
  const remedy = `set confirm, approvals: 'wait' or permissive: true, or ${rule ? `change that rule` : `add an allow rule for ${tool.name}`}`;
  return {
    kind: 'deny',
    reason: `${why}, and nobody is there to ask. It was not run. To change that, ${remedy}.`,
    ...rule,
  };
}

function askedAgain(tool: Tool, verdict: Verdict): Decision {
  const reason = `${UNKNOWN_OUTCOME}; a yes runs ${tool.name} once more`;
  return { kind: 'ask', reason, ...naming(verdict).rule };
}

function reported(tool: Tool, why = ''): Decision {
  const remedy = 'check what it did before you repeat it, and call it anew only if it is still needed';
  return { kind: 'deny', reason: `${UNKNOWN_OUTCOME}. ${tool.name} was not run again${why}: ${remedy}.` };
}

function failed(tool: Tool): Decision {
  const remedy = "look at what it did, or set onInterrupted to 'report', 'ask' or 'rerun'";
  return { kind: 'fail', reason: `${tool.name}: ${UNKNOWN_OUTCOME}, and onInterrupted is 'fail'; ${remedy}` };
}

/** The rule as a field and as words; where a default speaks, the words only say whose. */
function naming(verdict: Verdict): { readonly rule?: { readonly rule: string }; readonly named: string } {
  if (verdict.kind === 'allow') return { named: '' };
  const of = verdict.from === undefined ? '' : ` of ${verdict.from}`;
  if (verdict.rule === undefined) return { named: of };
  return { rule: { rule: verdict.rule }, named: `the rule ${JSON.stringify(verdict.rule)}${of}` };
}
