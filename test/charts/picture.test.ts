import { expect, test } from 'vitest';
import { setup } from 'xstate';
import { subagentMachine } from '../../machines/index.js';
import { mermaidOf } from '../../scripts/charts/mermaid.js';
import { definitionJson, type Layout, pictureOf, readChart, subagentLayout } from '../../src/charts/index.js';

const door = setup({ guards: { isLocked: () => false }, actions: { ring: () => {}, squeak: () => {} } }).createMachine({
  id: 'door',
  initial: 'shut',
  on: { KNOCK: { actions: 'ring' }, LEAN: { actions: 'ring' } },
  states: {
    shut: {
      on: {
        PUSH: [
          { guard: 'isLocked', actions: 'ring' },
          { target: 'open', actions: 'squeak' },
        ],
      },
    },
    open: { type: 'final' },
  },
});

const layout: Layout = {
  width: 600,
  height: 300,
  boxes: {
    '': { x: 0, y: 0, w: 600, h: 300, lines: { x: 200, y: 10 } },
    shut: { x: 20, y: 100, w: 200, h: 80 },
    open: { x: 300, y: 100, w: 200, h: 80 },
  },
  starts: { shut: { x: 10, y: 140 } },
  routes: { 'shut PUSH [else]': { side: 'right', via: [300] } },
};

test('a picture shows the states, what makes them change, and arrows between them', () => {
  const picture = pictureOf(readChart(door.config), layout);
  expect(picture).toContain('>PUSH [isLocked] <tspan class="effects">/ ring</tspan>');
  expect(picture).toContain('>PUSH [else] <tspan class="goal on">→ open</tspan>');
  expect(picture).toContain('>KNOCK, LEAN <tspan class="effects">/ ring</tspan>');
  expect(picture).toContain('d="M220 155.5L300 155.5"');
});

test('a state that the layout does not know stops the drawing', () => {
  const config = JSON.parse(definitionJson(subagentMachine.config));
  config.states.pending.states.asleep = {};
  expect(() => pictureOf(readChart(config), subagentLayout)).toThrow('it lacks the state "pending.asleep"');
});

test('an arrow that the layout does not know stops the drawing', () => {
  const config = JSON.parse(definitionJson(subagentMachine.config));
  config.states.pending.states.ready.on.GIVE_UP = { target: '#subagent.cancelled' };
  expect(() => pictureOf(readChart(config), subagentLayout)).toThrow('it lacks the arrow "pending.ready GIVE_UP"');
});

test('a state or an arrow that the chart no longer has stops the drawing', () => {
  const boxes = { ...layout.boxes, ajar: { x: 0, y: 0, w: 1, h: 1 } };
  expect(() => pictureOf(readChart(door.config), { ...layout, boxes })).toThrow('the chart has no state "ajar"');
  const routes = { ...layout.routes, 'shut KICK': { side: 'left' as const, via: [0] } };
  expect(() => pictureOf(readChart(door.config), { ...layout, routes })).toThrow('the chart has no arrow "shut KICK"');
});

test('an arrow that misses its state stops the drawing', () => {
  const routes = { 'shut PUSH [else]': { side: 'right' as const, via: [290] } };
  expect(() => pictureOf(readChart(door.config), { ...layout, routes })).toThrow('ends at 290,155.5, not at open');
});

test('a text without room in its box stops the drawing', () => {
  const boxes = { ...layout.boxes, shut: { x: 20, y: 100, w: 80, h: 80 } };
  expect(() => pictureOf(readChart(door.config), { ...layout, boxes })).toThrow('too long for its box');
});

test('a chart with something that the drawings do not know is refused', () => {
  expect(() => readChart({ id: 'a', initial: 'b', states: { b: { after: { 10: 'b' } } } })).toThrow('after');
  expect(() => readChart({ id: 'a', initial: 'b', states: { b: { on: { GO: 'c' } } } })).toThrow('b leads to c');
  expect(() => readChart({ id: 'a', entry: () => {} })).toThrow('give it a name');
});

test('Mermaid text has arrows for changes and notes for what stays', () => {
  expect(mermaidOf(readChart(door.config))).toBe(`stateDiagram-v2
  direction TB
  [*] --> shut
  state "shut" as shut
  state "open" as open
  open --> [*]
  shut --> open : 2. PUSH [else] / squeak
  note right of shut
    door, in every state:
    KNOCK, LEAN / ring
  end note
  note right of shut
    shut, staying:
    1. PUSH [isLocked] / ring
  end note
`);
});
