/** What a person asks of the run goes out here, and what came of it is told. */

import type { ControlResult } from '../../domain/lifecycle.js';

type Action =
  | { readonly action: 'pause' | 'resume'; readonly id: string }
  | { readonly action: 'cancel'; readonly id: string; readonly reason?: string }
  | { readonly action: 'approve'; readonly id: string; readonly requestId: string }
  | { readonly action: 'deny'; readonly id: string; readonly requestId: string; readonly reason?: string }
  | { readonly action: 'steer'; readonly id: string; readonly message: string };

export class Controls {
  readonly #token: string;
  readonly #tell: (message: string, isBad: boolean) => void;

  constructor(token: string, tell: (message: string, isBad: boolean) => void) {
    this.#token = token;
    this.#tell = tell;
  }

  /** @returns whether it was taken. Never rejects. */
  async send(action: Action): Promise<boolean> {
    const what = `${action.action} of ${action.id}`;
    try {
      const response = await fetch('/control', {
        method: 'POST',
        headers: { authorization: `Bearer ${this.#token}`, 'content-type': 'application/json' },
        body: JSON.stringify(action),
      });
      const answer = (await response.json()) as Partial<ControlResult> & { readonly error?: string }; // our own server's
      if (answer.accepted) {
        this.#tell(`${what}: taken`, false);
        return true;
      }
      this.#tell(`${what}: ${answer.error ?? answer.reason ?? 'refused'}`, true);
    } catch {
      this.#tell(`${what}: the run cannot be reached`, true);
    }
    return false;
  }
}
