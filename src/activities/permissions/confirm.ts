/** What a person's answer counts as: anything but a clear yes is a no. */

import { messageOf, TroupeError } from '../../domain/errors.js';
import type { Confirm, ConfirmAnswer, PermissionRequest } from '../../domain/permission.js';

/**
 * Asks `confirm` and never rejects. One that throws, rejects or gives back anything but `allow`, `always` or `deny` counts
 * as `deny`, and `onFault` is told why (`permission_denied`, the cause kept). How long an answer may take is the caller's.
 */
export async function answerByConfirm(
  confirm: Confirm,
  request: PermissionRequest,
  onFault?: (error: TroupeError) => void,
): Promise<ConfirmAnswer> {
  try {
    const answer: unknown = await confirm(request);
    if (answer === 'allow' || answer === 'always' || answer === 'deny') return answer;
    tell(onFault, faultOf(request, `gave back ${shown(answer)} in place of 'allow', 'always' or 'deny'`));
  } catch (cause) {
    tell(onFault, faultOf(request, `threw: ${messageOf(cause)}`, cause));
  }
  return 'deny';
}

function faultOf({ toolName, requestId }: PermissionRequest, problem: string, cause?: unknown): TroupeError {
  return new TroupeError(
    'permission_denied',
    `confirm ${problem}; request ${requestId} for ${toolName} counts as denied`,
    { cause },
  );
}

/** By its kind only, unless it is a short text: an answer may hold anything. */
function shown(answer: unknown): string {
  return typeof answer === 'string' ? JSON.stringify(answer.slice(0, 40)) : typeof answer;
}

function tell(onFault: ((error: TroupeError) => void) | undefined, error: TroupeError): void {
  try {
    onFault?.(error);
  } catch {
    // a reporter that throws must not turn a no into a crash
  }
}
