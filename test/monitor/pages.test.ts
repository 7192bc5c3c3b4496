import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { describe, expect, it, vi } from 'vitest';
import { Pages } from '../../src/monitor/pages.js';
import type { FramePart, MonitorSource } from '../../src/monitor/source.js';

/** What a socket takes: nothing more once it is `full`, until it `drain`s. */
class FakeResponse extends EventEmitter {
  readonly written: string[] = [];
  isFull = false;
  destroyed = false;

  write(text: string): boolean {
    this.written.push(text);
    return !this.isFull;
  }

  end(text: string): void {
    this.written.push(text);
    this.destroy();
  }

  destroy(): void {
    this.destroyed = true;
    this.emit('close');
  }

  get frames(): number[] {
    return this.written.flatMap((text) =>
      /^event: frame\ndata: (.*)$/m.exec(text)?.[1] ? [JSON.parse(/data: (.*)/.exec(text)?.[1] ?? '').now] : [],
    );
  }
}

/** Counts: a page that is at 3 lacks all after it, and is sent one frame, up to the newest. */
function counting() {
  let newest = 1;
  let tell = () => {};
  const source = {
    endsWhenRead: false,
    hello: () => ({ kind: 'live' as const, name: 'x', board: 'b' }),
    watch: () => () => {},
    frameAfter: vi.fn((place): FramePart | undefined => {
      if (place?.version === newest) return undefined;
      return { frame: { now: newest, rows: [], gone: [] }, place: { board: 'b', version: newest, offset: 0 } };
    }),
    onChange: (listener: () => void) => {
      tell = listener;
    },
    control: async () => ({ accepted: false }),
    close: () => {},
  } satisfies MonitorSource;
  const change = () => {
    newest += 1;
    tell();
  };
  return { source, change };
}

async function open(pages: Pages, count = 1): Promise<FakeResponse[]> {
  const responses = Array.from({ length: count }, () => new FakeResponse());
  for (const response of responses) await pages.add(response as unknown as ServerResponse, {}, undefined);
  return responses;
}

describe('pages', () => {
  it('are told of many changes at once by one frame, which is made once for all of them', async () => {
    vi.useFakeTimers();
    const { source, change } = counting();
    const pages = new Pages(source);
    const all = await open(pages, 100);
    source.frameAfter.mockClear();
    for (let index = 0; index < 50; index++) change();
    await vi.advanceTimersByTimeAsync(100);
    for (const response of all) expect(response.frames).toEqual([1, 51]);
    expect(source.frameAfter).toHaveBeenCalledTimes(2); // what they lack, and that they lack nothing more
    pages.close();
    vi.useRealTimers();
  });

  it('that do not read are sent nothing more, and what they lack then when they do', async () => {
    vi.useFakeTimers();
    const { source, change } = counting();
    const pages = new Pages(source);
    const [slow, quick] = await open(pages, 2);
    if (!slow || !quick) throw new Error('two were opened');
    slow.isFull = true;
    for (let round = 0; round < 20; round++) {
      change();
      await vi.advanceTimersByTimeAsync(100);
    }
    expect(slow.frames).toEqual([1, 2]); // the second filled it
    expect(quick.frames).toHaveLength(21);
    slow.isFull = false;
    slow.emit('drain');
    expect(slow.frames).toEqual([1, 2, 21]);
    pages.close();
    vi.useRealTimers();
  });

  it('that take nothing for a minute are let go', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'] });
    const { source, change } = counting();
    const pages = new Pages(source);
    const [stuck, idle] = await open(pages, 2);
    if (!stuck || !idle) throw new Error('two were opened');
    stuck.isFull = true;
    change();
    await vi.advanceTimersByTimeAsync(90_000);
    expect([stuck.destroyed, idle.destroyed, pages.count]).toEqual([true, false, 1]);
    expect(idle.written.at(-1)).toBe(': here\n\n');
    pages.close();
    expect(pages.count).toBe(0);
    vi.useRealTimers();
  });
});
