/** Where the states and arrows of the subagent chart stand in its picture. Change it when the chart changes. */

import type { Layout } from './drawing.js';

export const subagentLayout: Layout = {
  width: 980,
  height: 1123,
  boxes: {
    '': { x: 0.5, y: 0.5, w: 979, h: 1122, lines: { x: 190, y: 5 } },
    pending: { x: 24, y: 104, w: 932, h: 154 },
    'pending.queued': { x: 72, y: 161, w: 150, h: 74 },
    'pending.ready': { x: 302, y: 142, w: 160, h: 93 },
    'pending.held': { x: 536, y: 142, w: 368, h: 93 },
    active: { x: 24, y: 292, w: 932, h: 739, lines: { x: 190, y: 5 } },
    'active.control': { x: 24, y: 380, w: 932, h: 134, region: true },
    'active.control.running': { x: 72, y: 408, w: 250, h: 90 },
    'active.control.paused': { x: 536, y: 408, w: 368, h: 72 },
    'active.activity': { x: 24, y: 514, w: 932, h: 517, region: true },
    'active.activity.idle': { x: 72, y: 576, w: 310, h: 187 },
    'active.activity.waiting_for_control': { x: 570, y: 570, w: 330, h: 72 },
    'active.activity.calling_tool': { x: 570, y: 660, w: 330, h: 148 },
    'active.activity.requesting_llm': { x: 466, y: 826, w: 434, h: 191 },
    'active.activity.requesting_llm.asking': { x: 478, y: 876, w: 240, h: 129 },
    'active.activity.requesting_llm.backing_off': { x: 748, y: 876, w: 140, h: 68 },
    completed: { x: 72, y: 1065, w: 180, h: 40 },
    failed: { x: 330, y: 1065, w: 180, h: 40 },
    cancelled: { x: 724, y: 1065, w: 180, h: 40 },
  },
  starts: {
    pending: { x: 120, y: 84 },
    'pending.ready': { x: 382, y: 122 },
    'active.control.running': { x: 197, y: 388 },
    'active.activity.idle': { x: 120, y: 554 },
    'active.activity.requesting_llm.asking': { x: 680, y: 856 },
  },
  routes: {
    CANCEL: { side: 'right', fromX: 330, via: [968, 1085, 904] },

    'pending.ready START': { side: 'left', via: [276, 292] },
    'pending.ready QUEUE': { side: 'left', via: [222] },
    'pending.ready PAUSE': { side: 'right', via: [536] },
    'pending.queued START': { side: 'left', via: [52, 292] },
    'pending.queued PAUSE': { side: 'right', via: [246, 246, 600, 235] },
    'pending.held START': { side: 'right', via: [928, 454, 904] },
    'pending.held RESUME [mayResume]': { side: 'left', via: [462] },

    'active.control.running PAUSE': { side: 'right', via: [536] },
    'active.control.running DEADLINE': { side: 'left', via: [58, 1047, 390, 1065] },
    'active.control.paused RESUME [mayResume]': { side: 'left', via: [322] },

    'active.activity.idle [hasFailed]': { side: 'left', via: [58], joins: true },
    'active.activity.idle [isHeld]': { side: 'right', via: [470, 620, 570] },
    'active.activity.idle [hasStartable]': { side: 'right', via: [570] },
    'active.activity.idle [isAsking]': { side: 'right', via: [440, 631.5], joins: true },
    'active.activity.idle [isAnswered]': { side: 'left', via: [42, 1085, 72] },
    'active.activity.idle [isOutOfTurns]': { side: 'left', via: [58], joins: true },
    'active.activity.idle [hasNoCalls]': { side: 'right', via: [440, 888, 466] },

    // Lowest first: on the way up to idle, and down to failed, the others join.
    'active.activity.requesting_llm.asking done [else]': { side: 'right', via: [916, 552, 227, 576] },
    'active.activity.requesting_llm.backing_off RETRY_DUE': { side: 'right', via: [916], joins: true },
    'active.activity.calling_tool [nothingRuns]': { side: 'right', via: [916], joins: true },
    'active.activity.waiting_for_control [mayGoOn]': { side: 'right', via: [916], joins: true },

    'active.activity.waiting_for_control [hasFailed]': { side: 'right', via: [936, 1047, 450, 1065] },
    'active.activity.calling_tool [hasFailed]': { side: 'right', via: [936], joins: true },
    'active.activity.requesting_llm.asking error': { side: 'right', via: [936], joins: true },
    'active.activity.requesting_llm.asking done [isRetry]': { side: 'right', via: [748] },
    'active.activity.requesting_llm.asking done [bringsReady]': { side: 'right', via: [733, 808] },
    'active.activity.calling_tool tool done [mayAskAgain]': { side: 'right', via: [908, 842, 900] },
  },
};
