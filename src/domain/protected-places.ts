/** Which places of a workspace are read-only unless a rule opens them. */

const PROTECTED = new Set(['.git', '.troupe']);
// Characters that some file systems leave out when they compare names.
const IGNORABLE = /[\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]/g;

/** Whether a file or folder of this name is protected: `.git` or `.troupe`, in whatever spelling some file system takes for it. */
export function isProtectedName(name: string): boolean {
  return PROTECTED.has(
    name
      .normalize('NFKC')
      .replace(IGNORABLE, '')
      .replace(/[. ]+$/, '')
      .toLowerCase(),
  );
}

/** Whether a place (normalised, with `/`) is protected or lies in what is, of whatever folder, whether or not it exists. */
export function isProtected(place: string): boolean {
  return place.split('/').some(isProtectedName);
}
