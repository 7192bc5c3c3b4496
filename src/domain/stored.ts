/** What happens to work when a store or a process fails. */

/** When the store cannot write: hold at the next boundary and try again, end with `store_io`, or go on unsaved. */
export type OnPersistError = 'hold' | 'fail' | 'continue';
