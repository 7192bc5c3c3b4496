/** Starts an inspector: what XState tells it goes to a relay, ours or somebody else's, where the Stately inspector reads it. */

import type { InspectionEvent, Observer } from 'xstate';
import { type InspectorOptions, parseInspectorOptions } from '../config/index.js';
import { Feed } from './feed.js';
import { Relay } from './relay.js';
import { RelayLink } from './relay-link.js';
import { loadWebSockets } from './web-socket.js';

/** The relay of `@statelyai/inspect` keeps 200 messages for those who come later; a definition is told again before it is lost. */
const REPEAT_AFTER_MESSAGES = 150;

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
 * a second. Of what such a relay does not take, 10,000 messages wait; when it is back, it is told of all actors that live.
 * @throws TroupeError `config_invalid` for wrong options, a port that is taken, or when `@statelyai/inspect` or `ws` is not installed.
 */
export async function startInspector(options: InspectorOptions = {}): Promise<Inspector> {
  const { url, port, ui, name, maxTextLength, redact, onError = () => {} } = parseInspectorOptions(options);
  const webSockets = await loadWebSockets();
  const prefix = `${name}/`;
  const texts = { redact, maxTextLength };
  const feed = await Feed.create({
    ...texts,
    prefix,
    onError,
    ...(url === undefined ? {} : { repeatAfter: REPEAT_AFTER_MESSAGES }),
  });
  const way =
    url === undefined
      ? await Relay.start({ port, ui: new URL(ui), webSockets, feed, prefix })
      : new RelayLink({ url: new URL(url), webSockets, feed, onError });
  let stopped: Promise<void> | undefined;
  return {
    inspect: { next: (event) => feed.add(event) },
    url: way instanceof Relay ? way.url.href : (url ?? ''),
    ...(way instanceof Relay ? { page: way.page.href } : {}),
    stop: () => {
      stopped ??= way.stop();
      return stopped;
    },
  };
}
