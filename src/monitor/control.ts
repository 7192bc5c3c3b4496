/** What a page may ask of a run: nothing but what steers one subagent. */

import { z } from 'zod';
import { requestIdOf } from '../../machines/index.js';
import { messageOf, TroupeError } from '../domain/errors.js';
import type { ControlResult } from '../domain/lifecycle.js';
import type { SubAgentHandle } from '../orchestrator/index.js';

const id = z.string().min(1).max(1_000);
const reason = z.string().max(10_000).exactOptional();

const Control = z.discriminatedUnion('action', [
  z.strictObject({ action: z.literal('pause'), id }),
  z.strictObject({ action: z.literal('resume'), id }),
  z.strictObject({ action: z.literal('cancel'), id, reason }),
  z.strictObject({ action: z.literal('approve'), id, requestId: id }),
  z.strictObject({ action: z.literal('deny'), id, requestId: id, reason }),
  z.strictObject({ action: z.literal('steer'), id, message: z.string().min(1).max(100_000) }),
]);
export type Control = z.output<typeof Control>;

/** @throws TroupeError `config_invalid`. */
export function parseControl(text: string): Control {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new TroupeError('config_invalid', 'control: expected JSON', { cause });
  }
  const parsed = Control.safeParse(value);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map((issue) => `${issue.path.join('.') || '(root)'}: ${issue.message}`);
  throw new TroupeError('config_invalid', `control: ${issues.join('; ')}`, { cause: parsed.error });
}

/** Never rejects. A pause answers at once: when it has come to rest is told by events. */
export async function applyControl(handle: SubAgentHandle | undefined, control: Control): Promise<ControlResult> {
  if (handle === undefined) return { accepted: false, reason: 'unknown_subagent' };
  if (handle.isDone()) return { accepted: false, state: handle.state(), reason: 'already_ended' };
  switch (control.action) {
    case 'pause': {
      if (handle.isPaused()) return handle.pause(); // refused at once
      void handle.pause();
      return { accepted: handle.isPaused(), state: handle.state() };
    }
    case 'resume':
      return handle.resume();
    case 'cancel':
      return handle.cancel(control.reason);
    case 'approve':
      return answered(handle, control.requestId, () => handle.approve(control.requestId));
    case 'deny':
      return answered(handle, control.requestId, () => handle.deny(control.requestId, control.reason));
    case 'steer':
      try {
        handle.steer(control.message);
        return { accepted: true, state: handle.state() };
      } catch (error) {
        return { accepted: false, state: handle.state(), reason: messageOf(error) };
      }
  }
}

/** Somebody else may have been faster. */
function answered(handle: SubAgentHandle, requestId: string, answer: () => void): ControlResult {
  const { calls } = handle.actor.getSnapshot().context;
  const isAsked = calls.some((call) => call.status === 'asking' && requestIdOf(call) === requestId);
  answer();
  return { accepted: isAsked, state: handle.state(), ...(isAsked ? {} : { reason: 'unknown_request' }) };
}
