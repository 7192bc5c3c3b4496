/** A run that a store holds: what was told while it lived, and a folder to look at. */

import { FileSessionStore } from '../../../src/store/index.js';
import { makeFolder } from '../../store/support/folders.js';
import { byPrompt, calls, createWorld, type World } from '../../support/world.js';

export interface StoredWorld extends World {
  readonly folder: string;
}

/** A lead with a child, one that was paused, steered and asked, and one that failed; then one that is still at work. */
export async function createStoredWorld(): Promise<StoredWorld> {
  const folder = makeFolder();
  const script = byPrompt({
    lead: [calls(['task', { tasks: [{ agent: 'worker', prompt: 'child' }] }]), { text: 'The child is done.' }],
    child: [{ text: 'Looking.', toolCalls: [{ name: 'peek', args: { label: 'in' } }] }, { text: 'Seen.' }],
    asked: [
      { text: 'May I?', toolCalls: [{ name: 'note', args: { label: 'down' } }], delayMs: 10 },
      { text: 'I wrote it down.', delayMs: 10 },
    ],
    fails: [{ text: 'I would rather not', finish: 'content_filter' }],
    open: [calls(['slow', { label: 'on', ms: 60_000 }])],
  });
  const world = createWorld(script, { store: new FileSessionStore(folder), sessionId: 'release', approvals: 'wait' });
  const { clock, events, signals, spawn } = world;
  /** Records go to a real disk, so that it takes more than the clock. */
  const until = async (isSo: () => boolean) => {
    while (!isSo()) {
      await clock.advance(5);
      await new Promise(setImmediate);
    }
  };
  const lead = spawn({ agentType: 'lead', prompt: 'lead', description: 'Lead' });
  await until(() => lead.isDone());
  const asked = spawn({ agentType: 'asker', prompt: 'asked', description: 'Asked' });
  await until(() => asked.activity().activityType === 'requesting_llm');
  let isAtRest = false;
  void asked.pause().then(() => {
    isAtRest = true;
  });
  asked.steer('in blue');
  await until(() => isAtRest);
  void asked.resume();
  await until(() => events.some(({ type }) => type === 'permission_request'));
  const request = events.find((event) => event.type === 'permission_request');
  if (request?.type === 'permission_request') asked.approve(request.requestId);
  await until(() => asked.isDone());
  const fails = spawn({ prompt: 'fails', description: 'Fails' });
  await until(() => fails.isDone());
  spawn({ prompt: 'open', description: 'Open' });
  await until(() => signals.has('on'));
  return { ...world, folder };
}
