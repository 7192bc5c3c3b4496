import { describe, expect, it } from 'vitest';
import { runProgram } from '../support/child-process.js';

/** Each ends by itself, or the test fails: a program that hangs is killed, and has no exit code. */
describe.concurrent('a program that never closes', { timeout: 40_000 }, () => {
  it('ends by itself when its subagents have ended, and not before', async () => {
    const ended = await runProgram(`
      const orchestrator = Orchestrator.create(await agentOf([{ text: 'done', delayMs: 300 }]), { bus: new MemoryEventBus() });
      const handle = orchestrator.spawnSubagent({ ...spec, timeoutMs: 60_000 });
      handle.events$.subscribe(({ type }) => { if (type === 'subagent_completed') console.log('end'); });
      await handle.wait();
      console.log('waited');
    `);
    expect(ended).toEqual({ code: 0, stdout: expect.stringMatching(/^(end\nwaited|waited\nend)\n$/), stderr: '' });
  });

  it('is kept alive by a running subagent that nobody waits for, whatever timers it has', async () => {
    const ended = await runProgram(`
      let finish;
      const tool = defineTool({ name: 'quiet', description: 'Holds nothing.', input: z.object({}), run: () => new Promise((resolve) => {
        setTimeout(() => resolve('now'), 400).unref();
      }) });
      const orchestrator = Orchestrator.create(await agentOf((request, index) => index === 0 ? { toolCalls: [{ name: 'quiet', args: {} }] } : { text: 'done' }, { tools: [tool] }));
      const handle = orchestrator.spawnSubagent({ ...spec, permissive: true });
      handle.replay$.subscribe({ complete: () => console.log('over ' + handle.state()) });
    `);
    expect(ended).toEqual({ code: 0, stdout: 'over completed\n', stderr: '' });
  });

  it('ends while one is paused and nobody waits', async () => {
    const ended = await runProgram(`
      const orchestrator = Orchestrator.create(await agentOf([{ text: 'done', delayMs: 50 }]));
      const handle = orchestrator.spawnSubagent({ ...spec, timeoutMs: 60_000 });
      await after(10);
      console.log(JSON.stringify(await handle.pause()));
    `);
    expect(ended).toEqual({ code: 0, stdout: '{"accepted":true,"state":"paused"}\n', stderr: '' });
  });

  it('ends while the conversation of a paused one has yet to leave memory', async () => {
    const ended = await runProgram(`
      import { MemorySessionStore } from './src/index.ts';
      const orchestrator = Orchestrator.create(await agentOf([{ text: 'done', delayMs: 50 }]), { store: new MemorySessionStore() });
      const handle = orchestrator.spawnSubagent(spec);
      await after(10);
      console.log(JSON.stringify(await handle.pause()));
    `);
    expect(ended).toEqual({ code: 0, stdout: '{"accepted":true,"state":"paused"}\n', stderr: '' });
  });

  it('is kept alive by a pending wait on a paused one, and ends after the resume', async () => {
    const ended = await runProgram(`
      const orchestrator = Orchestrator.create(await agentOf([{ text: 'done', delayMs: 50 }]));
      const handle = orchestrator.spawnSubagent(spec);
      await after(10);
      await handle.pause();
      setTimeout(() => handle.resume(), 500).ref();
      console.log(await handle.wait());
    `);
    expect(ended).toEqual({ code: 0, stdout: 'done\n', stderr: '' });
  });

  it('is kept alive by a pending wait on a paused one also when no timer is left', async () => {
    const ended = await runProgram(
      `
      const orchestrator = Orchestrator.create(await agentOf([{ text: 'done', delayMs: 50 }]));
      const handle = orchestrator.spawnSubagent(spec);
      await after(10);
      await handle.pause();
      process.on('exit', () => console.log('exit'));
      console.log('waiting');
      handle.wait();
    `,
      { killAfterOutputMs: 500 },
    );
    expect(ended).toMatchObject({ code: null, stdout: 'waiting\n' });
  });

  it('ends at once when it waits for nothing', async () => {
    const ended = await runProgram(`
      const orchestrator = Orchestrator.create();
      console.log(JSON.stringify([await orchestrator.waitAll(), orchestrator.activeCount()]));
    `);
    expect(ended).toEqual({ code: 0, stdout: '[[],0]\n', stderr: '' });
  });

  it('ends after a waitAll that was given up', async () => {
    const ended = await runProgram(`
      const orchestrator = Orchestrator.create(await agentOf([{ hang: true }]));
      const handle = orchestrator.spawnSubagent(spec);
      await orchestrator.waitAll({ timeoutMs: 50 }).catch(({ code }) => console.log(code));
      handle.cancel();
    `);
    expect(ended).toEqual({ code: 0, stdout: 'timeout\n', stderr: '' });
  });

  it('makes no unhandled rejection for a failure, a cancel, or a wait that nobody called', async () => {
    const ended = await runProgram(`
      const orchestrator = Orchestrator.create(await agentOf([{ finish: 'refusal' }]));
      const failed = orchestrator.spawnSubagent(spec);
      const cancelled = orchestrator.spawnSubagent(spec);
      cancelled.cancel();
      cancelled.pause();
      cancelled.resume();
      orchestrator.pauseSubagent('nobody');
      const child = orchestrator.spawnSubagent(spec);
      await after(50);
      console.log(failed.state(), cancelled.state(), (await failed.outcome()).error.code);
      // And one that somebody calls many times, late.
      for (let count = 0; count < 3; count++) await failed.wait().catch(({ code }) => console.log(code));
    `);
    expect(ended).toEqual({
      code: 0,
      stdout: 'failed cancelled model_refused\nmodel_refused\nmodel_refused\nmodel_refused\n',
      stderr: '',
    });
  });

  it('closes itself at the end of an await using', async () => {
    const ended = await runProgram(`
      const agent = await agentOf([{ hang: true }]);
      const orchestrator = Orchestrator.create(agent);
      const handle = orchestrator.spawnSubagent(spec);
      await orchestrator[Symbol.asyncDispose]();
      console.log(handle.state());
    `);
    expect(ended).toEqual({ code: 0, stdout: 'cancelled\n', stderr: '' });
  });
});

