import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { assign, createActor, createMachine } from 'xstate';
import type { TroupeError } from '../../src/domain/errors.js';
import { startInspector } from '../../src/inspect/index.js';
import { runProgram } from '../support/child-process.js';
import { freePort } from '../support/free-port.js';
import { isEndOf, listenTo, sessionOf, type Told } from './support/listener.js';

const light = createMachine({
  id: 'light',
  initial: 'red',
  states: { red: { on: { NEXT: 'green' } }, green: { on: { NEXT: 'red' } } },
});

/** The relay of `@statelyai/inspect` in a process of its own, which can be killed. */
async function relayProcess(port: number): Promise<ChildProcess> {
  const child = fork(fileURLToPath(new URL('./support/relay-process.ts', import.meta.url)), [String(port)], {
    execArgv: ['--import', 'tsx'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  await new Promise((resolve, reject) => {
    child.once('message', resolve);
    child.once('exit', (code) => reject(new Error(`the relay ended with ${code}`)));
  });
  return child;
}

const inspected = (url: string, onError = '({ code }) => console.log(code)') => `
  const { startInspector } = await import('./src/inspect/index.ts');
  const inspector = await startInspector({ url: '${url}', name: 'child', onError: ${onError} });
  const orchestrator = Orchestrator.create(await agentOf([{ text: 'done', delayMs: 50 }]), { inspect: inspector.inspect });
`;
const run = `console.log(await orchestrator.spawnSubagent(spec).wait());`;

describe('a program with an inspector, which it never stops', { timeout: 60_000 }, () => {
  it('ends by itself when there never was a relay, after it has told so once', async () => {
    const ended = await runProgram(inspected(`ws://127.0.0.1:${await freePort()}`) + run);
    expect(ended).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^(bus_unavailable\ndone|done\nbus_unavailable)\n$/),
      stderr: '',
    });
  });

  it('ends by itself when the relay takes the connection and then says nothing', async () => {
    const sockets: Socket[] = [];
    const silent = createServer((socket) => sockets.push(socket));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
      silent.close();
    });
    const address = silent.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    const ended = await runProgram(inspected(`ws://127.0.0.1:${port}`) + run);
    expect(ended).toEqual({ code: 0, stdout: 'done\n', stderr: '' });
    expect(sockets.length).toBeGreaterThan(0);
  });

  it('ends by itself, and soon, when nobody at the address takes the connection', async () => {
    // Who is stopped accepts nothing; when the queue of those who wait is full, the system does not answer either.
    const port = await freePort();
    const stopped = spawn(process.execPath, [
      '--eval',
      `require('node:net').createServer().listen({ port: ${port}, host: '127.0.0.1', backlog: 1 }, () => console.log('listening'))`,
    ]);
    onTestFinished(() => void stopped.kill('SIGKILL'));
    await once(stopped.stdout, 'data');
    stopped.kill('SIGSTOP');
    const waiting = Array.from({ length: 8 }, () => connect(port, '127.0.0.1').on('error', () => {}));
    onTestFinished(() => {
      for (const socket of waiting) socket.destroy();
    });
    await once(waiting[0] as Socket, 'connect');
    const ended = await runProgram(`${inspected(`ws://127.0.0.1:${port}`)}
      const doneAt = performance.now();
      process.on('exit', () => console.log(performance.now() - doneAt < 3_000 ? 'ended soon' : 'held'));
      ${run}`);
    expect(ended).toMatchObject({ code: 0, stdout: expect.stringMatching(/^done\n(bus_unavailable\n)?ended soon\n$/) });
  });

  it('leaves nothing behind: all of a short run is with the relay when it has ended', async () => {
    const port = await freePort();
    await relayProcess(port);
    const url = `ws://127.0.0.1:${port}`;
    const listener = await listenTo(url);
    const ended = await runProgram(`${inspected(url)}${run}`);
    expect(ended).toEqual({ code: 0, stdout: 'done\n', stderr: '' });
    await listener.until(isEndOf(listener.told, 'subagent-1'));
  });

  it('goes on and ends by itself when the relay is killed in the middle', async () => {
    const port = await freePort();
    const relay = await relayProcess(port);
    const url = `ws://127.0.0.1:${port}`;
    const listener = await listenTo(url);
    const program = runProgram(`
      let lose;
      const isLost = new Promise((resolve) => { lose = resolve; });
      const hold = setInterval(() => {}, 1_000);
      ${inspected(url, '({ code }) => { console.log(code); lose(); }')}
      const handle = orchestrator.spawnSubagent(spec);
      void handle.pause();
      await isLost;
      clearInterval(hold);
      void handle.resume();
      console.log(await handle.wait());
    `);
    await listener.until(({ event }) => event?.type === 'PAUSE');
    relay.kill('SIGKILL');
    expect(await program).toEqual({ code: 0, stdout: 'bus_unavailable\ndone\n', stderr: '' });
  });
});

