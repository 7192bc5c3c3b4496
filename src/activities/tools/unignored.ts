/** Whether a single file is one that a walk would have come by: so that another engine's finds obey the same `.gitignore` rules. */

import type { IgnoreRules } from './ignore-rules.js';
import { withOwn } from './walk.js';
import type { Workspace } from './workspace.js';

/** For files below `start`, where `rules` hold. */
export function acceptsUnignored(
  workspace: Workspace,
  start: string,
  rules: IgnoreRules,
): (place: string) => Promise<boolean> {
  // Undefined: the folder is left out, and so is all that is in it.
  const known = new Map<string, Promise<IgnoreRules | undefined>>([[start, Promise.resolve(rules)]]);
  const rulesOf = (folder: string): Promise<IgnoreRules | undefined> => {
    const ready = known.get(folder);
    if (ready) return ready;
    const rules = rulesOf(parentOf(folder)).then((above) =>
      above === undefined || folder.endsWith('/.git') || folder === '.git' || above.ignores(folder, true)
        ? undefined
        : withOwn(workspace, above, folder),
    );
    known.set(folder, rules);
    return rules;
  };
  return async (place) => {
    const rules = await rulesOf(parentOf(place));
    return rules !== undefined && !rules.ignores(place, false);
  };
}

const parentOf = (place: string) => (place.includes('/') ? place.slice(0, place.lastIndexOf('/')) : '.');
