import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { type AnyStateMachine, createMachine } from 'xstate';
import { toDirectedGraph } from 'xstate/graph';
import { orchestratorMachine, subagentMachine } from '../../machines/index.js';

// Seen as any machine, as both are read the same way.
const CHARTS: readonly (readonly [name: string, machine: AnyStateMachine, least: number])[] = [
  ['subagent', subagentMachine as unknown as AnyStateMachine, 40],
  ['orchestrator', orchestratorMachine as unknown as AnyStateMachine, 10],
];

const plain = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (_key, item) => (typeof item === 'function' ? { type: item.name } : item)));

/** Every state with the whole of its transitions, those that it takes by itself too, as XState has understood them. */
function statesOf(machine: AnyStateMachine): unknown[] {
  const below = (node: AnyStateMachine['root']): AnyStateMachine['root'][] => [
    node,
    ...Object.values(node.states).flatMap((state) => below(state as AnyStateMachine['root'])), // states of a machine are its nodes
  ];
  return below(machine.root).map((node) => {
    const transitions = [...[...node.transitions.values()].flat(), ...(node.always ?? [])];
    return {
      id: node.id,
      type: node.type,
      tags: node.tags,
      initial: node.initial?.target.map(({ id }) => id),
      invokes: node.invoke.map(({ id, src }) => [id, src]),
      entry: plain(node.entry),
      transitions: transitions.map(({ eventType, target, guard, actions }) => {
        return { eventType, target: target?.map(({ id }) => id), guard, actions: plain(actions) };
      }),
    };
  });
}

/** What whoever opens a chart elsewhere has in hand: the JSON of `docs/machines`, which is also what an inspector is sent. */
async function imported(name: string): Promise<AnyStateMachine> {
  const json = await readFile(new URL(`../../docs/machines/${name}.json`, import.meta.url), 'utf8');
  return createMachine(JSON.parse(json));
}

describe('a chart that is opened from its JSON', () => {
  test.each(CHARTS)('%s: XState understands it as the chart itself', async (name, machine, least) => {
    const states = statesOf(await imported(name));
    expect(states).toEqual(statesOf(machine));
    const transitions = states.flatMap((state) => (state as { transitions: unknown[] }).transitions);
    expect(transitions.length).toBeGreaterThan(least); // the reading itself works
  });

  test.each(CHARTS)('%s: the graph of xstate/graph is the same', async (name, machine) => {
    const graph = plain(toDirectedGraph(await imported(name)));
    expect(graph).toEqual(plain(toDirectedGraph(machine)));
  });
});
