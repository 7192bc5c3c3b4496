/** A chart as Mermaid text (stateDiagram-v2), for places that draw it from text. */

import { allStates, type Chart, mergeAlike, type State, type Transition } from '../../src/charts/index.js';

/**
 * Edges come after all states: Mermaid puts a state into the block where it first appears. Notes tell what stays in its state
 * (of several arrows from a state to itself Mermaid draws one), and what the root handles in every state.
 */
export function mermaidOf({ id, root }: Chart): string {
  const lines = ['stateDiagram-v2', '  direction TB', ...blockOf(root, '  ')];
  for (const state of allStates(root)) {
    for (const transition of state.transitions) {
      if (isTold(transition, state, root) || transition.target === undefined) continue;
      lines.push(`  ${nodeOf(state.path)} --> ${nodeOf(transition.target)} : ${labelOf(transition)}`);
    }
  }
  for (const state of allStates(root)) {
    const told = mergeAlike(state.transitions.filter((transition) => isTold(transition, state, root)));
    if (told.length === 0) continue;
    const rows = told.map((transition) => {
      const goal = transition.target === undefined ? '' : ` → ${transition.target}`;
      return `    ${labelOf(transition)}${goal}`;
    });
    const beside = state === root ? root.states[0] : state;
    const subject = state === root ? `${id}, in every state:` : `${state.key}, staying:`;
    lines.push(`  note right of ${nodeOf(beside?.path ?? id)}`, `    ${subject}`, ...rows, '  end note');
  }
  return `${lines.join('\n')}\n`;
}

function isTold({ target }: Transition, state: State, root: State): boolean {
  return target === undefined || state === root;
}

function blockOf(state: State, pad: string): string[] {
  const lines = state.initial === undefined ? [] : [`${pad}[*] --> ${nodeOf(below(state, state.initial))}`];
  for (const [index, child] of state.states.entries()) {
    if (state.kind === 'parallel' && index > 0) lines.push(`${pad}--`);
    const header = `${pad}state "${titleOf(child)}" as ${nodeOf(child.path)}`;
    lines.push(...(child.states.length > 0 ? [`${header} {`, ...blockOf(child, `${pad}  `), `${pad}}`] : [header]));
    if (child.kind === 'final') lines.push(`${pad}${nodeOf(child.path)} --> [*]`);
  }
  return lines;
}

function titleOf({ key, invokes, entry, exit }: State): string {
  const notes = [
    ...(invokes.length > 0 ? [`invokes ${invokes.join(', ')}`] : []),
    ...(entry.length > 0 ? [`entry / ${entry.join(', ')}`] : []),
    ...(exit.length > 0 ? [`exit / ${exit.join(', ')}`] : []),
  ];
  return notes.length === 0 ? key : `${key} (${notes.join('; ')})`;
}

function labelOf({ event, rank, guard, actions }: Transition): string {
  return [
    rank && `${rank}.`,
    event ?? (rank === undefined ? 'always' : ''),
    guard && `[${guard}]`,
    actions.length > 0 && `/ ${actions.join(', ')}`,
  ]
    .filter(Boolean)
    .join(' ');
}

/** Mermaid's ids know no dots. */
function nodeOf(path: string): string {
  return path.replaceAll('.', '__');
}

function below({ path }: State, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}
