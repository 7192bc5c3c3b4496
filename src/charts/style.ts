/** The looks of the pictures: system fonts, and colours for a light and a dark page. */

import type { Shape } from './shape.js';

const LIGHT = {
  page: '#ffffff',
  line: '#d1d9e0',
  card: '#f6f8fa',
  leaf: '#ffffff',
  ink: '#1f2328',
  soft: '#59636e',
  on: '#0969da',
  back: '#6e7781',
  rest: '#9a6700',
  bad: '#cf222e',
  good: '#1a7f37',
  gone: '#8250df',
  start: '#1f2328',
};

const DARK = {
  page: '#0d1117',
  line: '#3d444d',
  card: '#151b23',
  leaf: '#212830',
  ink: '#f0f6fc',
  soft: '#9198a1',
  on: '#4493f8',
  back: '#9198a1',
  rest: '#d29922',
  bad: '#f85149',
  good: '#3fb950',
  gone: '#ab7df8',
  start: '#f0f6fc',
};

const ARROW_COLOURS = ['on', 'back', 'rest', 'bad', 'good', 'gone', 'start'] as const;
export type ArrowColour = (typeof ARROW_COLOURS)[number];

function variables(colours: Readonly<Record<string, string>>): string {
  return Object.entries(colours)
    .map(([name, colour]) => `--${name}:${colour}`)
    .join(';');
}

/** The picture has a ground of its own: it can be read also on a page whose theme differs from the system's. */
export const STYLE = [
  `svg{${variables(LIGHT)}}`,
  `@media (prefers-color-scheme:dark){svg{${variables(DARK)}}}`,
  'text{font:12px ui-sans-serif,system-ui,-apple-system,"Segoe UI",Helvetica,Arial,sans-serif;fill:var(--ink)}',
  '.headline{font-size:20px;font-weight:600}.title,.region{font-size:13px;font-weight:600}.middle{text-anchor:middle}',
  '.region,.order,.effects,.note{fill:var(--soft)}.order{font-weight:600}',
  '.note{font-size:12px;font-style:italic;font-weight:400}',
  '.box{fill:var(--card);stroke:var(--line)}.root{fill:var(--page)}.atomic,.final{fill:var(--leaf)}',
  '.divider,.ring{fill:none;stroke:var(--line)}.divider{stroke-dasharray:5 4}',
  '.arrow{fill:none;stroke-width:1.5}.final{stroke-width:1.5}',
  ...ARROW_COLOURS.map((name) => `.${name}{--arrow:var(--${name})}`),
  '.arrow,.final{stroke:var(--arrow)}.fill,.goal{fill:var(--arrow)}',
].join('');

/** Arrow heads, one of each colour: a head does not take its arrow's. */
export const MARKERS: Shape = {
  tag: 'defs',
  attributes: {},
  children: ARROW_COLOURS.map((name) => ({
    tag: 'marker',
    attributes: {
      id: `to-${name}`,
      viewBox: '0 0 10 10',
      refX: 9,
      refY: 5,
      markerWidth: 7,
      markerHeight: 7,
      orient: 'auto',
    },
    children: [{ tag: 'path', attributes: { class: `fill ${name}`, d: 'M0 0.8L10 5L0 9.2z' } }],
  })),
};
