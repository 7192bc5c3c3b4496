/** The door of the session room. */

export type { NextRound } from './loop.js';
export type { FirstStage, NextStage, Stages } from './pipeline.js';
export { Session } from './session.js';
