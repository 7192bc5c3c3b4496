import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { createActor, createMachine } from 'xstate';
import { startInspector } from '../../src/inspect/index.js';
import { needs } from '../support/needs.js';
import { listenTo, sessionOf } from './support/listener.js';

const light = createMachine({
  id: 'light',
  initial: 'red',
  states: { red: { on: { NEXT: 'green' } }, green: { on: { NEXT: 'red' } } },
});

async function start(name: string, url?: string) {
  const inspector = await startInspector({ name, ...(url === undefined ? {} : { url }) });
  onTestFinished(() => inspector.stop());
  return inspector;
}

describe('who may come in', () => {
  const refused = async (url: string | URL, headers: Record<string, string> = {}) => {
    const socket = new WebSocket(url, { headers });
    onTestFinished(() => socket.terminate());
    return new Promise((resolve, reject) => {
      socket.on('open', () => reject(new Error('was let in')));
      socket.on('error', ({ message }) => resolve(message));
    });
  };

  it('listens on this machine only, to those who have the token', async () => {
    const { url } = await start('a');
    expect(new URL(url).hostname).toBe('127.0.0.1');
    expect(new URL(url).searchParams.get('token')).toMatch(/^[0-9a-f]{32}$/);
    const bare = new URL('/', url);
    const wrong = new URL(url);
    wrong.searchParams.set('token', 'f'.repeat(32));
    for (const address of [bare, wrong]) expect(await refused(address)).toMatch(/401|403/);
  });

  it('refuses pages of others, also those that reach it by a name of their own', async () => {
    const { url } = await start('a');
    expect(await refused(url, { origin: 'https://evil.example' })).toMatch(/401|403/);
    expect(await refused(url, { host: 'evil.example' })).toMatch(/401|403/);
    expect(await refused(url, { origin: `http://127.0.0.1:${new URL(url).port}.evil.example` })).toMatch(/401|403/);
  });

  it('gives its page to those who have the token, and to no other host', async () => {
    const { page = '' } = await start('a');
    const answer = await fetch(page);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-security-policy')).toContain('frame-src https://stately.ai;');
    expect(await answer.text()).toContain('<iframe src="https://stately.ai/inspect"');
    expect((await fetch(new URL('/', page))).status).toBe(403);
    expect((await fetch(page, { method: 'POST' })).status).toBe(405);
    const byOtherName = await new Promise((resolve, reject) => {
      request(page, { headers: { host: 'evil.example' } }, (response) => resolve(response.resume().statusCode))
        .on('error', reject)
        .end();
    });
    expect(byOtherName).toBe(403);
  });
});

describe('several processes at one relay', () => {
  it('do not get mixed up: each has ids of its own', async () => {
    const first = await start('first');
    const second = await start('second', first.url);
    const listener = await listenTo(first.url);
    // Two processes begin to count at the same number; here, the same actor speaks for both.
    const actor = createActor(light, { inspect: first.inspect });
    actor.system.inspect(second.inspect);
    second.inspect.next?.({ type: '@xstate.actor', actorRef: actor, rootId: actor.sessionId });
    actor.start();
    await listener.until(({ type, sessionId }) => type === '@xstate.snapshot' && sessionId.startsWith('second/'));
    const ids = new Set(listener.told.map(({ sessionId }) => sessionId));
    expect([...ids].sort()).toEqual([`first/${actor.sessionId}`, `second/${actor.sessionId}`]);
    expect(new Set(listener.told.map(({ rootId }) => rootId))).toEqual(ids);
  });

  it('are forgotten when they have gone', async () => {
    const first = await start('first');
    const second = await start('second', first.url);
    const early = await listenTo(first.url);
    createActor(light, { inspect: second.inspect }).start();
    await early.until(({ type }) => type === '@xstate.snapshot');
    await second.stop();
    createActor(light, { inspect: first.inspect }).start();
    await early.until(({ sessionId }) => sessionId.startsWith('first/'));
    const late = await listenTo(first.url);
    await late.until(({ sessionId }) => sessionId.startsWith('first/'));
    expect(late.told.filter(({ sessionId }) => sessionId.startsWith('second/'))).toEqual([]);
  });
});

describe('what others send', () => {
  it('is passed on when it is a message of an inspector, and to nobody when it is not', async () => {
    const { url } = await start('a');
    const listener = await listenTo(url);
    const other = new WebSocket(url);
    onTestFinished(() => other.terminate());
    await new Promise((resolve) => other.on('open', resolve));
    for (const text of ['{', '"text"', '{"type":"@xstate.shutdown","sessionId":"x","_version":"1"}', '[]'])
      other.send(text);
    const message = { type: '@xstate.actor', sessionId: 'x:0', _version: '0.7.2', name: 'theirs', more: [1] };
    other.send(JSON.stringify(message));
    await listener.until(({ name }) => name === 'theirs');
    expect(listener.told).toEqual([message]);
    expect(sessionOf(listener.told, 'theirs')).toBe('x:0');
  });
});

describe('its page', () => {
  it('hands on what comes to the inspector in its frame, once that listens', { timeout: 60_000 }, async () => {
    needs('chromium');
    const told: string[] = [];
    let enough = () => {};
    const isTold = new Promise<void>((resolve) => (enough = resolve));
    // Stands for the inspector of Stately: says that it listens, and tells what it is handed.
    const ui = createServer((incoming, response) => {
      if (incoming.method === 'GET') return void response.writeHead(200, { 'content-type': 'text/html' }).end(UI);
      incoming.setEncoding('utf8').on('data', (text: string) => told.push(text));
      incoming.on('end', () => {
        response.end();
        if (told.some((text) => text.includes('green'))) enough();
      });
    });
    await new Promise<void>((resolve) => ui.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void ui.closeAllConnections());
    onTestFinished(() => void ui.close());
    const inspector = await startInspector({ ui: `http://127.0.0.1:${(ui.address() as AddressInfo).port}/` });
    onTestFinished(() => inspector.stop());
    const actor = createActor(light, { inspect: inspector.inspect }).start();
    const profile = await mkdtemp(join(tmpdir(), 'troupe-chromium-'));
    const browser = execFile('chromium', [
      '--headless=new',
      '--no-sandbox',
      '--disable-gpu',
      '--no-first-run',
      `--user-data-dir=${profile}`,
      '--remote-debugging-port=0',
      inspector.page ?? '',
    ]);
    onTestFinished(async () => {
      const ended = new Promise((resolve) => browser.once('close', resolve));
      browser.kill('SIGKILL');
      await ended;
      await rm(profile, { recursive: true, force: true, maxRetries: 10 });
    });
    actor.send({ type: 'NEXT' });
    await isTold;
    expect(told.map((text) => JSON.parse(text).type)).toContain('@xstate.actor');
  });
});

const UI = `<script>
  let way = Promise.resolve();
  addEventListener('message', ({ data }) => { way = way.then(() => fetch('/', { method: 'POST', body: JSON.stringify(data) })); });
  parent.postMessage({ type: '@statelyai.connected' }, '*');
</script>`;
