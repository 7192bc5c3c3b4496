import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonValue } from '../../../src/domain/json.js';
import { parseSubagentLine, subagentLine } from '../../../src/orchestrator/persistence/workflow-line.js';

const record = fc.record({
  type: fc.constantFrom('said', 'sent'),
  text: fc.string(),
  t: fc.nat(2),
  seq: fc.nat(2),
});

describe('a line of a subagent in the journal of its workflow', () => {
  it('gives back the records that it was made of', () => {
    fc.assert(
      fc.property(fc.array(record, { minLength: 1, maxLength: 6 }), (records) => {
        const line = JSON.parse(JSON.stringify(subagentLine('subagent-1', records))) as JsonValue;
        expect(parseSubagentLine(line)).toEqual({ of: 'subagent-1', records });
      }),
    );
  });

  it('says the time and the last event once for all that lasts', () => {
    const records = [1, 2, 3].map((turn) => ({ type: 'sent', turn, t: 7, seq: turn === 3 ? 5 : 4 }));
    expect(subagentLine('subagent-1', records)).toEqual({
      of: 'subagent-1',
      records: [
        { type: 'sent', turn: 1, t: 7, seq: 4 },
        { type: 'sent', turn: 2 },
        { type: 'sent', turn: 3, seq: 5 },
      ],
    });
  });

  it('is no other line: those are of the workflow itself', () => {
    const others = [{ type: 'done', version: 1 }, { of: 'subagent-1', records: [] }, { of: 1, records: [{}] }, null];
    for (const line of others) expect(parseSubagentLine(line)).toBeUndefined();
  });
});
