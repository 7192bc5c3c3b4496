/** Whether what a provider streams is a chunk. Written by hand, since it is asked for each piece of a text. */

import { TroupeError } from '../../domain/errors.js';
import type { FinishReason, ModelChunk } from '../../domain/model.js';
import { isObject } from './faults.js';

const FINISH_REASONS: Readonly<Record<FinishReason, true>> = {
  stop: true,
  tool_calls: true,
  length: true,
  content_filter: true,
  refusal: true,
};

/** @throws TroupeError `bad_response`. Providers may be written by anyone, also without types. */
export function checkChunk(chunk: ModelChunk): void {
  const fields: unknown = chunk;
  if (!isObject(fields))
    throw noChunk(`a chunk that is no object but ${fields === null ? 'null' : `of type ${typeof fields}`}`);
  const { type } = fields;
  switch (type) {
    case 'text_delta':
    case 'reasoning_delta':
      if (typeof fields.text !== 'string') throw noChunk(`a ${type} whose text is no string`);
      return;
    case 'tool_call':
      if (typeof fields.name !== 'string') throw noChunk('a tool_call whose name is no string');
      if (typeof fields.arguments !== 'string') throw noChunk('a tool_call whose arguments are no JSON text');
      if (fields.id !== undefined && typeof fields.id !== 'string') throw noChunk('a tool_call whose id is no string');
      return;
    case 'usage':
      if (!isObject(fields.usage)) throw noChunk('a usage chunk without usage');
      return;
    case 'finish':
      if (typeof fields.reason === 'string' && Object.hasOwn(FINISH_REASONS, fields.reason)) return;
      throw noChunk(`an unknown finish reason; known are ${Object.keys(FINISH_REASONS).join(', ')}`);
    default:
      throw noChunk('a chunk of an unknown type');
  }
}

function noChunk(what: string): TroupeError {
  return new TroupeError('bad_response', `the stream holds ${what}`);
}
