/** One subagent under random signals and answers: does the next step, and holds what comes of it against a plain model. */

import { expect } from 'vitest';
import {
  type ControlEvent,
  isQueued,
  type PlannedCall,
  type RequestLlmOutput,
  timeLeft,
} from '../../machines/index.js';
import { type Policy, World } from './harness.js';
import { expectInvariants } from './invariants.js';
import { answer, call, failure, retryLater } from './script.js';

/** What the model and the world answer depends on what is asked, never on when: so that two runs can be compared. */
interface ScriptedCall {
  /** `bash` is asked about, `curl` takes its time to be decided, `rm` is denied. */
  readonly name: 'read' | 'bash' | 'curl' | 'rm';
  readonly alone: boolean;
  readonly fails: boolean;
  /** What a person answers in the end. */
  readonly allowed: boolean;
}
interface ScriptedTurn {
  readonly malformedCount: number;
  readonly calls: readonly ScriptedCall[];
}
export type Script = readonly ScriptedTurn[];

export interface Limits {
  readonly maxSteps: number;
  readonly maxParallelTools: number;
  readonly timeoutMs: number;
  readonly approvalMs: number | null;
}

export type Command =
  | { readonly do: 'START' | 'QUEUE' | 'RESTORED' | 'REPLY' | 'FAULT' }
  | { readonly do: 'SIGNAL'; readonly signal: ControlEvent }
  /** To the nth request that is open or, beyond those, to one that is not. */
  | { readonly do: 'APPROVE' | 'DENY'; readonly nth: number }
  | { readonly do: 'SETTLE' | 'DECIDE'; readonly nth: number }
  | { readonly do: 'RETRY'; readonly delayMs: number; readonly counts: boolean }
  | { readonly do: 'TIME'; readonly ms: number };

const policy: Policy = ({ name }, interrupted) => {
  if (interrupted) return { kind: 'allow' };
  if (name === 'bash') return { kind: 'ask', reason: 'bash' };
  if (name === 'rm') return { kind: 'deny', reason: 'never' };
  return name === 'curl' ? 'later' : { kind: 'allow' };
};

/** The plain model. */
class Model {
  /** Spent in state `running`. */
  spentMs = 0;
  /** Answered. */
  turns = 0;
  readonly turnsEnded: number[] = [];
  /** Calls that were settled or refused. */
  readonly over = new Set<string>();
  /** Calls that this process has begun. */
  readonly begun = new Set<string>();
  /** Ids of the questions to a person that wait for an answer. */
  readonly questions = new Set<string>();
}

export class RandomRun {
  world: World;
  readonly #model: Model;
  readonly #script: Script;
  readonly #limits: Limits;
  /** How much of the world's log and of what it told is in the model. */
  #seen = { starts: 0, told: 0 };

  constructor(script: Script, limits: Limits, world = new World({ policy, input: limits }), model = new Model()) {
    this.#script = script;
    this.#limits = limits;
    this.world = world;
    this.#model = model;
    this.#follow();
  }

  /** The same run, gone on with by another process. What was cut off may begin again there. */
  async restored(): Promise<RandomRun> {
    const model = Object.assign(new Model(), structuredClone(this.#model), { begun: new Set() });
    return new RandomRun(this.#script, this.#limits, await this.world.restored(), model);
  }

  get hasEnded(): boolean {
    return this.world.snapshot.status !== 'active';
  }

  async perform(command: Command): Promise<void> {
    await this.#act(command);
    this.#follow();
    this.expectAll();
  }

  async #act(command: Command): Promise<void> {
    const { world } = this;
    switch (command.do) {
      case 'START':
      case 'QUEUE':
      case 'RESTORED':
        return world.send({ type: command.do });
      case 'SIGNAL':
        return this.#signal(command.signal);
      case 'APPROVE':
      case 'DENY':
        return this.#signal({ type: command.do, requestId: [...this.#model.questions][command.nth] ?? 't1k0#9' });
      case 'TIME':
        return this.#advance(command.ms);
      case 'REPLY':
        return this.#reply();
      case 'RETRY':
        if (world.requests.length === 0) return;
        return world.reply(retryLater(command.delayMs, command.counts));
      case 'FAULT':
        if (world.requests.length === 0) return;
        return world.failRequest(failure('model_unavailable', 'the model is down'));
      case 'SETTLE':
        return this.#settle(command.nth);
      case 'DECIDE':
        return this.#decide(command.nth);
    }
  }

  /** Each signal is reported exactly once while the subagent lives, never after, and as the model says. */
  async #signal(signal: ControlEvent): Promise<void> {
    const before = this.world.told('signal').length;
    const expected = this.hasEnded ? [] : [{ type: 'signal', signal, ...this.#answerTo(signal) }];
    await this.world.send(signal);
    expect(this.world.told('signal').slice(before)).toEqual(expected);
  }

  #answerTo(signal: ControlEvent): { accepted: boolean; reason?: string } {
    const isPaused = this.world.state === 'paused';
    const { pausedBy } = this.world.snapshot.context;
    const refuse = (reason: string) => ({ accepted: false, reason });
    switch (signal.type) {
      case 'PAUSE':
        if (!isPaused || (signal.by !== 'parent' && pausedBy === 'parent')) return { accepted: true };
        return refuse('already_paused');
      case 'RESUME':
        if (!isPaused) return refuse('not_paused');
        return signal.by === 'parent' && pausedBy !== 'parent' ? refuse('paused_by_user') : { accepted: true };
      case 'APPROVE':
      case 'DENY':
        return this.#model.questions.has(signal.requestId) ? { accepted: true } : refuse('unknown_request');
      case 'STEER': {
        const activities = ['requesting_llm', 'backing_off'] as const;
        const isAsking = activities.some((activity) => this.world.snapshot.matches({ active: { activity } }));
        const begun = this.#model.turns + (isAsking ? 1 : 0);
        return begun < this.world.snapshot.context.maxSteps ? { accepted: true } : refuse('no_turn_left');
      }
      case 'CANCEL':
        return { accepted: true };
    }
  }

  async #advance(ms: number): Promise<void> {
    if (this.world.state === 'running' && !isQueued(this.world.snapshot)) this.#model.spentMs += ms;
    await this.world.advance(ms);
  }

  async #reply(): Promise<void> {
    const [request] = this.world.requests;
    if (!request) return;
    this.#model.turns += 1;
    await this.world.reply(this.#answerOf(request.input.turn));
  }

  #answerOf(turn: number): RequestLlmOutput {
    const { calls = [], malformedCount = 0 } = this.#script[turn - 1] ?? {};
    const planned: PlannedCall[] = calls.map(({ name, alone }, index) => call(`t${turn}k${index}`, { name, alone }));
    return {
      ...answer(`text of turn ${turn}`),
      answered: calls.length === 0 && malformedCount === 0,
      calls: planned,
      malformedCount,
      malformedReset: calls.length > 0,
    };
  }

