/** The looks of the pictures: system fonts, and colours for a light and a dark page. */

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
};

const ARROWS = ['on', 'back', 'rest', 'bad', 'good', 'gone'] as const;

function variables(colours: Readonly<Record<string, string>>): string {
  return Object.entries(colours)
    .map(([name, colour]) => `--${name}:${colour}`)
    .join(';');
}

/** The picture has a ground of its own, so that it can be read also where page and system differ in their theme. */
export const STYLE = [
  `svg{${variables(LIGHT)}}`,
  `@media (prefers-color-scheme:dark){svg{${variables(DARK)}}}`,
  'text{font:12px ui-sans-serif,system-ui,-apple-system,"Segoe UI",Helvetica,Arial,sans-serif;fill:var(--ink)}',
  '.headline{font-size:20px;font-weight:600}.title{font-size:13px;font-weight:600}.middle{text-anchor:middle}',
  '.region{font-size:13px;font-weight:600;fill:var(--soft)}.note{font-style:italic;fill:var(--soft)}',
  '.order{font-weight:600;fill:var(--soft)}.effects{fill:var(--soft)}.goal{font-weight:500}',
  '.box{fill:var(--card);stroke:var(--line)}.root{fill:var(--page)}.atomic{fill:var(--leaf)}.final{fill:var(--leaf);stroke-width:1.5}',
  '.divider{stroke:var(--line);stroke-dasharray:5 4;fill:none}.ring{fill:none;stroke:var(--line)}',
  '.completed{stroke:var(--good)}.failed{stroke:var(--bad)}.cancelled{stroke:var(--gone)}',
  '.arrow{fill:none;stroke-width:1.5}.arrow.start{stroke:var(--ink)}.fill-start{fill:var(--ink)}',
  ...ARROWS.map(
    (name) => `.arrow.${name}{stroke:var(--${name})}.fill-${name},.goal.${name}{fill:var(--${name})}`,
  ),
].join('');