describe.concurrent('memory', () => {
  // A model that keeps nothing of what it is asked.
  const model = `
    let asked = 0;
    const model = { name: 'forgetful', async *stream({ messages }) {
      const calls = messages.length === 1 && ++asked % 5 === 0;
      if (calls) yield { type: 'tool_call', name: 'todo', arguments: JSON.stringify({ tasks: [{ content: 'x'.repeat(900), status: 'pending' }] }) };
      yield { type: 'text_delta', text: 'x'.repeat(1000) };
      yield { type: 'usage', usage: { inputTokens: 1, outputTokens: 1 } };
      yield { type: 'finish', reason: calls ? 'tool_calls' : 'stop' };
    } };
    const agent = await Agent.create(undefined, { defaultModel: model });
    const heldBytes = async () => {
      for (let count = 0; count < 3; count++) { globalThis.gc(); await after(5); }
      return process.memoryUsage().heapUsed;
    };
  `;

  it('is flat over 5,000 ended subagents', async () => {
    const ended = await runProgram(
      `${model}
      const orchestrator = Orchestrator.create(agent, { keepEnded: 20, eventBufferSize: 50 });
      const run = async (count) => {
        for (let index = 0; index < count; index += 50) {
          for (let beside = 0; beside < 50; beside++) orchestrator.spawnSubagent({ ...spec, permissive: true, timeoutMs: 60_000 });
          await orchestrator.waitAll();
        }
        return heldBytes();
      };
      await run(1000);
      const before = await run(500);
      const grownBytes = (await run(5000)) - before;
      console.log(JSON.stringify({ grownBytes, listed: orchestrator.listSubagents().length }));
    `,
      { flags: ['--expose-gc'], timeoutMs: 60_000 },
    );
    expect(ended.stderr).toBe('');
    const { grownBytes, listed } = JSON.parse(ended.stdout) as { grownBytes: number; listed: number };
    expect(listed).toBe(20);
    expect(grownBytes).toBeLessThan(1_000_000); // 200 bytes for each would be a leak
  }, 70_000);

  it('lets go of the conversation when one has ended, though its handle is held', async () => {
    const ended = await runProgram(
      `
      const gone = [];
      const registry = new FinalizationRegistry((name) => gone.push(name));
      const model = { name: 'forgetful', async *stream({ messages }) {
        registry.register(messages[0], 'messages');
        yield { type: 'text_delta', text: 'done' };
        yield { type: 'usage', usage: { inputTokens: 1, outputTokens: 1 } };
        yield { type: 'finish', reason: 'stop' };
      } };
      const orchestrator = Orchestrator.create(await Agent.create(undefined, { defaultModel: model }));
      const handle = orchestrator.spawnSubagent(spec);
      await handle.wait();
      for (let count = 0; count < 100 && gone.length < 1; count++) { globalThis.gc(); await after(10); }
      console.log(gone.join(), handle.state(), await handle.wait());
    `,
      { flags: ['--expose-gc'] },
    );
    expect(ended).toEqual({ code: 0, stdout: 'messages completed done\n', stderr: '' });
  }, 70_000);
});
