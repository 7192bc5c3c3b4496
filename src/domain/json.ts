/** What JSON can say: the values that are stored and sent. A key whose value is `undefined` is left out. */

export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue | undefined };
