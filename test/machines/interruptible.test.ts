import { describe, expect, test } from 'vitest';
import { createActor, type Snapshot } from 'xstate';
import { type Interrupted, interruptible } from '../../machines/index.js';
import { settled } from './harness.js';

interface Input {
  readonly text: string;
}
type Actor = ReturnType<typeof createActor<ReturnType<typeof interruptible<string, Input>>>>;

/** Each actor of it tells the desk when it begins, and waits there for its answer. */
function desk() {
  const begun: {
    input: Input;
    signal: AbortSignal;
    resolve: (output: string) => void;
    reject: (cause: Error) => void;
  }[] = [];
  const logic = interruptible<string, Input>(
    ({ input, signal }) => new Promise((resolve, reject) => begun.push({ input, signal, resolve, reject })),
  );
  const start = (snapshot?: unknown): Actor => {
    const restoring = snapshot === undefined ? {} : { snapshot: snapshot as Snapshot<unknown> };
    const actor = createActor(logic, { input: { text: 'hello' }, ...restoring });
    actor.subscribe({ error: () => {} }); // looked at in the snapshot
    return actor.start();
  };
  return { begun, start };
}

const save = (actor: Actor): unknown => JSON.parse(JSON.stringify(actor.getPersistedSnapshot()));
const outputOf = (actor: Actor): string | Interrupted | undefined => actor.getSnapshot().output;

describe('an interruptible actor', () => {
  test('works like any promise actor: it gets its input, and gives its output or its error', async () => {
    const { begun, start } = desk();
    const [good, bad] = [start(), start()];
    expect(begun.map(({ input }) => input)).toEqual([{ text: 'hello' }, { text: 'hello' }]);
    begun[0]?.resolve('done');
    begun[1]?.reject(new Error('broken'));
    await settled();
    expect(outputOf(good)).toBe('done');
    expect(bad.getSnapshot()).toMatchObject({ status: 'error', error: { message: 'broken' } });
  });

  test('aborts its signal as soon as it is stopped', () => {
    const { begun, start } = desk();
    const actor = start();
    expect(begun[0]?.signal.aborted).toBe(false);
    actor.stop();
    expect(begun[0]?.signal.aborted).toBe(true);
  });

  test('restored from a snapshot that was taken in flight does no work, and answers that it was interrupted', async () => {
    const { begun, start } = desk();
    const restored = start(save(start()));
    await settled();
    expect(begun).toHaveLength(1); // the first one's
    expect(outputOf(restored)).toEqual({ kind: 'interrupted' });
  });

  test('restored and saved again before it could answer still does no work', async () => {
    const { begun, start } = desk();
    const again = start(save(start(save(start()))));
    await settled();
    expect([begun.length, outputOf(again)]).toEqual([1, { kind: 'interrupted' }]);
  });

  test('restored after its end has what it had', async () => {
    const { begun, start } = desk();
    const actor = start();
    begun[0]?.resolve('done');
    await settled();
    const restored = start(save(actor));
    await settled();
    expect([begun.length, outputOf(restored)]).toEqual([1, 'done']);
  });

  test('saving it leaves the one in flight alone', async () => {
    const { begun, start } = desk();
    const actor = start();
    save(actor);
    begun[0]?.resolve('done');
    await settled();
    expect(outputOf(actor)).toBe('done');
  });
});
