/** The door of the charts room: a machine's definition, read and drawn. */

export { allStates, type Chart, definitionJson, mergeAlike, readChart, type State, type Transition } from './chart.js';
export { type Drawing, drawingOf, type Layout } from './drawing.js';
export { pictureOf } from './picture.js';
export type { Shape } from './shape.js';
export { subagentLayout } from './subagent-layout.js';
