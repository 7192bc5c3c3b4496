/** What a caller says of an inspector. */

import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { createRedactor } from '../domain/redact.js';
import { parseValue, strict } from './config-schema.js';
import { onErrorOption } from './orchestrator-config.js';

const STATELY_UI = 'https://stately.ai/inspect';
const DEFAULT_MAX_TEXT_LENGTH = 200;
const MAX_PORT = 65_535;

const isFunction = (value: unknown) => typeof value === 'function';

export const InspectorOptions = strict({
  /** Address of a relay that runs somewhere, such as `ws://localhost:8080` of `createInspectorServer`. Without it, one is started here. */
  url: z.url({ protocol: /^wss?$/, error: 'expected the ws: or wss: address of a relay' }).optional(),
  /** Of the relay that is started, on 127.0.0.1; 0: any that is free. */
  port: z.int().nonnegative().max(MAX_PORT).default(0),
  /** The inspector in the page of the relay that is started. */
  ui: z.url({ protocol: /^https?$/, error: 'expected the http: or https: address of a page' }).default(STATELY_UI),
  /** Tells this process from others at the same relay: it stands before each session id. By default a random one. */
  name: z
    .string()
    .regex(/^[\w.-]{1,64}$/, 'expected at most 64 letters, digits, _, . or -')
    .default(() => randomUUID().slice(0, 8)),
  /** Characters of a text in contexts and events; the rest is cut off. */
  maxTextLength: z.int().nonnegative().default(DEFAULT_MAX_TEXT_LENGTH),
  /** Takes secrets out of every text, beside what the orchestrator has taken out. By default all that looks like a key. */
  redact: z.custom<(text: string) => string>(isFunction, 'expected a function').default(() => createRedactor([])),
  /** Told once each time that the relay of `url` is lost (`bus_unavailable`), and of defects. */
  onError: onErrorOption.optional(),
});
export type InspectorOptions = z.input<typeof InspectorOptions>;

/** @throws TroupeError `config_invalid`, naming each key and what was expected. */
export function parseInspectorOptions(value: unknown): z.output<typeof InspectorOptions> {
  return parseValue(InspectorOptions, value, 'startInspector');
}
