/** A chart as an SVG file with a look of its own. */

import type { Chart } from './chart.js';
import { drawingOf, type Layout } from './drawing.js';
import { escaped, markupOf } from './shape.js';
import { STYLE } from './style.js';

/** @throws Error when the layout does not fit the chart. */
export function pictureOf(chart: Chart, layout: Layout): string {
  const { title, width, height, shapes } = drawingOf(chart, layout);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title">`,
    `<title id="title">${escaped(title)}</title>`,
    `<style>${STYLE}</style>`,
    ...shapes.map(markupOf),
    '</svg>',
    '',
  ].join('\n');
}
