/** An agent bound to a workspace: owns an orchestrator. */

import type { Observable } from 'rxjs';
import {
  type CloseOptions,
  parseOrchestratorConfig,
  parseSessionOptions,
  type SessionOptions,
} from '../config/index.js';
import type { AgentRuntime } from '../domain/agent.js';
import { TroupeError } from '../domain/errors.js';
import type { AgentEvent } from '../events/index.js';
import { Orchestrator } from '../orchestrator/index.js';

export class Session implements AsyncDisposable {
  /** Its subagents; at its limit they queue. */
  readonly orchestrator: Orchestrator;

  private constructor(orchestrator: Orchestrator) {
    this.orchestrator = orchestrator;
  }

  /** @throws TroupeError `config_invalid`. */
  static open(runtime: AgentRuntime, workspace: string, options: SessionOptions): Session {
    if (typeof workspace !== 'string' || workspace === '') {
      throw new TroupeError('config_invalid', 'workspace: expected the path of a folder');
    }
    const { tools, permissions, permissive, model, orchestrator, ...rest } = parseSessionOptions(options);
    const { confirm, approvals, confirmTimeoutMs, bus } = rest;
    const config = parseOrchestratorConfig({
      onLimit: 'queue',
      workspace,
      ...(confirm ? { confirm } : {}),
      ...(approvals ? { approvals } : {}),
      ...(confirmTimeoutMs === undefined ? {} : { confirmTimeoutMs }),
      ...(bus ? { bus } : {}),
      ...orchestrator,
    });
    const scope = { tools, permissive, ...(permissions ? { permissions } : {}), ...(model ? { model } : {}) };
    return new Session(Orchestrator.forSession(runtime, config, scope));
  }

  /** Every subagent of this session, from now on. */
  get events$(): Observable<AgentEvent> {
    return this.orchestrator.events$;
  }

  /** Closes its orchestrator. Idempotent. */
  close(options?: CloseOptions): Promise<void> {
    return this.orchestrator.close(options);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
