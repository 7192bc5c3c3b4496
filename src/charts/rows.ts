/** What the box of a state says, line by line. */

import { mergeAlike, type State, type Transition } from './chart.js';

export interface Row {
  readonly transition: Transition;
  /** Its place among those that are tried in order. */
  readonly order?: number;
  /** `PAUSE [mayPause]`. With the state's path before it, the name of its arrow. */
  readonly trigger: string;
  /** Names of the actions of a transition that stays; of others the arrow tells enough. */
  readonly effects?: string;
  /** Key of the state it leads to. */
  readonly goal?: string;
}

export function rowsOf({ transitions }: State): Row[] {
  return mergeAlike(transitions).map((transition) => {
    const { event, rank, guard, actions, target } = transition;
    return {
      transition,
      trigger: [event, guard && `[${guard}]`].filter(Boolean).join(' '),
      ...(event === undefined && rank !== undefined ? { order: rank } : {}),
      ...(target === undefined ? { effects: actions.join(', ') } : { goal: keyOf(target) }),
    };
  });
}

/** Lines of plain text between the title and the rows. */
export function notesOf({ path, invokes, entry, exit }: State): string[] {
  return [
    ...(path === '' ? ['In every state that does not say otherwise:'] : []),
    ...invokes.map((name) => `invokes ${name}`),
    ...(entry.length > 0 ? [`on entry ${entry.join(', ')}`] : []),
    ...(exit.length > 0 ? [`on exit ${exit.join(', ')}`] : []),
  ];
}

/** What stands beside the title. */
export function asideOf(state: State): string | undefined {
  return rowsOf(state).some(({ order }) => order !== undefined) ? 'the first that holds:' : undefined;
}

export function plainText({ order, trigger, effects, goal }: Row): string {
  return [order, trigger, effects && `/ ${effects}`, goal && `→ ${goal}`].filter(Boolean).join(' ');
}

export function keyOf(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1);
}
