/** What another process may ask of a subagent: the signals that come in over a bus. */

import { z } from 'zod';
import { TroupeError } from '../domain/errors.js';

const reason = z.string().optional();
const requestId = z.string().min(1);

const isNotBlank = (text: string) => text.trim() !== '';

export const ControlMessage = z.discriminatedUnion('signal', [
  z.strictObject({ signal: z.literal('pause') }),
  z.strictObject({ signal: z.literal('resume') }),
  z.strictObject({ signal: z.literal('cancel'), reason }),
  z.strictObject({
    signal: z.literal('steer'),
    message: z.string().refine(isNotBlank, 'expected a text that is not empty'),
  }),
  z.strictObject({ signal: z.literal('approve'), requestId }),
  z.strictObject({ signal: z.literal('deny'), requestId, reason }),
]);
export type ControlMessage = z.infer<typeof ControlMessage>;

/** @throws TroupeError `config_invalid`; the message lists every issue as `path: problem`. */
export function parseControlMessage(value: unknown): ControlMessage {
  const parsed = ControlMessage.safeParse(value);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map(
    (issue) => `${issue.path.map(String).join('.') || '(root)'}: ${issue.message}`,
  );
  throw new TroupeError('config_invalid', `control signal: ${issues.join('; ')}`, { cause: parsed.error });
}
