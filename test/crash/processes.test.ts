import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { FileSessionStore } from '../../src/store/index.js';
import { createSessionWorld, echo, step } from '../session/session-world.js';
import { canMount, onSmallDisk } from '../store/support/store-child.js';
import { calls, createWorld, errorOf } from '../support/world.js';
import { builtSources } from './support/built-sources.js';

const prelude = `
import { rmSync, writeFileSync } from 'node:fs';
import { Agent, FileSessionStore, Orchestrator } from './src/index.js';
import { scripted } from './src/testing/index.js';
const agentOf = (turns) => Agent.create(undefined, { defaultModel: scripted(turns) });
const step = (taskId) => ({ taskId, agent: 'general', description: taskId, prompt: taskId });
`;

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'troupe-processes-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** @param through A command that starts Node, given as its last arguments. */
function start(program: string, through: readonly string[] = []): { child: ChildProcess; ended: Promise<string> } {
  const [command = '', ...args] = [...through, process.execPath, '--input-type=module', '--eval', prelude + program];
  const child = spawn(command, args, { cwd: builtSources(), stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (text) => (said += text));
  onTestFinished(() => void child.kill('SIGKILL'));
  return { child, ended: once(child, 'close').then(() => said) };
}

describe('two processes', () => {
  it('never have one workflow or one session at once, and the work of a killed one is taken over at once', async () => {
    const folder = temporaryFolder();
    const { child, ended } = start(`
      const session = (await agentOf([{ hang: true }, { hang: true }, { hang: true }])).session('.', { sessionStore: new FileSessionStore('${folder}') });
      session.parallelResumable([step('a')], 'v');
      session.parallelResumable([step('b')], 'w');
      const handle = session.orchestrator.spawnSubagent({ agentType: 'general', prompt: 'c' });
      let count = 0;
      session.events$.subscribe(({ type }) => { if (type === 'turn_start' && ++count === 3) console.log('works'); });
    `);
    await once(child.stdout ?? child, 'data');
    const open = () => createSessionWorld(echo, { sessionStore: new FileSessionStore(folder) });
    const specs = (name: string) => [step(name, { agent: 'worker' })];
    const busy = open();
    expect((await errorOf(() => busy.session.parallelResumable(specs('a'), 'v'))).code).toBe('workflow_busy');
    expect((await errorOf(() => busy.session.parallelResumable(specs('b'), 'w'))).code).toBe('workflow_busy');
    expect((await errorOf(() => busy.session.orchestrator.restore())).code).toBe('workflow_busy');
    const spec = { agentType: 'worker', prompt: 'c' };
    expect((await errorOf(() => busy.session.orchestrator.spawnSubagent(spec))).code).toBe('workflow_busy');
    child.kill('SIGKILL');
    await ended;
    // Another agent: other work under these names, of which nothing is on record as done.
    const next = open();
    await expect(next.session.parallelResumable(specs('a'), 'v')).resolves.toMatchObject([{ output: 'done a' }]);
    await expect(next.session.parallelResumable(specs('b'), 'w')).resolves.toMatchObject([{ output: 'done b' }]);
  });

  it('that both believe to hold a workflow do not both go on', async () => {
    const folder = temporaryFolder();
    const first = createSessionWorld([calls(['slow', { ms: 100 }]), { text: 'never' }], {
      sessionStore: new FileSessionStore(folder),
    });
    const running = first.session.parallelResumable([step('a')], 'w');
    while (first.signals.size === 0) await first.clock.advance(1);
    for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
      if (/(^|\/)lease\.\d+$/.test(name)) rmSync(join(folder, name));
    }
    const second = createSessionWorld([{ text: 'mine' }], { sessionStore: new FileSessionStore(folder) });
    const other = second.session.parallelResumable([step('a')], 'w');
    while (second.signals.size === 0) await second.clock.advance(1);
    await first.clock.advance(100);
    await expect(running).resolves.toMatchObject([{ success: false, error: { code: 'lease_lost' } }]);
    expect(first.model.requests).toHaveLength(1);
    let isOver = false;
    void other.then(() => {
      isOver = true;
    });
    while (!isOver) await second.clock.advance(50);
    await expect(other).resolves.toMatchObject([{ output: 'mine', success: true }]);
  });
});

describe('a disk', () => {
  it.runIf(canMount)('that is full holds the work, which goes on when there is room again', async () => {
    const folder = temporaryFolder();
    const { ended } = start(
      `
      const store = new FileSessionStore('${folder}/store');
      const orchestrator = Orchestrator.create(await agentOf([{ text: 'x'.repeat(30_000) }]), { store });
      orchestrator.events$.subscribe(({ type, code, retryInMs }) => {
        if (type !== 'persist_failed') return;
        console.log(code, retryInMs);
        rmSync('${folder}/filler', { force: true });
      });
      const handle = orchestrator.spawnSubagent({ agentType: 'general', prompt: 'p' });
      handle.events$.subscribe(({ type }) => { if (type === 'turn_start') try { writeFileSync('${folder}/filler', Buffer.alloc(4_000_000)); } catch {} });
      console.log((await handle.wait()).length);
      await orchestrator.close();
      `,
      onSmallDisk(folder, 400_000),
    );
    expect(await ended).toBe('store_io 1000\n30000\n');
  });

  it('whose folder is gone in the middle ends the work with store_io where it is to fail, and makes nothing up', async () => {
    const folder = join(temporaryFolder(), 'store');
    const world = createWorld([calls(['slow', { ms: 100 }]), { text: 'never' }], {
      store: new FileSessionStore(folder),
      onPersistError: 'fail',
    });
    const handle = world.spawn();
    while (world.signals.size === 0) await world.clock.advance(1);
    rmSync(folder, { recursive: true });
    await world.clock.advance(100);
    await expect(handle.outcome()).resolves.toMatchObject({ state: 'failed', error: { code: 'store_io' } });
    expect(world.model.requests).toHaveLength(1);
    await world.orchestrator.close();
  });

  it('that takes nothing at all is told by a spawn, at once', async () => {
    const file = join(temporaryFolder(), 'file');
    writeFileSync(file, 'no folder');
    const world = createWorld([], { store: new FileSessionStore(join(file, 'store')) });
    expect((await errorOf(() => world.spawn())).code).toBe('store_io');
  });
});
