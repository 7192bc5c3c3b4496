import { expect, it } from 'vitest';
import { knownNames } from '../../src/config/index.js';

it('a slip of the pen is told with the name that was probably meant', () => {
  expect(knownNames('expore', ['general', 'explore'])).toBe('did you mean "explore"? Known: general, explore');
  expect(knownNames('Explore', ['explore'])).toContain('did you mean "explore"');
});

it('a name that is like no other is told with the known ones only', () => {
  expect(knownNames('zebra', ['general', 'explore'])).toBe('Known: general, explore');
  expect(knownNames('zebra', [])).toBe('Known: none');
});

it('a very long name costs nothing', () => {
  expect(knownNames('x'.repeat(1_000_000), ['x'])).toBe('Known: x');
});