  #scripted(callId: string): ScriptedCall | undefined {
    const [turn = 0, index = 0] = callId.slice(1).split(/[k#]/).map(Number); // t<turn>k<index>, and #n in a request id
    return this.#script[turn - 1]?.calls[index];
  }

  async #settle(nth: number): Promise<void> {
    const { callsInFlight } = this.world;
    const callId = callsInFlight[nth % callsInFlight.length];
    if (callId === undefined) return;
    this.#model.over.add(callId);
    await this.world.settle(callId, this.#scripted(callId)?.fails ? new Error('the tool broke') : undefined);
  }

  async #decide(nth: number): Promise<void> {
    const { decisions } = this.world;
    const callId = decisions[nth % decisions.length]?.input.call.callId;
    if (callId !== undefined) await this.world.decide(callId, { kind: 'allow' });
  }

  /** Takes what the step has begun and told into the model, and checks that it may be. */
  #follow(): void {
    for (const line of this.world.starts.slice(this.#seen.starts)) {
      const [kind, name = ''] = line.split(' ');
      if (kind === 'request') {
        expect(name.split('/')[0], 'no answered turn is asked for again').toBe(`${this.#model.turns + 1}`);
      } else {
        expect(this.#model.over.has(name) || this.#model.begun.has(name), `${name} runs once`).toBe(false);
        this.#model.begun.add(name);
      }
    }

    for (const event of this.world.emitted.slice(this.#seen.told)) {
      if (event.type === 'permission_request') this.#model.questions.add(event.requestId);
      if (event.type === 'permission_resolved') expect(this.#model.questions.delete(event.requestId)).toBe(true);
      if (event.type === 'turn_ended') this.#model.turnsEnded.push(event.turn);
      if (event.type === 'call_refused') this.#model.over.add(event.call.callId);
    }
    this.#seen = { starts: this.world.starts.length, told: this.world.emitted.length };
  }

  expectAll(): void {
    const { world } = this;
    const { turns, turnsEnded, spentMs, questions } = this.#model;
    const { snapshot, output } = world;
    const isActive = snapshot.status === 'active';
    expectInvariants(world);
    expect({
      turns: snapshot.context.turn,
      turnsEnded, // each once, in order
      timeLeft: isActive ? this.timeLeft : null,
      questions: isActive ? this.openQuestions : [],
    }).toEqual({
      turns,
      turnsEnded: turnsEnded.map((_, index) => index + 1),
      timeLeft: isActive ? this.#limits.timeoutMs - spentMs : null, // only running time counts
      questions: isActive ? [...questions].sort() : [],
    });
    if (output?.by === 'timeout') expect(spentMs).toBeGreaterThanOrEqual(this.#limits.timeoutMs);
    if (output?.state === 'completed') expect(turnsEnded).toHaveLength(output.turns);
  }

  get timeLeft(): number | null {
    const { children, context } = this.world.snapshot;
    return timeLeft(children.deadline) ?? context.remainingMs;
  }

  get openQuestions(): string[] {
    const asking = this.world.snapshot.context.calls.filter(({ status }) => status === 'asking');
    return asking.map(({ callId, askedCount }) => `${callId}#${askedCount}`).sort();
  }

  /** To the end, with the same answers for everybody and no more time than it takes. */
  async finish(): Promise<unknown> {
    await this.perform({ do: 'START' });
    await this.perform({ do: 'SIGNAL', signal: { type: 'RESUME' } });
    for (let step = 0; step < 500 && !this.hasEnded; step += 1) await this.#finishStep();
    const { over, turns, turnsEnded } = this.#model;
    return { output: this.world.output, over: [...over].sort(), turns, turnsEnded };
  }

  #finishStep(): Promise<void> {
    const { world } = this;
    const [question] = this.openQuestions;
    if (world.decisions.length > 0) return this.perform({ do: 'DECIDE', nth: 0 });
    if (world.callsInFlight.length > 0) return this.perform({ do: 'SETTLE', nth: 0 });
    if (question !== undefined) {
      const { allowed = false } = this.#scripted(question) ?? {};
      return this.perform({ do: 'SIGNAL', signal: { type: allowed ? 'APPROVE' : 'DENY', requestId: question } });
    }
    if (world.requests.length > 0) return this.perform({ do: 'REPLY' });
    return this.perform({ do: 'TIME', ms: timeLeft(world.snapshot.children.retry) ?? 0 });
  }
}
