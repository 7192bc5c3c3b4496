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
  // Not async, as the activities are: each layer of promises is three more microtasks.
  const live = <Result>(id: string, act: (subagent: LiveSubagent) => Promise<Result>): Promise<Result> => {
    const subagent = find(id);
    return subagent ? act(subagent) : Promise.reject(new TroupeError('bug', `${id} acts but is not live`));
  };
  return subagentMachine.provide({
    actors: {
      requestLlm: interruptible<RequestLlmOutput, RequestLlmInput>(({ input, signal }) =>
        live(input.id, (subagent) => requestLlm(subagent, input, signal)),
      ),
      callTool: interruptible<ToolSettled, CallInput>(({ input, signal }) =>
        live(input.id, (subagent) => callTool(subagent, input, signal)),
      ),
      decide: fromPromise<Decision, CallInput>(({ input }) => live(input.id, (subagent) => decide(subagent, input))),
      deadline: timerLogic(clock),
      retryTimer: timerLogic(clock),
      approvalTimer: timerLogic(clock),
    },
  });
}
