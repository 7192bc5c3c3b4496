/** Who answers what a rule asks: the person at the terminal, the live page, or nobody, which is a no. */

import type { SessionOptions } from '../config/index.js';
import type { PermissionRequest } from '../domain/permission.js';
import { visibleText } from '../domain/visible-text.js';
import type { Session } from '../session/index.js';
import { Questions } from './questions.js';
import { harmless, type Terminal } from './terminal.js';

/** A person may be away for some time. */
const ANSWER_WITHIN_MS = 24 * 3_600_000;
const MAX_LINES = 60;
const MAX_COLUMNS = 160;
const CHOICES =
  'y: yes   n: no, and what you write behind it is told to the model   a: yes, also to the same call later on';
const REMEDY =
  'to be asked, run it in a terminal or with --monitor; --permissive, or a rule that allows it, needs no answer';

export interface Approvals {
  readonly options: Pick<SessionOptions, 'confirm' | 'confirmTimeoutMs' | 'approvals'>;
  /** Before anything is asked. */
  follow(session: Session): void;
  /** What is open stays open. */
  close(): void;
}

/** @param hasPage The live page is served, where a person may answer too. */
export function approvalsFor(terminal: Terminal, hasPage: boolean): Approvals {
  if (terminal.input) return askedHere(terminal, terminal.input);
  return hasPage ? askedOnPage(terminal) : askedNobody(terminal);
}

type Answer = { readonly kind: 'allow' | 'always' } | { readonly kind: 'deny'; readonly reason: string };

function askedHere({ say }: Terminal, input: NodeJS.ReadStream): Approvals {
  const questions = new Questions(input);
  /** Taken back when somebody else has answered, or the subagent has ended. By subagent, then by request. */
  const open = new Map<string, Map<string, AbortController>>();
  let session: Session | undefined;
  const confirm = async (request: PermissionRequest): Promise<'allow' | 'always'> => {
    const { subagentId, requestId } = request;
    const takeBack = new AbortController();
    const ofSubagent = open.get(subagentId) ?? new Map<string, AbortController>();
    open.set(subagentId, ofSubagent.set(requestId, takeBack));
    const answer = await questions.ask<Answer>({
      show: () => {
        for (const line of linesOf(request)) say(line);
        say(CHOICES);
      },
      read: answerOf,
      remind: () => say(`that is no answer. ${CHOICES}`),
      signal: takeBack.signal,
    });
    if (answer && answer.kind !== 'deny') return answer.kind;
    const reason = answer ? answer.reason || 'the person at the terminal said no' : 'nobody answers at the terminal';
    if (answer || questions.isAtEnd) session?.orchestrator.getHandle(subagentId)?.deny(requestId, reason);
    return new Promise(() => {}); // that was the answer; or it is given elsewhere, or the question is left open
  };
  return {
    options: { confirm, confirmTimeoutMs: ANSWER_WITHIN_MS },
    follow: (followed) => {
      session = followed;
      followed.events$.subscribe((event) => {
        if (event.type === 'permission_resolved') open.get(event.subagentId)?.get(event.requestId)?.abort();
        if (event.type !== 'subagent_completed') return;
        for (const each of open.get(event.subagentId)?.values() ?? []) each.abort();
        open.delete(event.subagentId);
      });
    },
    close: () => questions.close(),
  };
}

function askedOnPage({ say }: Terminal): Approvals {
  return {
    options: { approvals: 'wait' },
    follow: ({ events$ }) => {
      events$.subscribe((event) => {
        if (event.type === 'permission_request') say(`${event.subagentId}  waits for an answer on the live page`);
      });
    },
    close: () => {},
  };
}

function askedNobody({ say }: Terminal): Approvals {
  let session: Session | undefined;
  return {
    options: {
      confirm: ({ subagentId, requestId, toolName, reason }) => {
        const why = `${reason}, and nobody is there to ask, so it was not run`;
        session?.orchestrator.getHandle(subagentId)?.deny(requestId, why);
        say(`${subagentId}  ${toolName} was denied: nobody is there to ask; ${REMEDY}`);
        return new Promise(() => {}); // that was the answer
      },
    },
    follow: (followed) => {
      session = followed;
    },
    close: () => {},
  };
}

function answerOf(line: string): Answer | undefined {
  const [, word = '', reason = ''] = /^\s*(\w+)\s*(.*?)\s*$/.exec(line) ?? [];
  switch (word.toLowerCase()) {
    case 'y':
    case 'yes':
      return reason === '' ? { kind: 'allow' } : undefined;
    case 'a':
    case 'always':
      return reason === '' ? { kind: 'always' } : undefined;
    case 'n':
    case 'no':
      return { kind: 'deny', reason };
    default:
      return undefined;
  }
}

/** All that it would be called with, as far as a person can read it. */
function linesOf({ subagentId, agentType, toolName, args, reason }: PermissionRequest): string[] {
  const named: Readonly<Record<string, unknown>> = typeof args === 'object' && args !== null ? { ...args } : { args };
  const lines = Object.entries(named).flatMap(([key, value]) => linesOfArgument(key, textOf(value)));
  const more = lines.length - MAX_LINES;
  return [
    `${subagentId} (${agentType}): may it call ${toolName}? ${reason}`,
    ...lines.slice(0, MAX_LINES),
    ...(more > 0 ? [`  ... and ${more} more lines, which are not shown`] : []),
  ];
}

/** What is not one short line stands behind a bar, so that none of them looks like another argument, and all is shown. */
function linesOfArgument(key: string, value: string): string[] {
  const [names, lines] = [broken(key), broken(value)];
  const alone = `${names.join(' ')}: ${lines[0]}`;
  if (lines.length === 1 && alone.length <= MAX_COLUMNS) return [`  ${alone}`];
  const last = names.length - 1;
  return [
    ...names.map((name, at) => (at < last ? `  ${name}` : `  ${name}:`)),
    ...lines.map((line) => `    | ${line}`),
  ];
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}

function broken(text: string): string[] {
  return harmless(visibleText(text))
    .replace(/\n$/, '')
    .split('\n')
    .flatMap((line) => line.match(new RegExp(`.{1,${MAX_COLUMNS}}`, 'gu')) ?? ['']);
}
