/** A small world with a monitor on it. */

import { onTestFinished } from 'vitest';
import { LiveSource } from '../../../src/monitor/live-source.js';
import { type Monitor, openMonitor } from '../../../src/monitor/start-monitor.js';
import type { ScriptedAnswer, ScriptedFunction } from '../../../src/testing/index.js';
import { createWorld, type World, type WorldOptions } from '../../support/world.js';
import { pageFiles } from './page-files.js';

export interface MonitoredWorld extends World {
  readonly monitor: Monitor;
  readonly token: string;
}

export async function createMonitoredWorld(
  turns: readonly ScriptedAnswer[] | ScriptedFunction,
  options: WorldOptions = {},
): Promise<MonitoredWorld> {
  const world = createWorld(turns, options);
  const source = new LiveSource(world.orchestrator, 'the run');
  const monitor = await openMonitor(source, { port: 0, holdsProcess: false, files: pageFiles() });
  onTestFinished(() => monitor.close());
  return { ...world, monitor, token: tokenOf(monitor) };
}

export function tokenOf({ url }: Monitor): string {
  return new URLSearchParams(new URL(url).hash.slice(1)).get('token') ?? '';
}
