/** Opens the page on a run: its link, and how to close it. */

import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { TroupeError } from '../domain/errors.js';
import type { Orchestrator } from '../orchestrator/index.js';
import { LiveSource } from './live-source.js';
import { MonitorServer } from './monitor-server.js';
import { type PageFile, readPageFiles } from './page-files.js';
import type { MonitorSource } from './source.js';

export const MonitorOptions = z.strictObject({
  /** 0, the default, for any that is free. */
  port: z.int().min(0).max(65_535).default(0),
  /** What the page calls the run; by default `troupe`, and a stored one by its session. */
  name: z.string().min(1).max(200).optional(),
});
export type MonitorOptions = z.input<typeof MonitorOptions>;

export interface Monitor extends AsyncDisposable {
  /** With the token behind the `#`, which no browser sends to any server. Whoever has it can steer. */
  readonly url: string;
  readonly port: number;
  /** Closes all pages and lets the port go; what runs is not touched. Idempotent. */
  close(): Promise<void>;
}

/**
 * Serves one page on 127.0.0.1 that shows the subagents of an orchestrator, or of a session's, and steers them. Reads events, sends
 * control signals, and does nothing else: what runs does not notice it. It does not keep the process alive.
 * @throws TroupeError `config_invalid`, also for a port that is taken.
 */
export async function startMonitor(
  target: Orchestrator | { readonly orchestrator: Orchestrator },
  options: MonitorOptions = {},
): Promise<Monitor> {
  const { port, name = 'troupe' } = parseMonitorOptions(options, MonitorOptions);
  const orchestrator = 'orchestrator' in target ? target.orchestrator : target;
  if (typeof orchestrator?.replay$ !== 'function') {
    throw new TroupeError('config_invalid', 'startMonitor: expected an Orchestrator or a Session');
  }
  return openMonitor(new LiveSource(orchestrator, name), { port, holdsProcess: false });
}

/** @throws TroupeError `config_invalid`. */
export function parseMonitorOptions<Options>(options: unknown, schema: z.ZodType<Options>): Options {
  const parsed = schema.safeParse(options);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map((issue) => `${issue.path.join('.') || '(root)'}: ${issue.message}`);
  throw new TroupeError('config_invalid', `MonitorOptions: ${issues.join('; ')}`, { cause: parsed.error });
}

/** @param files Of the page; by default those that were built. */
export async function openMonitor(
  source: MonitorSource,
  options: { readonly port: number; readonly holdsProcess: boolean; readonly files?: ReadonlyMap<string, PageFile> },
): Promise<Monitor> {
  const token = randomBytes(24).toString('base64url');
  try {
    const files = options.files ?? readPageFiles();
    const server = await MonitorServer.open(source, { ...options, token, files });
    const { port } = server;
    const close = () => server.close();
    return { url: `http://127.0.0.1:${port}/#token=${token}`, port, close, [Symbol.asyncDispose]: close };
  } catch (error) {
    source.close();
    throw error;
  }
}
