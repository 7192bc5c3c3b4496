import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { describe, expect, it } from 'vitest';
import { startMonitor } from '../../src/monitor/index.js';
import { LiveSource } from '../../src/monitor/live-source.js';
import { openMonitor } from '../../src/monitor/start-monitor.js';
import { runProgram } from '../support/child-process.js';
import { calls, errorOf } from '../support/world.js';
import { ask, control, openStream } from './support/ask.js';
import { createMonitoredWorld } from './support/monitored-world.js';
import { pageFiles } from './support/page-files.js';

const hang = () => ({ text: 'wait', hang: true });

describe('what a monitor serves', () => {
  it('gives the page and its files to whoever asks on this machine, and data only with the token', async () => {
    const { monitor, token } = await createMonitoredWorld(hang);
    const { port } = monitor;
    const page = await ask({ port });
    expect(page).toMatchObject({ status: 200, headers: { 'content-type': 'text/html' } });
    expect(page.text).not.toContain(token);
    const names = [...page.text.matchAll(/(?:src|href)="([\w.-]+)"/g)].map(([, name]) => `/${name}`);
    expect(names.length).toBeGreaterThan(8);
    for (const path of [...names, '/tree-view.js']) expect((await ask({ port, path })).status).toBe(200);
    for (const path of ['/events', '/chart', '/control']) {
      expect((await ask({ port, path })).status).toBe(401);
      expect((await ask({ port, path, token: token.toUpperCase() })).status).toBe(401);
    }
    const chart = await ask({ port, path: '/chart', token });
    expect(JSON.parse(chart.text)).toMatchObject({ title: 'Statechart of the subagent' });
  });

  it('has the browser load nothing from elsewhere, run nothing inline, tell nobody, and never be framed', async () => {
    const { monitor, token } = await createMonitoredWorld(hang);
    const { port } = monitor;
    const answers = [
      await ask({ port }),
      await ask({ port, path: '/chart', token }),
      await ask({ port, path: '/nothing' }),
    ];
    for (const { headers } of answers) {
      const policy = String(headers['content-security-policy']);
      expect(policy).not.toMatch(/unsafe|https?:|\*/);
      expect(policy.split('; ')).toEqual(
        expect.arrayContaining([
          "default-src 'none'",
          "script-src 'self'",
          "style-src 'self'",
          "connect-src 'self'",
          "frame-ancestors 'none'",
          "base-uri 'none'",
          "form-action 'none'",
          "require-trusted-types-for 'script'",
          "trusted-types 'none'",
        ]),
      );
      expect(headers).toMatchObject({
        'referrer-policy': 'no-referrer',
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'cross-origin-resource-policy': 'same-origin',
        'cache-control': 'no-store',
      });
      expect(headers).not.toHaveProperty('access-control-allow-origin');
    }
  });

  it('takes no file from outside of the page', async () => {
    const { monitor, token } = await createMonitoredWorld(hang);
    for (const path of [
      '/../index.ts',
      '/..%2findex.ts',
      '/%2e%2e/package.json',
      '/package.json',
      '/page/main.js',
      '//x/y',
    ]) {
      expect((await ask({ port: monitor.port, path, token })).status).toBe(404);
    }
  });
});

describe('whom a monitor answers', () => {
  it.each(['evil.example', 'evil.example:80', '127.0.0.1', '127.0.0.1:1', 'localhost', '[::1]:80', '0.0.0.0'])(
    'refuses a request to the host %s, whatever else it has',
    async (host) => {
      const { monitor, token } = await createMonitoredWorld(hang);
      for (const path of ['/', '/events', '/control']) {
        expect((await ask({ port: monitor.port, path, token, headers: { host } })).status).toBe(421);
      }
    },
  );

  it('answers to localhost as to 127.0.0.1', async () => {
    const { monitor } = await createMonitoredWorld(hang);
    const { port } = monitor;
    expect((await ask({ port, headers: { host: `localhost:${port}` } })).status).toBe(200);
  });

  it('refuses what a page of another origin asks, also with the token', async () => {
    const { monitor, token } = await createMonitoredWorld(hang);
    const { port } = monitor;
    const foreign = [
      { origin: 'http://evil.example' },
      { origin: 'null' },
      { origin: `https://127.0.0.1:${port}` },
      { origin: `http://127.0.0.1:${port + 1}` },
      { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors' },
      { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'no-cors' },
    ];
    for (const headers of foreign) {
      for (const path of ['/', '/events', '/chart']) {
        expect((await ask({ port, path, token, headers })).status).toBe(403);
      }
      const body = JSON.stringify({ action: 'pause', id: 'subagent-1' });
      expect((await ask({ port, path: '/control', method: 'POST', token, headers, body })).status).toBe(403);
    }
    const followed = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' };
    expect((await ask({ port, headers: followed })).status).toBe(200);
    const own = { origin: `http://127.0.0.1:${port}`, 'sec-fetch-site': 'same-origin' };
    expect((await ask({ port, path: '/chart', token, headers: own })).status).toBe(200);
  });

  it('cannot be reached from another machine', async () => {
    const { monitor } = await createMonitoredWorld(hang);
    const others = Object.values(networkInterfaces()).flatMap((each) =>
      (each ?? []).filter(({ internal, family }) => !internal && family === 'IPv4').map(({ address }) => address),
    );
    for (const host of [...others, '127.0.0.2']) {
      const error = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
        const socket = connect({ host, port: monitor.port }, () => resolve(undefined));
        socket.on('error', resolve);
      });
      expect(error?.code).toBe('ECONNREFUSED');
    }
  });
});

