/** Shows the subagents of an orchestrator: a live table in a terminal, plain lines where there is none. */

import { stripVTControlCharacters, styleText } from 'node:util';
import { auditTime, interval, merge, type Subscription } from 'rxjs';
import type { Activity, AgentEvent, Orchestrator, SubAgentInfo } from 'troupe';

export interface LiveView {
  /** A line of the program itself. */
  say(text: string): void;
  stop(): void;
}

export function showLive(orchestrator: Orchestrator, out: NodeJS.WriteStream = process.stdout): LiveView {
  return out.isTTY ? liveTable(orchestrator, out) : plainLines(orchestrator, out);
}

function liveTable(orchestrator: Orchestrator, out: NodeJS.WriteStream): LiveView {
  let drawn = 0;
  const erase = () => out.write(drawn > 0 ? `\x1b[${drawn}A\x1b[J` : '');
  const draw = () => {
    const width = out.columns || 100;
    const rows = [HEADER, ...orchestrator.listSubagents().map(cells)].map((row) => line(row).slice(0, width - 1));
    erase();
    out.write(`${rows.map((row, index) => (index === 0 ? styleText('bold', row) : tinted(row))).join('\n')}\n`);
    drawn = rows.length;
  };
  const redraw = merge(orchestrator.events$, interval(200)).pipe(auditTime(50)).subscribe(draw);
  return {
    say: (text) => {
      erase();
      drawn = 0;
      out.write(`${text}\n`);
      draw();
    },
    stop: () => {
      redraw.unsubscribe();
      draw();
    },
  };
}

function plainLines(orchestrator: Orchestrator, out: NodeJS.WriteStream): LiveView {
  const say = (text: string) => void out.write(`${text}\n`);
  const tell = (event: AgentEvent) => {
    if (event.type === 'subagent_state_changed') say(`${event.subagentId}  ${event.from} -> ${event.to}`);
    if (event.type === 'subagent_activity_changed') say(`${event.subagentId}  ${activityText(event.activity)}`);
  };
  const subscription: Subscription = orchestrator.events$.subscribe(tell);
  return { say, stop: () => subscription.unsubscribe() };
}

const HEADER = ['id', 'agent', 'task', 'state', 'turn', 'tokens', 'elapsed', 'activity'];
const WIDTHS = [12, 9, 8, 10, 5, 7, 8, 0];

const line = (row: readonly string[]) => row.map((cell, column) => cell.padEnd(WIDTHS[column] ?? 0)).join(' ');

function cells(info: SubAgentInfo): string[] {
  const until = info.currentActivity ? Date.now() : info.updatedAt;
  const elapsed = `${((until - info.createdAt) / 1000).toFixed(1)} s`;
  const activity = info.currentActivity ? activityText(info.currentActivity) : '';
  const counts = [String(info.turn), String(info.usage.totalTokens)];
  return [info.id, info.agentType, info.description, info.state, ...counts, elapsed, activity];
}

export function activityText(activity: Activity): string {
  switch (activity.activityType) {
    case 'calling_tool':
      return `calling ${activity.calls.map(({ toolName, args }) => `${toolName} ${safe(args)}`).join(', ')}`;
    case 'requesting_llm':
      return `asking the model (${activity.messageCount} messages)`;
    case 'waiting_for_control':
      return `waiting: ${activity.reason}`;
    case 'idle':
      return 'idle';
  }
}

/** What a model wrote must not steer the terminal. */
function safe(args: unknown): string {
  return stripVTControlCharacters(JSON.stringify(args) ?? '').slice(0, 60);
}

function tinted(row: string): string {
  if (row.includes(' paused ')) return styleText('yellow', row);
  if (row.includes(' completed ')) return styleText('green', row);
  return row.includes(' failed ') ? styleText('red', row) : row;
}