/** What a counter is sent in one go; all of it is more than may wait, and more than the sockets on the way hold. */
const GO_COUNT = 500;
const ROUNDS = 360;
const SAMPLE_EVERY = 15;
/** Enough for what waits to overflow. */
const STALLED_ROUNDS = 60;

/** Sends a counter so much that nothing on the way to who takes nothing can hold it; says whether memory grows. */
const flood = `
  const context = { count: 0, load: Array(20).fill('x'.repeat(200)) };
  const count = assign({ count: ({ context }) => context.count + 1 });
  const actor = createActor(createMachine({ context, on: { GO: { actions: count } } }), { inspect: inspector.inspect }).start();
  const used = () => {
    globalThis.gc();
    const { heapUsed, external } = process.memoryUsage();
    return (heapUsed + external) / 1024 / 1024;
  };
  const samples = [];
  for (let round = 1; round <= ${ROUNDS}; round++) {
    for (let n = 0; n < ${GO_COUNT}; n++) actor.send({ type: 'GO' });
    await new Promise((resolve) => setImmediate(resolve));
    if (round % ${SAMPLE_EVERY} === 0) samples.push(used());
  }
  // What is on its way fills up first, then comes and goes: the least of the end is more than the most before where something stays.
  const third = samples.length / 3;
  const grown = Math.min(...samples.slice(2 * third)) - Math.max(...samples.slice(third, 2 * third));
  console.log(grown < 5 ? 'flat' : 'grown by ' + grown + ' MB');
  const doneAt = performance.now();
  process.on('exit', () => console.log(performance.now() - doneAt < 3_000 ? 'ended soon' : 'held'));
`;
const imports = `
  import { assign, createActor, createMachine } from 'xstate';
  import { WebSocket } from 'ws';
`;

describe('a relay that hangs, with the connection open and nobody who reads', () => {
  it('neither holds the program nor makes it grow', { timeout: 60_000 }, async () => {
    const port = await freePort();
    const relay = await relayProcess(port);
    const url = `ws://127.0.0.1:${port}`;
    const program = `${imports}
      const errors = [];
      ${inspected(url, '({ message }) => errors.push(message)')}
      const reader = new WebSocket('${url}');
      await new Promise((resolve) => reader.once('message', resolve));
      process.kill(${relay.pid}, 'SIGSTOP');
      reader.terminate();
      process.on('exit', () => console.log(errors.join()));
      ${flood}
    `;
    expect(await runProgram(program, { flags: ['--expose-gc'] })).toEqual({
      code: 0,
      stdout: expect.stringMatching(
        /^flat\nthe inspector's relay at \S+ is not there \(it takes nothing\); [^\n]+\nended soon\n$/,
      ),
      stderr: '',
    });
  });

  it('is told how all stands when it goes on', { timeout: 60_000 }, async () => {
    const port = await freePort();
    const relay = await relayProcess(port);
    const url = `ws://127.0.0.1:${port}`;
    const inspector = await startInspector({ url });
    onTestFinished(() => inspector.stop());
    const reader = await listenTo(url);
    const counter = createMachine({
      context: { count: 0 },
      on: { GO: { actions: assign({ count: ({ context }) => context.count + 1 }) } },
    });
    const actorOf = (id: string) => createActor(counter, { id, inspect: inspector.inspect }).start();
    const ended = actorOf('ended');
    await reader.until(({ name }) => name === 'ended');
    relay.kill('SIGSTOP');
    const [quiet, busy] = [actorOf('quiet'), actorOf('busy')];
    quiet.send({ type: 'GO' });
    ended.stop();
    for (let round = 0; round < STALLED_ROUNDS; round++) {
      for (let n = 0; n < GO_COUNT; n++) busy.send({ type: 'GO' });
      await new Promise((resolve) => setImmediate(resolve));
    }
    relay.kill('SIGCONT');
    await reader.until(({ snapshot }) => snapshot?.context?.count === STALLED_ROUNDS * GO_COUNT);
    await reader.until(isEndOf(reader.told, 'ended'));
    const quietId = (await reader.until(({ name }) => name === 'quiet')).sessionId;
    const states = reader.told.filter(({ type, sessionId }) => type !== '@xstate.event' && sessionId === quietId);
    expect(states.at(-1)?.snapshot?.context).toEqual({ count: 1 });
  });
});