describe('what a monitor takes', () => {
  it('takes each path by its own method alone', async () => {
    const { monitor, token } = await createMonitoredWorld(hang);
    const { port } = monitor;
    const wrong = [
      ['POST', '/'],
      ['PUT', '/main.js'],
      ['POST', '/events'],
      ['DELETE', '/chart'],
      ['GET', '/control'],
      ['OPTIONS', '/control'],
    ] as const;
    for (const [method, path] of wrong) expect((await ask({ port, token, method, path })).status).toBe(405);
    expect((await ask({ port, method: 'HEAD' })).status).toBe(200);
  });

  it('tells of a step that is no number before any stream begins', async () => {
    const { monitor, token } = await createMonitoredWorld(hang);
    const answer = await ask({ port: monitor.port, token, path: '/events?at=first' });
    expect(answer).toMatchObject({ status: 400, text: expect.stringContaining('the number of a step') });
  });

  it('takes no control message but those it knows, and tells what is wrong', async () => {
    const { monitor, token, spawn, settle } = await createMonitoredWorld(hang);
    const { id } = spawn();
    await settle();
    const bad = [
      '',
      '{',
      '[]',
      '{"action":"spawn","id":"x"}',
      `{"action":"pause","id":"${id}","extra":1}`,
      '{"action":"steer","id":"x","message":""}',
    ];
    for (const body of bad) {
      const { status, text } = await ask({ port: monitor.port, token, path: '/control', method: 'POST', body });
      expect(status).toBe(400);
      expect(JSON.parse(text).error).toMatch(/^control: /);
    }
    const long = JSON.stringify({ action: 'steer', id, message: 'x'.repeat(600_000) });
    const large = ask({ port: monitor.port, token, path: '/control', method: 'POST', body: long });
    expect(
      await large.then(
        ({ status }) => status,
        () => 413,
      ),
    ).toBe(413); // the socket may close while it is still being sent
  });

  it('pauses, resumes, steers and cancels', async () => {
    const { monitor, token, model, spawn, settle, clock, orchestrator } = await createMonitoredWorld((_, index) =>
      index === 0
        ? { text: 'first', delayMs: 10, toolCalls: [{ name: 'peek', args: {} }] }
        : { text: 'more', hang: true },
    );
    const { id } = spawn();
    await settle();
    const send = (body: object) => control(monitor.port, token, { id, ...body });
    expect(await send({ action: 'pause' })).toEqual({ accepted: true, state: 'paused' });
    await clock.advance(100);
    expect(model.requests).toHaveLength(1);
    expect(await send({ action: 'pause' })).toMatchObject({ accepted: false });
    expect(await send({ action: 'steer', message: 'be brief' })).toMatchObject({ accepted: true });
    expect(await send({ action: 'resume' })).toMatchObject({ accepted: true, state: 'running' });
    await settle();
    expect(model.requests.at(-1)?.messages.at(-1)).toMatchObject({ role: 'user', content: 'be brief' });
    expect(await send({ action: 'cancel', reason: 'enough' })).toMatchObject({ accepted: true, state: 'cancelled' });
    expect(orchestrator.getSubagentInfo(id)).toMatchObject({ state: 'cancelled', error: { message: 'enough' } });
    expect(await send({ action: 'resume' })).toEqual({ accepted: false, state: 'cancelled', reason: 'already_ended' });
    expect(await send({ action: 'steer', id: 'nobody', message: 'x' })).toEqual({
      accepted: false,
      reason: 'unknown_subagent',
    });
  });

  it('approves and denies', async () => {
    const ask2 = calls(['note', { label: 'a' }], ['note', { label: 'b' }]);
    const world = await createMonitoredWorld([ask2, { text: 'done' }], { approvals: 'wait' });
    const { monitor, token, spawn, settle, events, effects } = world;
    const handle = spawn({ agentType: 'asker' });
    await settle();
    const open = events.flatMap((event) => (event.type === 'permission_request' ? [event.requestId] : []));
    expect(open).toHaveLength(2);
    const deny = { action: 'deny', id: handle.id, requestId: open[0], reason: 'not this' };
    expect(await control(monitor.port, token, deny)).toEqual({ accepted: true, state: 'running' });
    const late = { action: 'approve', id: handle.id, requestId: open[0] };
    expect(await control(monitor.port, token, late)).toEqual({
      accepted: false,
      state: 'running',
      reason: 'unknown_request',
    });
    await control(monitor.port, token, { action: 'approve', id: handle.id, requestId: open[1] });
    expect(await handle.wait()).toBe('done');
    expect(effects).toEqual(['b']);
  });
});

