/** Bounded asynchronous work on a list. */

const GROUP = 32;

/** The results in the order of the items; a few dozen at a time. Rejects with the first failure, when those that run have settled. */
export async function inGroups<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  for (let at = 0; at < items.length; at += GROUP) {
    const settled = await Promise.allSettled(items.slice(at, at + GROUP).map(work));
    for (const one of settled) {
      if (one.status === 'rejected') throw one.reason;
      results.push(one.value);
    }
  }
  return results;
}
