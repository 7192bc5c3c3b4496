/** Tells readers where a subagent stands: what has changed since they were last told, once. */

import type { Activity } from '../domain/activity.js';
import { isFinal, type LifecycleState } from '../domain/lifecycle.js';
import type { LiveSubagent } from './live-subagent.js';

export class Reporter {
  readonly #subagent: LiveSubagent;
  /** `start` was told, here or in a former life. */
  #started: boolean;
  /** What readers were told last. */
  #toldState: LifecycleState = 'pending';
  #toldActivity: Activity = { activityType: 'idle' };
  /** The snapshot and the count of messages that were looked at for it. */
  #toldOf: unknown;
  #toldAt = 0;

  constructor(subagent: LiveSubagent, started: boolean) {
    this.#subagent = subagent;
    this.#started = started;
  }

  tell(): void {
    this.tellState();
    this.#tellActivity();
  }

  tellState(): void {
    const { state } = this.#subagent;
    const from = this.#toldState;
    if (state === from) return;
    this.#toldState = state;
    if (isFinal(state)) this.#tellEnd(state);
    this.#subagent.publish({ type: 'subagent_state_changed', from, to: state });
    if (state === 'running' && !this.#started) {
      this.#started = true;
      this.#subagent.publish({
        type: 'start',
        prompt: this.#subagent.environment.redact(this.#subagent.plan.config.prompt),
      });
    }
    this.#subagent.touch();
  }

  #tellActivity(): void {
    const snapshot = this.#subagent.actor.getSnapshot();
    const messageCount = this.#subagent.transcript.length;
    if (snapshot === this.#toldOf && messageCount === this.#toldAt) return;
    this.#toldOf = snapshot;
    this.#toldAt = messageCount;
    if (isFinal(this.#toldState)) return;
    const { activity } = this.#subagent;
    if (sameActivity(activity, this.#toldActivity)) return;
    this.#toldActivity = activity;
    this.#subagent.touch();
    this.#subagent.publish({ type: 'subagent_activity_changed', activity });
  }

  #tellEnd(state: LifecycleState): void {
    const { usage, error } = this.#subagent;
    if (state === 'completed') this.#subagent.publish({ type: 'end', totalTokens: usage.totalTokens });
    if (state === 'failed' && error) this.#subagent.publish({ type: 'error', error: error.message, code: error.code });
  }
}

function sameActivity(a: Activity, b: Activity): boolean {
  if (a.activityType !== b.activityType) return false;
  if (a.activityType === 'requesting_llm' && b.activityType === 'requesting_llm') {
    return a.messageCount === b.messageCount;
  }
  if (a.activityType === 'calling_tool' && b.activityType === 'calling_tool') {
    return a.calls.length === b.calls.length && a.calls.every((call, index) => call.toolId === b.calls[index]?.toolId);
  }
  if (a.activityType === 'waiting_for_control' && b.activityType === 'waiting_for_control') {
    return a.reason === b.reason;
  }
  return true;
}
