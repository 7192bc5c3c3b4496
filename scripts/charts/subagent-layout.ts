/** Where the states and arrows of the subagent chart stand in its picture. Change it when the chart changes. */

import type { Layout } from './picture.js';

export const subagentLayout: Layout = {
  width: 980,
  height: 1060,
  boxes: {
    '': { x: 0.5, y: 0.5, w: 979, h: 1059, rows: { x: 190, y: 14 } },
    pending: { x: 24, y: 92, w: 932, h: 152 },
    'pending.queued': { x: 72, y: 130, w: 200, h: 74 },
    'pending.ready': { x: 352, y: 130, w: 210, h: 93 },
    'pending.held': { x: 628, y: 130, w: 276, h: 93 },
    active: { x: 24, y: 284, w: 932, h: 680, rows: { x: 190, y: 5 } },
    'active.control': { x: 24, y: 372, w: 932, h: 130, region: true },
    'active.control.running': { x: 72, y: 402, w: 250, h: 90 },
    'active.control.paused': { x: 560, y: 402, w: 344, h: 72 },
    'active.activity': { x: 24, y: 516, w: 932, h: 450, region: true },
    'active.activity.idle': { x: 72, y: 580, w: 310, h: 206 },
    'active.activity.waiting_for_control': { x: 560, y: 564, w: 330, h: 72 },
    'active.activity.calling_tool': { x: 560, y: 654, w: 330, h: 110 },
    'active.activity.requesting_llm': { x: 560, y: 782, w: 330, h: 170 },
    'active.activity.requesting_llm.asking': { x: 572, y: 830, w: 140, h: 110 },
    'active.activity.requesting_llm.backing_off': { x: 740, y: 830, w: 140, h: 72 },
    completed: { x: 72, y: 1000, w: 180, h: 40 },
    failed: { x: 330, y: 1000, w: 180, h: 40 },
    cancelled: { x: 724, y: 1000, w: 180, h: 40 },
  },
  starts: {},
  routes: {},
};
