/** Which room of the house may import what. The only place that says it; `layout.test.ts` holds the sources to it. */

export interface Room {
  /** Rooms it may import; with `type`, only for types. */
  readonly rooms: readonly (string | { readonly type: string })[];
  /** Packages it may import; `node` for what comes with Node. */
  readonly packages: readonly string[];
}

const ACTIVITIES = ['src/activities/llm', 'src/activities/tools', 'src/activities/permissions'] as const;

/** By folder. Data flows from the agent to the right; the foot (domain, config, events) bears all. */
export const ROOMS: Readonly<Record<string, Room>> = {
  'src/domain': { rooms: [], packages: [] },
  'src/config': { rooms: ['src/domain'], packages: ['zod', 'yaml', 'node'] },
  'src/events': { rooms: ['src/domain'], packages: ['zod', 'rxjs'] },
  machines: { rooms: ['src/domain'], packages: ['xstate'] },
  'src/agent': {
    rooms: ['src/session', 'src/orchestrator', ...ACTIVITIES, 'src/config', 'src/events', 'src/domain'],
    packages: ['node'],
  },
  'src/session': {
    rooms: ['src/orchestrator', 'src/store', 'src/activities/llm', 'src/config', 'src/events', 'src/domain'],
    packages: ['rxjs', 'zod', 'node'],
  },
  'src/orchestrator': {
    rooms: [
      'src/subagent',
      'machines',
      'src/bus',
      'src/store',
      ...ACTIVITIES,
      'src/config',
      'src/events',
      'src/domain',
    ],
    packages: ['xstate', 'rxjs', 'zod', 'node'],
  },
  'src/subagent': {
    rooms: ['machines', 'src/store', ...ACTIVITIES, { type: 'src/config' }, 'src/events', 'src/domain'],
    packages: ['xstate', 'zod'],
  },
  'src/activities/llm': { rooms: ['src/domain'], packages: ['zod', 'openai', '@cfworker/json-schema', 'node'] },
  'src/activities/tools': { rooms: ['src/domain'], packages: ['zod', 'ignore', 'node'] },
  'src/activities/permissions': { rooms: ['src/domain'], packages: ['zod', 'node'] },
  'src/bus': { rooms: ['src/events', 'src/domain'], packages: ['rxjs', 'zod', 'node'] },
  'src/store': { rooms: ['src/events', 'src/domain'], packages: ['lowdb', 'zod', 'node'] },
  'src/telemetry': { rooms: ['src/orchestrator', 'src/events', 'src/domain'], packages: ['@opentelemetry/api'] },
  'src/cli': {
    rooms: [
      'src/monitor',
      'src/agent',
      'src/session',
      'src/orchestrator',
      'src/activities/llm',
      'src/activities/tools',
      'src/store',
      'src/config',
      'src/events',
      'src/domain',
    ],
    packages: ['rxjs', 'zod', 'node'],
  },
  'src/inspect': {
    rooms: ['src/config', 'src/domain'],
    packages: ['xstate', 'zod', '@statelyai/inspect', 'ws', 'node'],
  },
  'src/charts': { rooms: [], packages: ['zod'] },
  'src/monitor': {
    rooms: ['src/charts', 'machines', 'src/store', 'src/subagent', 'src/orchestrator', 'src/events', 'src/domain'],
    packages: ['rxjs', 'zod', 'xstate', 'node'],
  },
  'src/testing': {
    rooms: [...ACTIVITIES, 'src/bus', 'src/store', 'src/events', 'src/domain'],
    packages: ['rxjs', 'zod', 'node'],
  },
  examples: { rooms: [], packages: ['troupe', 'xstate', 'rxjs', 'zod', 'node'] },
};

/** The public door: names of other rooms' doors, and nothing of its own. */
export const PUBLIC_DOOR = 'src/index.ts';

/** The room without a door: its files are imported one by one, by every room that may. */
export const DOORLESS = 'src/domain';

/** Clients of something outside: one file each, so that they can be left out, replaced or moved. */
export const CLIENTS: Readonly<Record<string, RegExp>> = {
  openai: /^openai(\/|$)/,
  'the JSON Schema validator': /^@cfworker\/json-schema$/,
  lowdb: /^lowdb(\/|$)/,
  nats: /^(nats|@nats-io\/.+)$/,
  ws: /^ws(\/|$)/,
  'the Stately inspector': /^@statelyai\/inspect(\/|$)/,
};

export const MAX_LINES = 350;
