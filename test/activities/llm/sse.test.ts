import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SseParser } from '../../../src/activities/llm/sse.js';

function parse(pieces: readonly string[]): [data: string, name: string][] {
  const events: [string, string][] = [];
  const parser = new SseParser((data, name) => events.push([data, name]));
  for (const piece of pieces) parser.push(piece);
  parser.end();
  return events;
}

const STREAM =
  ': hello\n\ndata: one\n\nevent: error\ndata:two\nid: 7\n\nretry: 5\n\ndata: a\ndata: b\n\ndata:  x \n\nevent: none\n\ndata: last';
const EVENTS = [
  ['one', ''],
  ['two', 'error'],
  ['a\nb', ''],
  [' x ', ''],
  ['last', ''],
];

describe('a stream of server-sent events', () => {
  it.each(['\n', '\r\n', '\r'])('reads the same wherever the network cuts it, with lines ended by %j', (lineEnd) => {
    const text = STREAM.replaceAll('\n', lineEnd);
    expect(parse([text])).toEqual(EVENTS);
    expect(parse([...text])).toEqual(EVENTS);
    fc.assert(
      fc.property(fc.array(fc.nat(text.length), { maxLength: 8 }), (cuts) => {
        const places = [0, ...cuts.sort((a, b) => a - b), text.length];
        expect(parse(places.slice(1).map((end, index) => text.slice(places[index], end)))).toEqual(EVENTS);
      }),
    );
  });

  it('may have lines of a megabyte, and none longer, also when they come in pieces', () => {
    const push = (length: number) => {
      const parser = new SseParser(() => {});
      parser.push('data: ');
      for (let left = length; left > 0; left -= 1_000) parser.push('x'.repeat(Math.min(left, 1_000)));
      parser.push('\n\n');
    };
    push(1024 * 1024 - 6);
    expect(() => push(1024 * 1024)).toThrow('longer than');
    expect(() => parse(['data: x\n'.repeat(1024 * 1024)])).toThrow('longer than');
  });
});
