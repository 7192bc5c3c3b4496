/** What is to be done, what was asked and done, and whether that is what one life without a crash does. */

import fc from 'fast-check';
import { expect } from 'vitest';
import { TroupeError } from '../../../src/domain/errors.js';
import type { ModelRequest } from '../../../src/domain/model.js';
import type { SubAgentOutcome } from '../../../src/domain/outcome.js';
import type { ScriptedTurn } from '../../../src/testing/index.js';
import type { World } from '../../support/world.js';

const ASK_FORM = { type: 'object', properties: { ok: { type: 'boolean' } }, required: ['ok'] } as const;

/** What one turn asks for. */
type Wish = 'note' | 'two_notes' | 'peeks' | 'slow' | 'mixed' | 'todo' | 'fault' | 'unknown_tool';

export interface Work {
  readonly kind: 'worker' | 'asker' | 'lead' | 'form';
  readonly turns: readonly Wish[];
  readonly children: readonly Work[];
  readonly delayMs: number;
}

const wish = fc.constantFrom<Wish>('note', 'two_notes', 'peeks', 'slow', 'mixed', 'todo', 'fault', 'unknown_tool');

function workBelow(depth: number): fc.Arbitrary<Work> {
  return fc.record({
    kind: fc.constantFrom<Work['kind']>('worker', 'asker', 'form', ...(depth > 0 ? (['lead', 'lead'] as const) : [])),
    turns: fc.array(wish, { maxLength: 3 }),
    children: depth > 0 ? fc.array(workBelow(depth - 1), { minLength: 1, maxLength: 2 }) : fc.constant([]),
    delayMs: fc.nat(3),
  });
}
export const workOf: fc.Arbitrary<Work> = workBelow(2);

/** Of a turn that fails when it is asked for first. */
const FAULTY = 'half';
const UNAVAILABLE = new TroupeError('model_unavailable', 'out of order');

interface Planned {
  readonly name: string;
  readonly work: Work;
  readonly script: readonly ScriptedTurn[];
}

/** The form that subagents of kind `form` are to answer in. */
export const formOf = (work: Work) => (work.kind === 'form' ? { outputSchema: ASK_FORM } : {});

export class Ledger {
  /** How often somebody was resumed, in all lives. */
  resumeCount = 0;
  readonly lives: World[] = [];
  readonly outcomes = new Map<string, Partial<SubAgentOutcome>>();
  readonly roots: Planned[] = [];
  /** Labels of calls that had an effect, with how often. */
  readonly #effects = new Map<string, number>();
  /** Requests by conversation and turn. */
  readonly #asked = new Map<string, number>();
  readonly #planned = new Map<string, Planned>();
  readonly #reported = new Set<string>();
  readonly #problems: string[] = [];
  #steered = 0;

