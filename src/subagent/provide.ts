/** Gives the subagent chart its activities, and puts what they come back with on record before the chart acts on it. */

import { fromPromise } from 'xstate';
import {
  type CallInput,
  type Decided,
  type Interrupted,
  interruptible,
  type RequestLlmInput,
  type RequestLlmOutput,
  subagentMachine,
  type ToolSettled,
  timerLogic,
} from '../../machines/index.js';
import type { Clock } from '../domain/clock.js';
import { TroupeError } from '../domain/errors.js';
import { callTool } from './call-tool.js';
import { decide } from './decide.js';
import type { LiveSubagent, SubagentLogic } from './live-subagent.js';
import { doneEvent } from './log-record.js';
import { requestLlm } from './request-llm.js';

/** @param find The live subagent of an id: models, tools and transcript never travel through input or context. */
export function provideSubagent(clock: Clock, find: (id: string) => LiveSubagent | undefined): SubagentLogic {
  const found = (id: string): LiveSubagent => {
    const subagent = find(id);
    if (subagent) return subagent;
    throw new TroupeError('bug', `${id} acts but is not live`);
  };
  return subagentMachine.provide({
    guards: {
      mayStart: ({ context }) => found(context.id).environment.hasSlot(context.id),
      lacksSlot: ({ context }) => !found(context.id).environment.hasSlot(context.id),
    },
    actors: {
      requestLlm: interruptible<RequestLlmOutput, RequestLlmInput>(
        ({ input, signal }) => {
          const subagent = found(input.id);
          return recorded(subagent, 'llm', requestLlm(subagent, input, signal), signal);
        },
        ({ id, turn }) => (turn <= found(id).turnBegun ? INTERRUPTED : NOT_SENT),
      ),
      callTool: interruptible<ToolSettled, CallInput>(
        ({ input, signal }) => {
          const subagent = found(input.id);
          return recorded(subagent, `tool.${input.call.callId}`, callTool(subagent, input, signal), signal);
        },
        ({ id, call: { callId } }) => {
          const { restored, log } = found(id);
          if (!restored?.begunCalls.has(callId)) return NOT_BEGUN;
          log?.add(doneEvent(`tool.${callId}`, INTERRUPTED)); // a later restore must come by here too
          return INTERRUPTED;
        },
      ),
      decide: fromPromise<Decided, CallInput>(({ input, signal }) => {
        const subagent = found(input.id);
        return recorded(subagent, `decide.${input.call.callId}`, decide(subagent, input, signal), signal);
      }),
      deadline: timerLogic(clock),
      retryTimer: timerLogic(clock),
      approvalTimer: timerLogic(clock),
    },
  });
}

const INTERRUPTED: Interrupted = { kind: 'interrupted' };
/** Nothing was lost: it goes as if it had just been let go. */
const NOT_SENT: RequestLlmOutput = { kind: 'retry_later', delayMs: 0, countsAsAttempt: false };
const NOT_BEGUN: ToolSettled = { kind: 'held' };

/** What brings the work on; a request that is to be made again, or a call that was held, has done nothing. */
const ON_RECORD: ReadonlySet<string> = new Set(['turn', 'settled', 'allow', 'deny', 'ask', 'fail', 'done']);

function recorded<Output extends { readonly kind: string }>(
  subagent: LiveSubagent,
  actorId: string,
  work: Promise<Output>,
  signal: AbortSignal,
): Promise<Output> {
  const { log } = subagent;
  if (!log) return work;
  subagent.untold.delete(actorId);
  return work.then(async (output) => {
    if (!ON_RECORD.has(output.kind)) return output;
    subagent.untold.add(actorId);
    await log.write(doneEvent(actorId, output), signal);
    return output;
  });
}
