/** Which calls a person has answered with "always". */

export interface AlwaysMemory {
  /** What is not settled yet counts as soon as it is; an absent key is forgotten. */
  add(key: Promise<string | undefined>): void;
  /** Waits for every key that was added before. */
  has(key: string): Promise<boolean>;
}

/** Lives as long as whoever holds it: give one to every scope of a session, and an "always" holds for the session. */
export function createAlwaysMemory(): AlwaysMemory {
  const keys = new Set<string>();
  let settled: Promise<unknown> = Promise.resolve();
  return {
    add(key) {
      const added = key.then(
        (text) => text !== undefined && keys.add(text),
        () => false, // what cannot be told apart is not remembered
      );
      settled = settled.then(() => added);
    },
    async has(key) {
      await settled;
      return keys.has(key);
    },
  };
}
