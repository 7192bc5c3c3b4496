/** A statechart as the drawings need it, read from a machine's definition. */

import { z } from 'zod';

export interface Transition {
  /** As a reader would say it: `PAUSE`, `tool done`, `done`; absent where the chart goes on by itself. */
  readonly event?: string;
  /** Its place, from 1, among those of the same event; the first whose guard holds is taken. Absent where there is one only. */
  readonly rank?: number;
  /** `else` for the last of several, when it has none. */
  readonly guard?: string;
  readonly actions: readonly string[];
  /** Path of the state it leads to; absent where it stays. */
  readonly target?: string;
}

export interface State {
  /** `active.control.paused`; the root's is empty. */
  readonly path: string;
  readonly key: string;
  readonly kind: 'atomic' | 'compound' | 'parallel' | 'final';
  readonly initial?: string;
  /** Names of the actors that run while it is active. */
  readonly invokes: readonly string[];
  readonly entry: readonly string[];
  readonly exit: readonly string[];
  readonly transitions: readonly Transition[];
  readonly states: readonly State[];
}

export interface Chart {
  readonly id: string;
  readonly root: State;
}

// Strict all through: what the drawings do not know must fail here and not be left out of the picture.
const Named = z.union([z.string().min(1), z.strictObject({ type: z.string().min(1) }).transform(({ type }) => type)]);
const Several = z
  .union([Named, z.array(Named)])
  .optional()
  .transform((names) => [names ?? []].flat());
const Edge = z.strictObject({ target: z.string().optional(), guard: Named.optional(), actions: Several });
const Edges = z
  .union([z.string().transform((target) => Edge.parse({ target })), Edge, z.array(Edge)])
  .optional()
  .transform((edges) => [edges ?? []].flat());
const Invoke = z.strictObject({
  id: z.string().optional(),
  src: z.string(),
  input: z.unknown().optional(),
  onDone: Edges,
  onError: Edges,
});

const StateDefinition = z.strictObject({
  type: z.enum(['parallel', 'final']).optional(),
  tags: Several,
  initial: z.string().optional(),
  entry: Several,
  exit: Several,
  invoke: z
    .union([Invoke, z.array(Invoke)])
    .optional()
    .transform((invokes) => [invokes ?? []].flat()),
  on: z.record(z.string(), Edges).default({}),
  always: Edges,
  get states() {
    return z.record(z.string(), StateDefinition).default({});
  },
});
type StateDefinition = z.output<typeof StateDefinition>;

const MachineDefinition = StateDefinition.extend({
  id: z.string(),
  context: z.unknown().optional(),
  output: z.unknown().optional(),
});

/** The definition as JSON; a function stands as `{ "type": its name }`. @throws Error for a function without a name. */
export function definitionJson(config: unknown): string {
  const plain = (key: string, value: unknown): unknown => {
    if (typeof value !== 'function') return value;
    if (value.name === '' || value.name === key) throw new Error(`${key}: a chart names its functions; give it a name`);
    return { type: value.name };
  };
  return `${JSON.stringify(config, plain, 2)}\n`;
}

/** @throws Error where the definition holds what the drawings cannot show, or leads to a state that does not exist. */
export function readChart(config: unknown): Chart {
  const parsed = MachineDefinition.safeParse(JSON.parse(definitionJson(config)));
  if (!parsed.success) throw new Error(`the drawings do not know this chart:\n${z.prettifyError(parsed.error)}`);
  const { id, ...definition } = parsed.data;
  const root = stateOf(definition, [], id);
  const known = new Set(allStates(root).map(({ path }) => path));
  for (const state of allStates(root)) {
    for (const { target } of state.transitions) {
      if (target !== undefined && !known.has(target))
        throw new Error(`${state.path} leads to ${target}: no such state`);
    }
  }
  return { id, root };
}

/** A state and all below it, outermost first, in the order of the definition. */
export function allStates(state: State): State[] {
  return [state, ...state.states.flatMap(allStates)];
}

/** Transitions that differ in nothing but the event, as one: `PAUSE, RESUME`. */
export function mergeAlike(transitions: readonly Transition[]): Transition[] {
  const merged = new Map<string, Transition>();
  for (const transition of transitions) {
    const { event, ...rest } = transition;
    const likeness = event === undefined ? `${merged.size}` : JSON.stringify(rest);
    const former = merged.get(likeness);
    merged.set(likeness, former ? { ...former, event: `${former.event}, ${event}` } : transition);
  }
  return [...merged.values()];
}

function stateOf(definition: StateDefinition, path: readonly string[], machineId: string): State {
  const { type, initial, entry, exit, invoke, states } = definition;
  const edges = (event: string | undefined, list: readonly z.output<typeof Edge>[]): Transition[] =>
    list.map(({ target, guard = list.length > 1 ? 'else' : undefined, actions }, index) => ({
      actions,
      ...(event === undefined ? {} : { event }),
      ...(list.length > 1 ? { rank: index + 1 } : {}),
      ...(guard === undefined ? {} : { guard }),
      ...(target === undefined ? {} : { target: targetPath(target, path, machineId) }),
    }));
  return {
    path: path.join('.'),
    key: path.at(-1) ?? machineId,
    kind: type ?? (Object.keys(states).length > 0 ? 'compound' : 'atomic'),
    invokes: invoke.map(({ src }) => src),
    entry,
    exit,
    transitions: [
      ...Object.entries(definition.on).flatMap(([event, list]) => edges(spoken(event), list)),
      ...invoke.flatMap(({ onDone, onError }) => [...edges('done', onDone), ...edges('error', onError)]),
      ...edges(undefined, definition.always),
    ],
    states: Object.entries(states).map(([key, below]) => stateOf(below, [...path, key], machineId)),
    ...(initial === undefined ? {} : { initial }),
  };
}

/** XState's own event names are long: `xstate.done.actor.tool.*` is said as `tool done`, of any actor `child done`. */
function spoken(event: string): string {
  const [, what, actor] = /^xstate\.(done|error)\.actor\.(.+)$/.exec(event) ?? [];
  if (what === undefined || actor === undefined) return event;
  return `${actor === '*' ? 'child' : actor.replace(/\.\*$/, '')} ${what}`;
}

function targetPath(target: string, from: readonly string[], machineId: string): string {
  if (target.startsWith(`#${machineId}.`)) return target.slice(machineId.length + 2);
  if (target.startsWith('#')) throw new Error(`${target}: the drawings know no ids but the machine's own`);
  if (target.startsWith('.')) return [...from, target.slice(1)].join('.');
  return [...from.slice(0, -1), target].join('.');
}
