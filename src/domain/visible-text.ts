/** Text that a person judges by: what would only change how the rest looks is written out. */

/** Marks, overrides and isolates that turn the direction of what follows, and characters without a width. */
const UNSEEN = /[\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u2069\ufeff]/g;

/** With each of them as `\u202e` and the like. */
export function visibleText(text: string): string {
  return text.replace(UNSEEN, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
