/** A relay of `@statelyai/inspect` as a process of its own: `relay-process.ts <port>`; says when it listens. */

import { connect } from 'node:net';
import { createInspectorServer } from '@statelyai/inspect/server';

const port = Number(process.argv[2]);
createInspectorServer({ port, autoOpen: false });
tryUntilItListens();

function tryUntilItListens(): void {
  const socket = connect(port, '127.0.0.1');
  socket.on('connect', () => {
    socket.destroy();
    process.send?.('listening');
  });
  socket.on('error', () => setImmediate(tryUntilItListens));
}
