import { describe, expect, it } from 'vitest';
import { runProgram } from '../support/child-process.js';

const program = (body: string) => `
  import { createActor, toPromise } from 'xstate';
  const logic = (await agentOf([{ text: 'done', delayMs: 300 }])).logic('explore', { prompt: 'Look.' });
  const actor = createActor(logic).start();
  ${body}
`;

describe.concurrent('a program that runs a logic', { timeout: 40_000 }, () => {
  it('is kept alive by its subagent, and ends by itself', async () => {
    const ended = await runProgram(
      program(`actor.subscribe({ complete: () => console.log(actor.getSnapshot().output.output) });`),
    );
    expect(ended).toEqual({ code: 0, stdout: 'done\n', stderr: '' });
  });

  it('ends at once when the actor is stopped: nothing is left', async () => {
    const ended = await runProgram(
      program(`
      actor.on('turn_start', () => {
        actor.stop();
        process.on('exit', () => console.log('left:', process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length));
      });`),
    );
    expect(ended).toEqual({ code: 0, stdout: 'left: 0\n', stderr: '' });
  });

  it('ends while its subagent is paused', async () => {
    const ended = await runProgram(program(`actor.send({ type: 'PAUSE' }); console.log('paused');`));
    expect(ended).toEqual({ code: 0, stdout: 'paused\n', stderr: '' });
  });
});