describe('a reader at a relay of our own that reads nothing', () => {
  it('neither holds the program nor makes it grow', { timeout: 60_000 }, async () => {
    const program = `${imports}
      const { startInspector } = await import('./src/inspect/index.ts');
      const inspector = await startInspector();
      const reader = new WebSocket(inspector.url);
      await new Promise((resolve) => reader.once('open', resolve));
      reader.pause();
      reader._socket.unref(); // it is of this process only to be at hand
      ${flood}
    `;
    const ended = await runProgram(program, { flags: ['--expose-gc'] });
    expect(ended).toEqual({ code: 0, stdout: 'flat\nended soon\n', stderr: '' });
  });
});

describe('two processes at one relay', () => {
  it('tell of their own actors, though XState gives both the same ids', { timeout: 60_000 }, async () => {
    const port = await freePort();
    await relayProcess(port);
    const url = `ws://127.0.0.1:${port}`;
    const listener = await listenTo(url);
    const unnamed = `${inspected(url)}${run}`.replace("name: 'child', ", '');
    const both = await Promise.all([runProgram(unnamed), runProgram(unnamed)]);
    expect(both.map(({ code }) => code)).toEqual([0, 0]);
    const isEnd = ({ event, type }: Told) =>
      type === '@xstate.snapshot' && event?.type === 'xstate.done.actor.subagent';
    await vi.waitFor(() => expect(listener.told.filter(isEnd)).toHaveLength(2), { timeout: 10_000 });
    const ids = new Set(
      listener.told.flatMap(({ type, name, sessionId }) =>
        type === '@xstate.actor' && name === 'subagent-1' ? [sessionId] : [],
      ),
    );
    expect([...ids].map((id) => id.split('/')[1])).toEqual(['x:1', 'x:1']);
  });
});

describe('a relay that comes back', () => {
  it('is told of all that live, in the state they are in, and then of what happens', { timeout: 60_000 }, async () => {
    const port = await freePort();
    const url = `ws://127.0.0.1:${port}`;
    const errors: TroupeError[] = [];
    let lost = () => {};
    const isLost = new Promise<void>((resolve) => (lost = resolve));
    const relay = await relayProcess(port);
    const inspector = await startInspector({
      url,
      onError: (error) => {
        errors.push(error);
        lost();
      },
    });
    onTestFinished(() => inspector.stop());
    const before = await listenTo(url);
    const kept = createActor(light, { id: 'kept', inspect: inspector.inspect }).start();
    const stopped = createActor(light, { id: 'stopped', inspect: inspector.inspect }).start();
    kept.send({ type: 'NEXT' });
    stopped.stop();
    await before.until(isEndOf(before.told, 'stopped'));
    relay.kill('SIGKILL');
    await isLost;
    expect(errors.map(({ code, message }) => [code, message])).toEqual([
      [
        'bus_unavailable',
        expect.stringMatching(new RegExp(`^the inspector's relay at 127.0.0.1:${port} is not there`)),
      ],
    ]);
    kept.send({ type: 'NEXT' });
    const added = createActor(light, { id: 'added', inspect: inspector.inspect }).start();

    await relayProcess(port);
    const after = await listenTo(url);
    await after.until(({ name }) => name === 'added');
    added.send({ type: 'NEXT' });
    await after.until(
      ({ event, sessionId, type }) =>
        type === '@xstate.snapshot' && event?.type === 'NEXT' && sessionId === sessionOf(after.told, 'added'),
    );
    const actors = after.told.filter(({ type }) => type === '@xstate.actor');
    expect(actors.map(({ name, snapshot }) => [name, snapshot?.value])).toEqual([
      ['kept', 'green'],
      ['added', 'red'],
    ]);
    const states = after.told.filter(
      ({ type, sessionId }) => type === '@xstate.snapshot' && sessionId === actors[0]?.sessionId,
    );
    expect(states.map(({ snapshot }) => snapshot?.value)).toEqual(['red']); // what waited for it
    expect(errors).toHaveLength(1);
  });
});
