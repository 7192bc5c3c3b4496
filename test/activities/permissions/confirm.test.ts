import { expect, it } from 'vitest';
import { answerByConfirm } from '../../../src/activities/permissions/index.js';
import { TroupeError } from '../../../src/domain/errors.js';
import type { Confirm, PermissionRequest } from '../../../src/domain/permission.js';

const request: PermissionRequest = {
  requestId: 'subagent-1-request-1',
  subagentId: 'subagent-1',
  agentType: 'general',
  toolId: 'call-1',
  toolName: 'write',
  args: { file_path: 'a.ts' },
  reason: 'no rule allows this call of write',
};

/** As a program without types may write it. */
const untyped = (confirm: () => unknown) => confirm as Confirm;

it.each(['allow', 'always', 'deny'] as const)('an answer of %j is passed on, awaited or not', async (answer) => {
  const faults: TroupeError[] = [];
  expect(
    await answerByConfirm(
      () => answer,
      request,
      (fault) => faults.push(fault),
    ),
  ).toBe(answer);
  expect(
    await answerByConfirm(
      async () => answer,
      request,
      (fault) => faults.push(fault),
    ),
  ).toBe(answer);
  expect(faults).toEqual([]);
});

it('confirm is given the request', async () => {
  expect(await answerByConfirm(({ toolName }) => (toolName === 'write' ? 'allow' : 'deny'), request)).toBe('allow');
});

const throwing = (thrown: unknown) => (): never => {
  throw thrown;
};
const badThenable = Object.defineProperty({}, 'then', { get: throwing(new Error('bad then')) });

it.each<[string, () => unknown, string]>([
  ['throws', throwing(new Error('terminal is gone')), 'terminal is gone'],
  ['throws a text', throwing('gone'), 'gone'],
  ['rejects', () => Promise.reject(new Error('terminal is gone')), 'terminal is gone'],
  ['gives true', () => true, 'boolean'],
  ['gives nothing', () => undefined, 'undefined'],
  ['gives another word', () => 'yes', '"yes"'],
  ['gives another case', () => 'ALLOW', '"ALLOW"'],
  ['gives an object', () => ({ toString: () => 'allow' }), 'object'],
  ['gives a thenable that throws', () => badThenable, 'bad then'],
])('a confirm that %s says no, and why is reported', async (_what, confirm, problem) => {
  const faults: TroupeError[] = [];
  expect(await answerByConfirm(untyped(confirm), request, (fault) => faults.push(fault))).toBe('deny');
  expect(faults).toHaveLength(1);
  expect(faults[0]).toBeInstanceOf(TroupeError);
  expect(faults[0]?.code).toBe('permission_denied');
  expect(faults[0]?.message).toContain(problem);
  expect(faults[0]?.message).toContain(request.requestId);
});

it('a reporter that throws, or none, changes nothing', async () => {
  const failing = () => Promise.reject(new Error('gone'));
  expect(await answerByConfirm(failing, request)).toBe('deny');
  expect(await answerByConfirm(failing, request, throwing(new Error('reporter is gone')))).toBe('deny');
});
