/** An element of SVG as plain data: written as text for a file, made one by one in a page. */

export interface Shape {
  readonly tag: 'g' | 'defs' | 'marker' | 'rect' | 'path' | 'circle' | 'text' | 'tspan';
  readonly attributes: Readonly<Record<string, string | number>>;
  readonly children?: readonly (Shape | string)[];
}

export function markupOf({ tag, attributes, children = [] }: Shape): string {
  const named = Object.entries(attributes).map(([name, value]) => ` ${name}="${escaped(`${value}`)}"`);
  const inner = children.map((child) => (typeof child === 'string' ? escaped(child) : markupOf(child)));
  return inner.length === 0 ? `<${tag}${named.join('')}/>` : `<${tag}${named.join('')}>${inner.join('')}</${tag}>`;
}

export function escaped(words: string): string {
  return words.replace(/[&<>"]/g, (letter) => `&#${letter.charCodeAt(0)};`);
}
