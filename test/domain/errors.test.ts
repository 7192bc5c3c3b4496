import { describe, expect, it } from 'vitest';
import { isErrorCode, messageOf, TroupeError, type TroupeErrorCode, toErrorInfo } from '../../src/domain/errors.js';

const thrower = () => {
  throw new Error('not for you');
};
const withMessage = (error: Error, message: PropertyDescriptor) => Object.defineProperty(error, 'message', message);

describe('the plain form of something thrown', () => {
  it('is code and message of an error of ours, else a defect or the code that is given', () => {
    expect(toErrorInfo(new TroupeError('timeout', 'too long'))).toEqual({ code: 'timeout', message: 'too long' });
    expect(toErrorInfo(new TypeError('x'))).toEqual({ code: 'bug', message: 'x' });
    expect(toErrorInfo('oops', 'tool_failed')).toEqual({ code: 'tool_failed', message: 'oops' });
  });

  it('has no code that nobody knows', () => {
    const forged = new TroupeError('made_up' as TroupeErrorCode, 'mine'); // the lie is what is tested
    expect(toErrorInfo(forged)).toEqual({ code: 'bug', message: 'mine' });
    expect([isErrorCode('bug'), isErrorCode('made_up'), isErrorCode(undefined)]).toEqual([true, false, false]);
  });

  it.each<[string, unknown]>([
    ['a message that throws', withMessage(new Error('a'), { get: thrower })],
    ['a message that throws, of ours', withMessage(new TroupeError('bug', 'a'), { get: thrower })],
    ['a proxy', new Proxy(new Error('a'), { get: thrower, getPrototypeOf: thrower })],
    ['no usable toString', { toString: thrower }],
    ['no prototype', Object.create(null)],
    ['no text anywhere', Object.assign(withMessage(new Error('a'), { value: 5 }), { name: Symbol('x') })],
  ])('is there for what has %s', (_what, thrown) => {
    expect(toErrorInfo(thrown)).toEqual({ code: 'bug', message: 'unknown error' });
  });

  it('says the name of an error without a message', () => {
    expect(messageOf(new RangeError())).toBe('RangeError');
    expect(messageOf(Symbol('s'))).toBe('Symbol(s)');
  });
});
