/** How a signal that came over the bus is handed to its subagent. */

import { messageOf } from '../domain/errors.js';
import type { AgentEventBody, ControlMessage } from '../events/index.js';
import type { SubAgentHandle } from './handle.js';

/** @param publish Events of that subagent: a signal that it cannot take is refused like any other. */
export function takeSignal(
  handle: SubAgentHandle | undefined,
  signal: ControlMessage,
  publish: (event: AgentEventBody) => void,
): void {
  if (!handle || handle.isDone()) return;
  switch (signal.signal) {
    case 'pause':
      void handle.pause();
      break;
    case 'resume':
      void handle.resume();
      break;
    case 'cancel':
      void handle.cancel(signal.reason);
      break;
    case 'steer':
      try {
        handle.steer(signal.message);
      } catch (error) {
        publish({ type: 'control_signal_received', signal: 'steer' });
        publish({ type: 'control_signal_applied', signal: 'steer', accepted: false, reason: messageOf(error) });
      }
      break;
    case 'approve':
      handle.approve(signal.requestId);
      break;
    case 'deny':
      handle.deny(signal.requestId, signal.reason);
  }
}
