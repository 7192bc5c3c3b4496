/** Where the states and arrows of the subagent chart stand in its picture. Change it when the chart changes. */

import type { Layout } from './drawing.js';

export const subagentLayout: Layout = {
  width: 980,
  height: 1263,
  boxes: {
    '': { x: 0.5, y: 0.5, w: 979, h: 1262, lines: { x: 190, y: 5 } },
    pending: { x: 24, y: 104, w: 932, h: 154 },
    'pending.queued': { x: 64, y: 161, w: 190, h: 74 },
    'pending.ready': { x: 310, y: 142, w: 190, h: 93 },
    'pending.held': { x: 536, y: 142, w: 368, h: 93 },
    active: { x: 24, y: 292, w: 932, h: 879, lines: { x: 190, y: 5 } },
    'active.control': { x: 24, y: 380, w: 932, h: 274, region: true },
    'active.control.running': { x: 72, y: 408, w: 340, h: 115 },
    'active.control.queued': { x: 72, y: 560, w: 340, h: 74 },
    'active.control.paused': { x: 536, y: 408, w: 368, h: 226 },
    'active.activity': { x: 24, y: 654, w: 932, h: 517, region: true },
    'active.activity.idle': { x: 72, y: 716, w: 310, h: 187 },
    'active.activity.waiting_for_control': { x: 570, y: 710, w: 330, h: 72 },
    'active.activity.calling_tool': { x: 570, y: 800, w: 330, h: 148 },
    'active.activity.requesting_llm': { x: 330, y: 986, w: 258, h: 151 },
    'active.activity.backing_off': { x: 642, y: 999, w: 258, h: 90 },
    completed: { x: 72, y: 1205, w: 180, h: 40 },
    failed: { x: 330, y: 1205, w: 180, h: 40 },
    cancelled: { x: 724, y: 1205, w: 180, h: 40 },
  },
  starts: {
    pending: { x: 120, y: 84 },
    'pending.ready': { x: 382, y: 122 },
    'active.control.running': { x: 197, y: 388 },
    'active.activity.idle': { x: 120, y: 694 },
  },
  routes: {
    CANCEL: { side: 'right', fromX: 330, via: [968, 1225, 904] },

    'pending.ready START [mayStart]': { side: 'left', via: [288, 292] },
    'pending.ready QUEUE': { side: 'left', via: [254] },
    'pending.ready PAUSE': { side: 'right', via: [536] },
    'pending.queued START [mayStart]': { side: 'left', via: [52, 292] },
    'pending.queued PAUSE': { side: 'right', via: [266, 246, 600, 235] },
    'pending.held START [mayStart]': { side: 'right', via: [928, 454, 904] },
    'pending.held RESUME [mayResume]': { side: 'left', via: [500] },

    'active.control.running PAUSE': { side: 'right', via: [536] },
    'active.control.running DEADLINE': { side: 'left', via: [58, 1187, 390, 1205] },
    'active.control.running RESTORED [lacksSlot]': { side: 'right', via: [440, 587, 412] },
    'active.control.queued START [mayStart]': { side: 'left', via: [64, 512, 72] },
    'active.control.queued PAUSE': { side: 'right', via: [536] },
    'active.control.paused RESUME [mayResumeInQueue]': { side: 'left', via: [470, 600, 412] },
    'active.control.paused RESUME [mayResume]': { side: 'left', via: [412] },

    'active.activity.idle [hasFailed]': { side: 'left', via: [58], joins: true },
    'active.activity.idle [isHeld]': { side: 'right', via: [470, 760, 570] },
    'active.activity.idle [hasStartable]': { side: 'right', via: [570] },
    'active.activity.idle [isAsking]': { side: 'right', via: [440, 771.5], joins: true },
    'active.activity.idle [isAnswered]': { side: 'left', via: [42, 1225, 72] },
    'active.activity.idle [isOutOfTurns]': { side: 'left', via: [58], joins: true },
    'active.activity.idle [hasNoCalls]': { side: 'right', via: [440, 986] },

    // Lowest first: on the way up to idle, and down to failed, the others join.
    'active.activity.requesting_llm done [else]': { side: 'right', via: [916, 692, 227, 716] },
    'active.activity.backing_off RETRY_DUE': { side: 'right', via: [916], joins: true },
    'active.activity.calling_tool [nothingRuns]': { side: 'right', via: [916], joins: true },
    'active.activity.waiting_for_control [mayGoOn]': { side: 'right', via: [916], joins: true },

    'active.activity.waiting_for_control [hasFailed]': { side: 'right', via: [936, 1187, 450, 1205] },
    'active.activity.calling_tool [hasFailed]': { side: 'right', via: [936], joins: true },
    'active.activity.requesting_llm error': { side: 'right', via: [936], joins: true },
    'active.activity.requesting_llm done [isRetry]': { side: 'right', via: [642] },
    'active.activity.requesting_llm done [bringsReady]': { side: 'right', via: [615, 948] },
    'active.activity.calling_tool tool done [mayAskAgain]': { side: 'right', via: [908, 967, 530, 986] },
  },
};
