/** The door of the session room. */

export { Session } from './session.js';
