import { describe, expect, test } from 'vitest';
import { brief, delivered, makeHub, read, record, turn } from './hub-fixture.js';

describe('an event about one that has ended', () => {
  test('comes after its life, in an epoch of its own, and takes nothing of what is kept', async () => {
    const { hub } = makeHub();
    const live = record(hub.live$);
    const own = record(hub.liveOf('a'));
    hub.publish('a', turn(1));
    hub.publish('a', turn(2));
    hub.close('a');
    hub.publishAfterwards('a', turn(7));
    hub.publishAfterwards('a', turn(8));
    await delivered();
    const places = live.events.map((event) => event.type !== 'gap' && [event.epoch, event.seq, event.offset]);
    expect(places).toEqual([
      [0, 1, 1],
      [0, 2, 2],
      [1, 1, 3],
      [1, 2, 4],
    ]);
    expect(brief(own.events)).toEqual(['a1', 'a2']);
    expect(brief(await read(hub.streamOf('a')))).toEqual(['a1', 'a2']);
    expect(brief(record(hub.replayOf('a')).events)).toEqual(['a1', 'a2']);
    expect(record(hub.replay$()).events).toEqual(live.events);
    expect(await read(hub.events({ from: 1, ids: ['a'] }), 4)).toEqual(live.events);
  });

  test('is told of one that was never here, too, and goes when that is forgotten', async () => {
    const { hub } = makeHub();
    hub.publishAfterwards('stranger', turn(1));
    hub.publishAfterwards('stranger', turn(2));
    await delivered();
    expect(brief(record(hub.replay$()).events)).toEqual(['stranger1', 'stranger2']);
    hub.close('a');
    hub.publishAfterwards('a', turn(1));
    await delivered();
    hub.forget('a');
    expect(brief(record(hub.replay$()).events)).toEqual(['stranger1', 'stranger2', 'gap 3-3']);
  });

  test('is an ordinary one while it still lives', async () => {
    const { hub } = makeHub();
    const own = record(hub.liveOf('a'));
    hub.publishAfterwards('a', turn(1));
    await delivered();
    expect(brief(own.events)).toEqual(['a1']);
  });
});
