/** Chart + activities: the machine that live subagents run, provided once for all subagents of an orchestrator. */

import { fromPromise } from 'xstate';
import {
  type CallInput,
  interruptible,
  type RequestLlmInput,
  type RequestLlmOutput,
  subagentMachine,
  type ToolSettled,
  timerLogic,
} from '../../machines/index.js';
import type { Clock } from '../domain/clock.js';
import { TroupeError } from '../domain/errors.js';
import type { Decision } from '../domain/permission.js';
import { callTool } from './call-tool.js';
import { decide } from './decide.js';
import type { LiveSubagent, SubagentLogic } from './live-subagent.js';
import { requestLlm } from './request-llm.js';

/** @param find The live subagent of an id: models, tools and transcript never travel through input or context. */
export function provideSubagent(clock: Clock, find: (id: string) => LiveSubagent | undefined): SubagentLogic {
  const live = (id: string): LiveSubagent => {
    const subagent = find(id);
    if (!subagent) throw new TroupeError('bug', `${id} acts but is not live`);
    return subagent;
  };
  return subagentMachine.provide({
    actors: {
      requestLlm: interruptible<RequestLlmOutput, RequestLlmInput>(async ({ input, signal }) =>
        requestLlm(live(input.id), input, signal),
      ),
      callTool: interruptible<ToolSettled, CallInput>(async ({ input, signal }) =>
        callTool(live(input.id), input, signal),
      ),
      decide: fromPromise<Decision, CallInput>(async ({ input }) => decide(live(input.id), input)),
      deadline: timerLogic(clock),
      retryTimer: timerLogic(clock),
      approvalTimer: timerLogic(clock),
    },
  });
}
