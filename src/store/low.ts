/** The door to lowdb: the one file that imports it. Its core only; its own file adapters are not safe between processes. */

export { type Adapter, Low } from 'lowdb';
