/** The types and placeholder actors that the subagent chart and its actions share. */

import { fromPromise, setup } from 'xstate';
import { realClock } from '../src/domain/clock.js';
import type { LifecycleState } from '../src/domain/lifecycle.js';
import { interruptible } from './interruptible.js';
import type {
  CallInput,
  Decided,
  ModelTurnResult,
  RequestLlmInput,
  RetryLater,
  SubagentContext,
  SubagentEmitted,
  SubagentInput,
  SubagentMachineEvent,
  SubagentOutput,
  ToolSettled,
} from './subagent-types.js';
import { timerLogic } from './timer.js';

export type RequestLlmOutput = ModelTurnResult | RetryLater;

const notProvided = (name: string) => Promise.reject(new Error(`${name} is a placeholder: provide it`));

export const subagentTypes = {
  context: {} as SubagentContext,
  events: {} as SubagentMachineEvent,
  input: {} as SubagentInput,
  output: {} as SubagentOutput,
  emitted: {} as SubagentEmitted,
  children: {} as { llm: 'requestLlm'; deadline: 'deadline'; retry: 'retryTimer' },
  tags: {} as LifecycleState,
};

/** What the chart needs from outside; `src/subagent` provides it. The timers run on the real clock unless replaced. */
export const subagentActors = {
  requestLlm: interruptible<RequestLlmOutput, RequestLlmInput>(() => notProvided('requestLlm')),
  callTool: interruptible<ToolSettled, CallInput>(() => notProvided('callTool')),
  decide: fromPromise<Decided, CallInput>(() => notProvided('decide')),
  deadline: timerLogic(realClock),
  retryTimer: timerLogic(realClock),
  approvalTimer: timerLogic(realClock),
};

/** Types actions in files of their own; the chart itself is in `subagent.ts`. */
export const subagentSetup = setup({ types: subagentTypes, actors: subagentActors });
