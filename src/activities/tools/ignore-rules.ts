/** Which files `.gitignore` leaves out: the rules of a folder and of those above it, the nearest first. */

import ignore, { type Ignore } from 'ignore';

const MAX_LINES = 5_000;
const MAX_GLOBSTARS = 2;

interface Layer {
  /** Folder of the `.gitignore`, ended with `/`; empty for the root. */
  readonly prefix: string;
  readonly matcher: Ignore;
}

/** Immutable: `with` gives the rules of a folder below. */
export class IgnoreRules {
  static readonly none = new IgnoreRules([]);
  readonly #layers: readonly Layer[];

  private constructor(layers: readonly Layer[]) {
    this.#layers = layers;
  }

  /** These rules and those of the `.gitignore` in `folder`. */
  with(folder: string, text: string): IgnoreRules {
    const lines = text
      .split(/\r?\n/, MAX_LINES)
      // The time that such a line takes grows with a power of the depth of the path; nobody needs one.
      .filter((line) => line.split('**').length - 1 <= MAX_GLOBSTARS);
    const matcher = ignore({ allowRelativePaths: true }).add(lines);
    return new IgnoreRules([{ prefix: folder === '.' ? '' : `${folder}/`, matcher }, ...this.#layers]);
  }

  /** Whether a `.gitignore` of this very folder is among them. */
  holdAt(folder: string): boolean {
    return this.#layers.some(({ prefix }) => prefix === (folder === '.' ? '' : `${folder}/`));
  }

  /** `path` is relative to the root of the workspace. */
  ignores(path: string, isFolder: boolean): boolean {
    for (const { prefix, matcher } of this.#layers) {
      if (!path.startsWith(prefix)) continue;
      const verdict = matcher.test(path.slice(prefix.length) + (isFolder ? '/' : ''));
      if (verdict.ignored || verdict.unignored) return verdict.ignored;
    }
    return false;
  }
}