  constructor(works: readonly Work[]) {
    for (const [index, work] of works.entries()) this.roots.push(this.#plan(`w${index}`, work));
  }

  #plan(name: string, work: Work): Planned {
    const isLead = work.kind === 'lead';
    const children = isLead ? work.children.map((child, index) => this.#plan(`${name}.${index}`, child)) : [];
    const turns = work.turns.flatMap((wanted, turn) => turnOf(wanted, `${name}#${turn}`));
    const tasks = children.map((child) => ({
      agent: child.work.kind === 'form' ? 'worker' : child.work.kind,
      prompt: child.name,
    }));
    const script: ScriptedTurn[] = [
      ...turns,
      ...(isLead ? [{ toolCalls: [{ name: 'task', args: { tasks } }] }] : []),
      ...(work.kind === 'form' && !name.includes('.') ? [{ text: 'no form' }, { text: '{"ok":true}' }] : []),
    ].map((turn) => ({ ...turn, delayMs: work.delayMs }));
    const planned = { name, work, script };
    this.#planned.set(name, planned);
    return planned;
  }

  nextSteer(): string {
    this.#steered += 1;
    return `steer-${this.#steered}`;
  }

  effect(label: string): void {
    this.#effects.set(label, (this.#effects.get(label) ?? 0) + 1);
  }

  answer(request: ModelRequest): ScriptedTurn {
    const [first] = request.messages;
    const name = first?.role === 'user' ? first.content : '';
    const planned = this.#planned.get(name);
    if (!planned) {
      this.#problems.push(`a conversation begins with ${JSON.stringify(first)}`);
      return { text: 'lost' };
    }
    this.#look(name, request);
    const turn = request.messages.filter(({ role }) => role === 'assistant').length;
    const steers = request.messages.filter(({ role, content }) => role === 'user' && content.startsWith('steer-'));
    const key = `${name}/${turn}/${steers.length}`;
    const before = this.#asked.get(key) ?? 0;
    this.#asked.set(key, before + 1);
    const scripted = planned.script[turn] ?? { text: planned.work.kind === 'form' ? '{"ok":true}' : `${name} is done` };
    return scripted.text === FAULTY && before === 0 ? { text: FAULTY, error: UNAVAILABLE } : scripted;
  }

  /** A history must be as one life without a crash would have made it. */
  #look(name: string, { messages }: ModelRequest): void {
    const shown = () => JSON.stringify(messages.map(({ role, content }) => [role, content.slice(0, 60)]));
    const steers = messages.flatMap(({ role, content }) =>
      role === 'user' && /^steer-/.test(content) ? [content] : [],
    );
    const sorted = [...steers].sort((a, b) => Number(a.slice(6)) - Number(b.slice(6)));
    if (new Set(steers).size !== steers.length || String(sorted) !== String(steers)) {
      this.#problems.push(`${name}: steered twice or out of order: ${shown()}`);
    }
    let open = 0;
    let isAssistantLast = false;
    for (const message of messages) {
      if (message.role === 'tool') {
        open -= 1;
        if (message.content.includes('no result yet'))
          this.#problems.push(`${name}: a call without result: ${shown()}`);
        if (/unknown/.test(message.content)) this.#reported.add(name);
        continue;
      }
      if (open !== 0) this.#problems.push(`${name}: calls and results do not match: ${shown()}`);
      open = message.role === 'assistant' ? (message.toolCalls?.length ?? 0) : 0;
      if (message.role === 'assistant' && isAssistantLast) this.#problems.push(`${name}: answered twice: ${shown()}`);
      isAssistantLast = message.role === 'assistant' && open === 0;
    }
    if (messages.filter(({ role, content }) => role === 'user' && content === name).length !== 1)
      this.#problems.push(`${name}: its prompt is not there once: ${shown()}`);
  }

  check(crashes: number): void {
    for (const [label, count] of this.#effects) {
      if (label.startsWith('note') && count > 1) this.#problems.push(`${label} was done ${count} times`);
    }
    for (const [key, count] of this.#asked) {
      const planned = this.#planned.get(key.slice(0, key.indexOf('/')));
      const faults = planned?.script.filter(({ text }) => text === FAULTY).length ?? 0;
      if (count > 1 + crashes + faults) this.#problems.push(`${key} was asked ${count} times`);
    }
    for (const { name, work } of this.roots) {
      const outcome = this.outcomes.get(name);
      const output = work.kind === 'form' ? '{"ok":true}' : `${name} is done`;
      if (outcome?.output !== output) this.#problems.push(`${name} ended with ${JSON.stringify(outcome)}`);
    }
    if (crashes === 0 && this.#reported.size > 0) this.#problems.push('a call is unknown, yet there was no crash');
    expect(this.#problems).toEqual([]);
  }
}

function turnOf(wanted: Wish, label: string): ScriptedTurn[] {
  const note = (suffix: string) => ({ name: 'noting', args: { label: `note ${label}${suffix}` } });
  const peek = (suffix: string) => ({ name: 'peeking', args: { label: `peek ${label}${suffix}` } });
  switch (wanted) {
    case 'note':
      return [{ toolCalls: [note('')] }];
    case 'two_notes':
      return [{ text: 'two', toolCalls: [note('a'), note('b')] }];
    case 'peeks':
      return [{ toolCalls: [peek('a'), peek('b'), peek('c')] }];
    case 'slow':
      return [{ toolCalls: [{ name: 'slow', args: { ms: 3 } }] }];
    case 'mixed':
      return [{ toolCalls: [peek('a'), note('b'), peek('c'), note('d')] }];
    case 'todo':
      return [{ toolCalls: [{ name: 'todo', args: { tasks: [{ content: label, status: 'pending' }] } }] }];
    case 'unknown_tool':
      return [{ toolCalls: [{ name: 'nothing', args: {} }, note('u')] }];
    case 'fault':
      return [{ text: FAULTY, toolCalls: [note('f')] }];
  }
}
