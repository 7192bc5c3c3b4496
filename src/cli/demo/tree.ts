/** The tree of subagents as lines of text: each below its parent, with its state, its timeline and what it does. Pure. */

import { styleText } from 'node:util';
import type { Activity } from '../../domain/activity.js';
import { isFinal, type LifecycleState } from '../../domain/lifecycle.js';
import type { SubAgentInfo } from '../../domain/outcome.js';
import { harmless } from '../terminal.js';
import { barOf, NEW_TRACK, type Track } from './timeline.js';

const NAME_WIDTH = 27;
const STATE_WIDTH = 10;
const MIN_BAR_WIDTH = 12;
const MAX_BAR_WIDTH = 40;

export interface TreeView {
  readonly infos: readonly SubAgentInfo[];
  readonly tracks: ReadonlyMap<string, Track>;
  /** The one that keys go to. */
  readonly chosenId?: string | undefined;
  /** Ms since the epoch. */
  readonly startedAt: number;
  readonly now: number;
  readonly columns: number;
  readonly isColoured: boolean;
}

interface Node {
  readonly info: SubAgentInfo;
  /** Lines that lead to it from its parent. */
  readonly branch: string;
}

/** Parents before their children, else in the order of their spawning. */
export function treeOf(infos: readonly SubAgentInfo[]): Node[] {
  const known = new Set(infos.map(({ id }) => id));
  const below = (parentId: string | undefined, indent: string): Node[] => {
    const here = infos.filter((info) => parentOf(info, known) === parentId);
    return here.flatMap((info, index) => {
      const isLast = index === here.length - 1;
      const isRoot = parentId === undefined;
      return [
        { info, branch: isRoot ? '' : `${indent}${isLast ? '└ ' : '├ '}` },
        ...below(info.id, isRoot ? '' : `${indent}${isLast ? '  ' : '│ '}`),
      ];
    });
  };
  return below(undefined, '');
}

function parentOf({ parentId }: SubAgentInfo, known: ReadonlySet<string>): string | undefined {
  return parentId !== undefined && known.has(parentId) ? parentId : undefined;
}

export function drawTree({ infos, tracks, chosenId, startedAt, now, columns, isColoured }: TreeView): string[] {
  const barWidth = Math.min(Math.max(columns - NAME_WIDTH - STATE_WIDTH - 32, MIN_BAR_WIDTH), MAX_BAR_WIDTH);
  return treeOf(infos).map(({ info, branch }) => {
    const { id, description, state } = info;
    const isChosen = id === chosenId;
    const name = fitted(`${isChosen ? '>' : ' '} ${branch}${id} ${description}`, NAME_WIDTH);
    const bar = barOf(tracks.get(id) ?? NEW_TRACK, barWidth, startedAt, now);
    const rest = Math.max(columns - NAME_WIDTH - STATE_WIDTH - barWidth - 4, 0);
    const does = cut(doesOf(info), rest);
    if (!isColoured) return `${name} ${state.padEnd(STATE_WIDTH)} ${bar}  ${does}`.trimEnd();
    const shownName = isChosen ? styleText('bold', name) : name;
    return `${shownName} ${styleText(COLOURS[state], state.padEnd(STATE_WIDTH))} ${styleText('blue', bar)}  ${styleText('dim', does)}`;
  });
}

/** Up to when there is something to tell of: it stands still when all have ended. Ms since the epoch. */
export function endOf(infos: readonly SubAgentInfo[], now: number): number {
  const isOver = infos.length > 0 && infos.every(({ state }) => isFinal(state));
  return isOver ? Math.max(...infos.map(({ updatedAt }) => updatedAt)) : now;
}

const COLOURS: Readonly<Record<LifecycleState, Parameters<typeof styleText>[0]>> = {
  pending: 'dim',
  running: 'green',
  paused: 'yellow',
  completed: 'cyan',
  failed: 'red',
  cancelled: 'magenta',
};

function doesOf({ currentActivity, usage, error, turn }: SubAgentInfo): string {
  if (error) return error.message;
  return currentActivity === undefined
    ? `${usage.totalTokens} tokens in ${turn} ${turn === 1 ? 'turn' : 'turns'}`
    : activityText(currentActivity);
}

export function activityText(activity: Activity): string {
  switch (activity.activityType) {
    case 'calling_tool':
      return activity.calls.map(({ toolName, args }) => callText(toolName, args)).join(', ');
    case 'requesting_llm':
      return 'asks the model';
    case 'waiting_for_control':
      return `waits: ${activity.reason}`;
    case 'idle':
      return '';
    default:
      return activity satisfies never;
  }
}

/** With the first argument that is a text, which mostly is what it is about. */
export function callText(toolName: string, args: unknown): string {
  const values = typeof args === 'object' && args !== null ? Object.values(args) : [];
  const subject = values.find((value) => typeof value === 'string');
  return subject === undefined ? toolName : `${toolName} ${oneLine(subject)}`;
}

/** Of a file's name or of what a model wrote. */
export function oneLine(text: string): string {
  return harmless(text).replace(/\s+/g, ' ').trim();
}

function fitted(text: string, width: number): string {
  return cut(oneLineEnd(text), width).padEnd(width);
}

function oneLineEnd(text: string): string {
  return harmless(text).replace(/[\r\n\t]+/g, ' ');
}

function cut(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, Math.max(width - 1, 0))}…` : text;
}
