/** Through a stored run, step by step: forward, back, or by itself. */

import { byId, setAttribute, setText } from './dom.js';
import { count } from './format.js';

const PLAY_MS = 400;

export class StepperView {
  readonly #bar = byId('stepper', HTMLElement);
  readonly #range = byId('step-range', HTMLInputElement);
  readonly #says = byId('step-says', HTMLOutputElement);
  readonly #play = byId('step-play', HTMLButtonElement);
  readonly #onStep: (step: number) => void;
  #timer = 0;

  /** @param onStep Told of the step to show. */
  constructor(onStep: (step: number) => void) {
    this.#onStep = onStep;
    this.#range.addEventListener('input', () => this.#go(this.step));
    const by = (id: string, to: () => number) =>
      byId(id, HTMLButtonElement).addEventListener('click', () => {
        this.#stop();
        this.#go(to());
      });
    by('step-first', () => 0);
    by('step-back', () => this.step - 1);
    by('step-on', () => this.step + 1);
    by('step-last', () => this.last);
    this.#play.addEventListener('click', () => (this.#timer ? this.#stop() : this.#start()));
  }

  get step(): number {
    return Number(this.#range.value);
  }

  get last(): number {
    return Number(this.#range.max);
  }

  /** @param steps How many there are; the last one is shown. */
  open(steps: number): void {
    if (!this.#bar.hidden && this.last === steps) return;
    const wasLast = this.#bar.hidden || this.step === this.last;
    this.#bar.hidden = false;
    setAttribute(this.#range, 'max', steps);
    if (wasLast) this.#range.value = `${steps}`;
    this.#say();
  }

  #go(step: number): void {
    this.#range.value = `${Math.min(this.last, Math.max(0, step))}`;
    this.#say();
    this.#onStep(this.step);
  }

  #say(): void {
    setText(this.#says, `step ${count(this.step)} of ${count(this.last)}`);
    setAttribute(this.#range, 'aria-valuetext', this.#says.value);
  }

  #start(): void {
    if (this.step === this.last) this.#go(0);
    this.#timer = window.setInterval(() => {
      this.#go(this.step + 1);
      if (this.step === this.last) this.#stop();
    }, PLAY_MS);
    this.#showPlaying();
  }

  #stop(): void {
    clearInterval(this.#timer);
    this.#timer = 0;
    this.#showPlaying();
  }

  #showPlaying(): void {
    setAttribute(this.#play, 'aria-pressed', `${this.#timer !== 0}`);
    setText(this.#play, this.#timer ? 'Stop' : 'Play');
  }
}
