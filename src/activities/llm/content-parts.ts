/** How content that is a list of parts, in place of one text, is read. */

import { isObject, ProviderFault } from './faults.js';

export interface ContentPart {
  readonly type: 'text' | 'refusal' | 'thinking';
  readonly text: string;
}

/** @throws ProviderFault `bad_response` for what is neither text, refusal nor thinking: an answer would be lost in silence. */
export function partsOf(content: unknown): ContentPart[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  if (!Array.isArray(content)) throw unreadable(content);
  return (content as readonly unknown[]).map(partOf);
}

function partOf(part: unknown): ContentPart {
  if (!isObject(part)) throw unreadable(part);
  switch (part.type) {
    case 'text':
    case 'output_text':
      return { type: 'text', text: textOf(part.text) };
    case 'refusal':
      return { type: 'refusal', text: textOf(part.refusal) };
    case 'thinking': {
      const { thinking } = part;
      const texts =
        typeof thinking === 'string'
          ? thinking
          : partsOf(thinking)
              .map(({ text }) => text)
              .join('');
      return { type: 'thinking', text: texts };
    }
    default:
      throw unreadable(part);
  }
}

function textOf(text: unknown): string {
  if (typeof text === 'string') return text;
  throw unreadable(text);
}

function unreadable(content: unknown): ProviderFault {
  return new ProviderFault('bad_response', `the answer's content is no text: ${JSON.stringify(content)}`);
}
