/** Turns the event stream of an orchestrator into OpenTelemetry spans by the GenAI conventions. */

import { type Context, context, type Tracer, trace } from '@opentelemetry/api';
import { TroupeError } from '../domain/errors.js';
import type { AgentEvent } from '../events/index.js';
import { Orchestrator, type SpawnedSubagent } from '../orchestrator/index.js';
import { SubagentSpans } from './subagent-spans.js';

export interface TraceOptions {
  /** That of the globally registered provider by default. */
  readonly tracer?: Tracer;
  /** Also prompts, answers, arguments and results, without the secrets that are known; false by default. */
  readonly content?: boolean;
}

interface Spawned extends SpawnedSubagent {
  /** Where it was spawned: its span belongs to the span that was active there. */
  readonly context: Context;
}

/**
 * One span for each subagent, one for each turn's request, one for each side question, one for each tool that runs, from now on. A subagent's span stands below
 * that of the call, or of the parent, that spawned it; else below the span that is active where it is spawned. One that comes back in
 * another process begins a trace of its own: all lives of one have the same `gen_ai.conversation.id`, and `troupe.epoch` counts them.
 * @returns how to stop; spans that are open then end then.
 * @throws TroupeError `config_invalid`.
 */
export function traceTo(orchestrator: Orchestrator, options: TraceOptions = {}): () => void {
  if (!(orchestrator instanceof Orchestrator)) {
    throw new TroupeError('config_invalid', 'traceTo: expected an Orchestrator, such as session.orchestrator');
  }
  const { tracer = trace.getTracer('troupe'), content = false } = options;
  const spawned = new Map<string, Spawned>();
  const open = new Map<string, SubagentSpans>();

  const begin = (event: Extract<AgentEvent, { type: 'subagent_started' }>) => {
    const about = spawned.get(event.subagentId);
    if (!about) return;
    spawned.delete(event.subagentId);
    const parent = event.parentId === undefined ? undefined : open.get(event.parentId);
    const below = parent?.contextOf(about.toolId) ?? about.context;
    open.set(event.subagentId, new SubagentSpans(event, about, { tracer, content, below }));
  };
  const leaveSpawns = orchestrator.onSpawn((one) => spawned.set(one.id, { ...one, context: context.active() }));
  const leaveAsides = orchestrator.onAside((aside) => open.get(aside.id)?.takeAside(aside));
  const leave = () => {
    leaveSpawns();
    leaveAsides();
  };
  const endAll = () => {
    for (const spans of open.values()) spans.letGo();
    open.clear();
  };
  const events = orchestrator.events$.subscribe({
    next: (event) => {
      if (event.type === 'gap') return;
      if (event.type === 'subagent_started') begin(event);
      else open.get(event.subagentId)?.take(event);
      if (event.type === 'subagent_completed') open.delete(event.subagentId);
    },
    complete: () => {
      leave();
      endAll(); // suspended ones have no last event
    },
  });
  return () => {
    leave();
    events.unsubscribe();
    endAll();
  };
}
