import { expect, it } from 'vitest';
import { visibleText } from '../../src/domain/visible-text.js';

it.each([
  ['rm -rf \u202e/tmp/cba', 'rm -rf \\u202e/tmp/cba'],
  ['a\u200bb\ufeffc\u2066d\u2069', 'a\\u200bb\\ufeffc\\u2066d\\u2069'],
  ['ünïcödé, 日本語, שלום, 🎉 and\n\tlines', 'ünïcödé, 日本語, שלום, 🎉 and\n\tlines'],
])('%j is judged as %j', (text, seen) => expect(visibleText(text)).toBe(seen));
