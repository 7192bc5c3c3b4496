/** What a server shows: a run that goes on, or one that is stored. */

import type { ControlResult } from '../domain/lifecycle.js';
import type { Control } from './control.js';
import type { Frame, Hello, Place } from './protocol.js';

/** What a page looks at. */
export interface View {
  /** Id of the chosen subagent. */
  readonly focus?: string;
  /** Of a stored run: the step to show; without it the last. */
  readonly at?: number;
}

export interface FramePart {
  readonly frame: Frame;
  /** Of a page that has it. */
  readonly place: Place;
}

export interface MonitorSource {
  /** There is nothing more to come for a page that has all. */
  readonly endsWhenRead: boolean;
  /** @param isNew Of a page that holds nothing yet. */
  hello(isNew: boolean): Hello | Promise<Hello>;
  /** Someone looks at it until the function that it returns is called. */
  watch(view: View): () => void;
  /** What a page at that place lacks: a part of it, so ask again from there; `undefined` when it has all. */
  frameAfter(place: Place | undefined, view: View): FramePart | undefined;
  /** Called whenever there may be something new; only the last listener counts. */
  onChange(listener: () => void): void;
  control(control: Control): Promise<ControlResult>;
  close(): void;
}
