/** Which subagents the tree shows, and where: parents above their children, filtered and searched. */

import type { Row } from '../protocol.js';
import { signOf, titleOf } from './run-model.js';

export interface TreeFilter {
  /** Of id, name, kind and activity; any case. */
  readonly text: string;
  /** Signs to show; empty for all. */
  readonly signs: ReadonlySet<string>;
  /** Parents whose children are folded away. */
  readonly collapsed: ReadonlySet<string>;
}

export interface TreeItem {
  readonly row: Row;
  readonly level: number;
  readonly parentIndex: number;
  readonly childCount: number;
  readonly isExpanded: boolean;
  /** Only there because something below it matches. */
  readonly isContext: boolean;
  /** Among its siblings, from 1. */
  readonly position: number;
  readonly siblings: number;
}

/** @param rows In the order of spawning. */
export function treeItems(rows: readonly Row[], { text, signs, collapsed }: TreeFilter): TreeItem[] {
  const known = new Map(rows.map((row) => [row.id, row]));
  const wanted = text.trim().toLowerCase();
  const matches = (row: Row) =>
    (signs.size === 0 || signs.has(signOf(row))) && (wanted === '' || textOf(row).includes(wanted));
  const isFiltered = wanted !== '' || signs.size > 0;
  const shown = isFiltered ? withParents(rows.filter(matches), known) : undefined;
  const below = new Map<string | undefined, Row[]>();
  for (const row of rows) {
    if (shown && !shown.has(row.id)) continue;
    const parent = row.parentId !== undefined && known.has(row.parentId) ? row.parentId : undefined;
    const siblings = below.get(parent);
    if (siblings) siblings.push(row);
    else below.set(parent, [row]);
  }
  const items: TreeItem[] = [];
  const add = (siblings: readonly Row[], level: number, parentIndex: number) => {
    for (const [index, row] of siblings.entries()) {
      const children = below.get(row.id) ?? [];
      const isExpanded = children.length > 0 && (isFiltered || !collapsed.has(row.id));
      const at = items.length;
      items.push({
        row,
        level,
        parentIndex,
        childCount: children.length,
        isExpanded,
        isContext: isFiltered && !matches(row),
        position: index + 1,
        siblings: siblings.length,
      });
      if (isExpanded) add(children, level + 1, at);
    }
  };
  add(below.get(undefined) ?? [], 1, -1);
  return items;
}

function withParents(rows: readonly Row[], known: ReadonlyMap<string, Row>): Set<string> {
  const ids = new Set<string>();
  for (const row of rows) {
    for (let at: Row | undefined = row; at && !ids.has(at.id); ) {
      ids.add(at.id);
      at = at.parentId === undefined ? undefined : known.get(at.parentId);
    }
  }
  return ids;
}

function textOf(row: Row): string {
  return `${row.id} ${titleOf(row)} ${row.agentType} ${row.activity.label} ${row.error?.code ?? ''}`.toLowerCase();
}
