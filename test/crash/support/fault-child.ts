/** A program whose store on disk refuses writes for a while, in the middle of its work: what it does then, line by line, as JSON. */

import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { z } from 'zod';
import { Agent, defineTool, FileSessionStore, type TroupeError } from '../../../src/index.js';
import { scripted } from '../../../src/testing/index.js';

const [folder = '', fault = 'eacces'] = process.argv.slice(2);
const say = (line: object) => console.log(JSON.stringify(line));

/** What another user may not touch, or a limit to the size of files that journals have reached. */
const [forbid, allow] =
  fault === 'eacces'
    ? [() => process.seteuid?.(65_534), () => process.seteuid?.(0)]
    : [() => limit('1024:'), () => limit('unlimited:')];

function limit(bytes: string): void {
  const { status, stderr } = spawnSync('prlimit', [`--pid=${process.pid}`, `--fsize=${bytes}`]);
  if (status !== 0) throw new Error(`prlimit: ${stderr}`);
}

const CALLS = 6;
const codeOf = async (act: () => unknown): Promise<string> => {
  try {
    await act();
    return 'done';
  } catch (error) {
    return (error as TroupeError).code;
  }
};

for (const onPersistError of ['hold', 'fail', 'continue'] as const) {
  for (const kind of ['live', 'workflow'] as const) {
    const dir = `${folder}/${onPersistError}-${kind}`;
    mkdirSync(dir, { mode: 0o700 });
    const effects: string[] = [];
    const unknown: string[] = [];
    let reached: (() => void) | undefined;
    const note = defineTool({
      name: 'note',
      description: 'Has an effect that must not happen twice.',
      input: z.object({ label: z.string() }),
      run: ({ label }) => {
        effects.push(label);
        if (effects.length === 3) reached?.();
        return `noted ${label} ${'x'.repeat(500)}`;
      },
    });
    const model = scripted(({ messages }) => {
      const count = messages.filter(({ role }) => role === 'tool').length;
      for (const { role, content } of messages) if (role === 'tool' && /unknown/.test(content)) unknown.push(content);
      return count < CALLS ? { toolCalls: [{ name: 'note', args: { label: `n${count}` } }] } : { text: 'all done' };
    });
    const agent = await Agent.create(undefined, { defaultModel: model, tools: [note] });
    const open = () =>
      agent.session('.', { sessionStore: new FileSessionStore(`${dir}/store`), onPersistError, permissive: true });
    const spec = { agent: 'general', prompt: 'work', description: 'w', taskId: 'a' };

    const session = open();
    const faults: string[] = [];
    let isHeld = () => {};
    const held = new Promise<void>((resolve) => {
      isHeld = resolve;
    });
    session.events$.subscribe((event) => {
      if (event.type !== 'persist_failed') return;
      faults.push(event.code);
      isHeld();
    });
    const isThird = new Promise<void>((resolve) => {
      reached = resolve;
    });
    void isThird.then(() => forbid());
    const first =
      kind === 'live'
        ? session.orchestrator.spawnSubagent({ agentType: 'general', prompt: 'work' }).outcome()
        : session.parallelResumable([spec], 'w').then(([outcome]) => outcome);
    await held;
    const before = effects.length;
    if (onPersistError !== 'hold') await first;
    const during = effects.length - before;
    const other = () =>
      kind === 'live' ? open().orchestrator.restore() : open().parallelResumable([{ ...spec, prompt: 'other' }], 'w');
    const refused = onPersistError === 'hold' ? await codeOf(other) : undefined;
    allow();
    const { success, output, error } = (await first) ?? {};
    await session.close();
    const outcome = success ? output : error?.code;

    const next = open();
    let again: unknown;
    if (kind === 'live') {
      const [handle] = await next.orchestrator.restore();
      again = handle ? (await handle.outcome()).output : next.orchestrator.getSubagentInfo('subagent-1')?.state;
    } else {
      const [step] = await next.parallelResumable([spec], 'w');
      again = step?.error ?? `${step?.replayed ? 'replayed: ' : ''}${step?.output}`;
    }
    await next.close();
    const twice = effects.filter((label, index) => effects.indexOf(label) !== index);
    say({
      onPersistError,
      kind,
      faults: [...new Set(faults)],
      during,
      refused,
      outcome,
      again,
      twice,
      unknown: new Set(unknown).size,
    });
  }
}