describe('the life of a monitor', () => {
  it('tells of a port that is taken, and of options that are none', async () => {
    const { monitor, orchestrator } = await createMonitoredWorld(hang);
    const taken = openMonitor(new LiveSource(orchestrator, 'b'), {
      port: monitor.port,
      holdsProcess: false,
      files: pageFiles(),
    });
    expect(await errorOf(() => taken)).toMatchObject({
      code: 'config_invalid',
      message: expect.stringContaining('it is taken'),
    });
    for (const options of [{ port: -1 }, { port: 70_000 }, { ports: 1 }, { name: '' }]) {
      expect(await errorOf(() => startMonitor(orchestrator, options as object))).toMatchObject({
        code: 'config_invalid',
      });
    }
    expect(await errorOf(() => startMonitor({} as never))).toMatchObject({ code: 'config_invalid' });
  });

  it('takes a port of your choice again once it is closed, and closing ends every stream', async () => {
    const { monitor, token, orchestrator, spawn } = await createMonitoredWorld(hang);
    spawn();
    const streams = await Promise.all([1, 2].map(() => openStream({ port: monitor.port, token })));
    const ended = streams.map(async (stream) => {
      for (;;) await stream.next();
    });
    await Promise.all([monitor.close(), monitor.close()]);
    await monitor[Symbol.asyncDispose]();
    for (const end of ended) await expect(end).rejects.toThrow();
    await expect(ask({ port: monitor.port })).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    const again = await openMonitor(new LiveSource(orchestrator, 'b'), {
      port: monitor.port,
      holdsProcess: false,
      files: pageFiles(),
    });
    expect(again.port).toBe(monitor.port);
    expect(again.url).not.toBe(monitor.url);
    await again.close();
  });

  it('lets a program end by itself, page open or not', { timeout: 40_000 }, async () => {
    const ended = await runProgram(`
      import { LiveSource } from './src/monitor/live-source.ts';
      import { openMonitor } from './src/monitor/start-monitor.ts';
      import { get } from 'node:http';
      const orchestrator = Orchestrator.create(await agentOf([{ text: 'done', delayMs: 100 }]));
      const monitor = await openMonitor(new LiveSource(orchestrator, 'x'), { port: 0, holdsProcess: false, files: new Map() });
      const token = monitor.url.split('token=')[1];
      const handle = orchestrator.spawnSubagent(spec);
      await new Promise((resolve) => {
        const asked = get(monitor.url.split('#')[0] + 'events', { headers: { authorization: 'Bearer ' + token } }, (response) => {
          response.socket.unref();
          response.once('data', () => { console.log('open'); resolve(); });
        });
      });
      console.log(await handle.wait());
    `);
    expect(ended).toEqual({ code: 0, stdout: 'open\ndone\n', stderr: '' });
  });

  it('lets a program end by itself though an open page has stopped reading', { timeout: 60_000 }, async () => {
    const ended = await runProgram(
      `
      import { LiveSource } from './src/monitor/live-source.ts';
      import { openMonitor } from './src/monitor/start-monitor.ts';
      import { spawn } from 'node:child_process';
      import { once } from 'node:events';
      const orchestrator = Orchestrator.create(await agentOf([{ text: Array(6000).fill('x'.repeat(2000)), delayMs: 100 }]));
      const monitor = await openMonitor(new LiveSource(orchestrator, 'x'), { port: 0, holdsProcess: false, files: new Map() });
      const token = monitor.url.split('token=')[1];
      const request = ['GET /events?focus=subagent-1 HTTP/1.1', 'Host: 127.0.0.1:' + monitor.port, 'Authorization: Bearer ' + token];
      const page = spawn(process.execPath, ['-e', \`
        const socket = require('node:net').connect(\${monitor.port}, '127.0.0.1', () => {
          socket.write(\${JSON.stringify(request.join('\\r\\n') + '\\r\\n\\r\\n')});
          socket.once('data', () => { socket.pause(); console.log('open'); });
        });
        setInterval(() => {}, 1000);
      \`], { stdio: ['ignore', 'pipe', 'ignore'] });
      process.on('exit', () => page.kill('SIGKILL'));
      await once(page.stdout, 'data');
      page.stdout.destroy();
      page.unref();
      const handle = orchestrator.spawnSubagent(spec);
      console.log((await handle.wait()).length);
    `,
      { timeoutMs: 50_000 },
    );
    expect(ended).toEqual({ code: 0, stdout: '12000000\n', stderr: '' });
  });
});
