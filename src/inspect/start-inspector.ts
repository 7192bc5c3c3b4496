/** Starts an inspector: what XState tells it goes to a relay, ours or somebody else's, where the Stately inspector reads it. */

import type { InspectionEvent, Observer } from 'xstate';
import { type InspectorOptions, parseInspectorOptions } from '../config/index.js';
import { messageOf, TroupeError } from '../domain/errors.js';
import { harmlessMessage } from './harmless-message.js';
import { Relay } from './relay.js';
import { RelayLink } from './relay-link.js';
import { statelyObserver } from './stately.js';
import { loadWebSockets } from './web-socket.js';

export interface Inspector {
  /** For `inspect` of an agent, an orchestrator or an actor of your own, and for `orchestrator.inspect()`. */
  readonly inspect: Observer<InspectionEvent>;
  /** Of the relay: for the inspectors of other processes, and for programs that read. With the token of the one started here. */
  readonly url: string;
  /** Of the relay started here: to open in a browser on this machine. */
  readonly page?: string;
  /** Sends what waits, for at most a second, and stops the relay that was started here. Idempotent; what is told afterwards is dropped. */
  stop(): Promise<void>;
}

/**
 * It keeps no process alive: a relay that is slow, gone or not there holds up nobody, and a process that is done waits for it at most
 * a second. Of what such a relay does not take, 4 MB wait; when it is back, it is told of all actors that live.
 * @throws TroupeError `config_invalid` for wrong options, a port that is taken, or when `@statelyai/inspect` or `ws` is not installed.
 */
export async function startInspector(options: InspectorOptions = {}): Promise<Inspector> {
  const { url, port, ui, name, maxTextLength, redact, onError = () => {} } = parseInspectorOptions(options);
  const webSockets = await loadWebSockets();
  let way: Relay | RelayLink | undefined;
  const inspect = await statelyObserver((sent) => {
    try {
      way?.add(harmlessMessage(sent, { redact, maxTextLength }, `${name}/`));
    } catch (cause) {
      onError(new TroupeError('bug', `an inspection event was not sent: ${messageOf(cause)}`, { cause }));
    }
  });
  const relay = url === undefined ? await Relay.start({ port, ui: new URL(ui), webSockets }) : undefined;
  const link = relay ?? new RelayLink({ url: new URL(url ?? ''), webSockets, onError });
  way = link;
  return {
    inspect,
    url: relay?.url.href ?? url ?? '',
    ...(relay ? { page: relay.page.href } : {}),
    stop: async () => {
      await new Promise((resolve) => setTimeout(resolve, 0)); // behind what was told in this tick
      way = undefined;
      await link.stop();
    },
  };
}
