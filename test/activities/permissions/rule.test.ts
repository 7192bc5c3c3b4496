import { describe, expect, it } from 'vitest';
import { TroupeError } from '../../../src/domain/errors.js';
import { bash, deploy, kindOf, limits, list, permissionsOf, read, toolOf, webFetch, write } from './support.js';

const allowing = (rule: string) => permissionsOf([list({ allow: [rule] })]);
const denying = (rule: string) => permissionsOf([list({ allow: ['*'], deny: [rule] })]);

describe('the form of a rule', () => {
  it.each(['read', 'READ', ' read ', 'Read(**)', 'read ( ** )', 'read( src/** )', '*', '*(**)', 're*'])(
    '%j covers a read',
    async (rule) => {
      expect(await kindOf(allowing(rule), read, 'src/a.ts')).toBe('allow');
    },
  );

  it.each(['write', 'rea', 'reads', 'read(b)', '*(b)', '__proto__', 'constructor'])(
    '%j does not cover a read',
    async (rule) => {
      expect(await kindOf(allowing(rule), read, 'src/a.ts')).toBe('ask');
    },
  );

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])(
    'a tool named %j is a tool like any other',
    async (name) => {
      const odd = toolOf(name, 'json');
      expect(await kindOf(allowing('read'), odd, {})).toBe('ask');
      expect(await kindOf(allowing(name), odd, {})).toBe('allow');
      expect(await kindOf(denying(name), odd, {})).toBe('deny');
    },
  );

  it.each([
    ['', 'names no tool'],
    ['   ', 'names no tool'],
    ['(src/**)', 'names no tool'],
    ['read()', 'empty pattern'],
    ['read(  )', 'empty pattern'],
    ['read(src', 'parentheses that do not match'],
    ['read(src))', 'parentheses that do not match'],
    ['read(a)(b)', 'parentheses that do not match'],
    ['read(a) b', 'parentheses that do not match'],
    ['read)', 'not of the form'],
    ['read src', 'not of the form'],
    ['read(~/.ssh/**)', 'absolute path'],
    ['read(**/../x)', 'behind'],
    [`read(${'{a,b}'.repeat(8)})`, 'alternatives'],
    [`read(${'a'.repeat(2_000)})`, 'limit'],
    ['bash(:*)', 'no command before'],
    ['web_fetch(https://example.org)', 'not a host'],
    ['web_fetch(domain:example.org)', 'not a host'],
    ['web_fetch(exa*le.org)', 'not a host'],
  ])('%j is refused and named: %s', (rule, problem) => {
    const attempts = [
      () => permissionsOf([limits({ allow: [rule] }, { from: 'the session' })]),
      () => permissionsOf([limits({ deny: [rule] }, { from: 'the session' })]),
      () => permissionsOf([limits({ ask: [rule] }, { from: 'the session' })]),
      () => permissionsOf([], { permissiveDeny: [rule] }),
    ];
    for (const attempt of attempts) {
      expect(attempt).toThrow(TroupeError);
      expect(attempt).toThrow(expect.objectContaining({ code: 'config_invalid' }));
      expect(attempt).toThrow(expect.objectContaining({ message: expect.stringContaining(JSON.stringify(rule)) }));
      expect(attempt).toThrow(problem);
    }
    expect(attempts[0]).toThrow('permissions of the session, allow');
    expect(attempts[3]).toThrow('permissiveDeny');
  });

  it('a rule that is no text is refused, since a caller may come without types', () => {
    const odd: unknown = 7;
    expect(() => permissionsOf([list({ allow: [odd as string] })])).toThrow('the rule 7 is no text'); // on purpose
  });

  it('parentheses within a pattern stand for themselves as long as they match', async () => {
    expect(await kindOf(allowing('read(app/(group)/page.tsx)'), read, 'app/(group)/page.tsx')).toBe('allow');
    expect(await kindOf(allowing('bash(echo $(date))'), bash, 'echo $(date)')).toBe('allow');
  });
});

describe('a pattern on a command', () => {
  it.each([
    ['bash', 'rm -rf / ; anything', 'allow'],
    ['bash(*)', 'rm -rf / ; anything', 'allow'],
    ['bash(npm test)', 'npm test', 'allow'],
    ['bash(npm test)', '  npm test\n', 'allow'],
    ['bash(npm test)', 'npm test; rm x', 'ask'],
    ['bash(npm test)', 'npm test --watch', 'ask'],
    ['bash(npm test)', 'NPM test', 'ask'],
    ['bash(npm *)', 'npm test', 'ask'],
    ['bash(npm *)', 'npm *', 'allow'],
    ['bash(ls:*)', 'ls', 'ask'],
    ['bash(ls:*)', 'ls src', 'ask'],
    ['bash(ls:*)', 'ls:*', 'ask'],
  ] as const)('allowing %j makes %j %s', async (rule, command, kind) => {
    expect(await kindOf(allowing(rule), bash, command)).toBe(kind);
  });

  it.each([
    ['bash(rm:*)', 'rm x'],
    ['bash(rm:*)', 'rm'],
    ['bash(rm *)', 'rm'],
    ['bash(rm)', 'rm -rf x'],
    ['bash(rm:*)', 'cd x && rm y'],
    ['bash(rm:*)', 'true;rm y'],
    ['bash(rm:*)', 'true\nrm y'],
    ['bash(rm:*)', 'echo `rm y`'],
    ['bash(rm:*)', 'echo $(rm y)'],
    ['bash(rm:*)', 'sh -c "rm y"'],
    ['bash(rm:*)', `r'm' y`],
    ['bash(rm:*)', 'r\\m y'],
    ['bash(rm:*)', 'r\\\nm y'],
    ['bash(rm:*)', '/bin/rm y'],
    ['bash(rm:*)', 'X=1 rm y'],
    ['bash(rm:*)', 'find . -exec rm {} +'],
    ['bash(rm:*)', 'RM y'],
    ['bash(git push:*)', 'git -C x push --force'],
    ['bash(git push --force)', 'git push origin main --force'],
    ['bash(npm*)', 'npmx install'],
    ['bash(>)', 'echo x >y'],
    ['bash(*)', 'anything'],
    ['*(curl:*)', 'curl x'],
  ])('denying %j stops %j', async (rule, command) => {
    expect(await kindOf(denying(rule), bash, command)).toBe('deny');
  });

  it.each([
    ['bash(rm:*)', 'npm test'],
    ['bash(rm:*)', 'echo arm'],
    ['bash(git push:*)', 'git pull'],
    ['bash(git push:*)', 'push git'],
    ['bash(>)', 'echo x'],
  ])('denying %j lets %j through', async (rule, command) => {
    expect(await kindOf(denying(rule), bash, command)).toBe('allow');
  });

  it('a rule that asks reads a command as broadly as one that denies', async () => {
    const permissions = permissionsOf([limits({ ask: ['bash(git push:*)'] }), list({ allow: ['bash'] })]);
    expect(await kindOf(permissions, bash, 'cd x; git push')).toBe('ask');
    expect(await kindOf(permissions, bash, 'git status')).toBe('allow');
  });
});

describe('a pattern on a host', () => {
  it.each([
    ['web_fetch(example.org)', 'example.org', true],
    ['web_fetch(Example.ORG)', 'example.org', true],
    ['web_fetch(example.org)', 'EXAMPLE.org.', true],
    ['web_fetch(example.org)', 'example.org:8080', true],
    ['web_fetch(example.org)', 'www.example.org', false],
    ['web_fetch(example.org)', 'example.org.evil.test', false],
    ['web_fetch(*.example.org)', 'www.example.org', true],
    ['web_fetch(*.example.org)', 'a.b.example.org', true],
    ['web_fetch(*.example.org)', 'example.org', false],
    ['web_fetch(*.example.org)', 'notexample.org', false],
    ['web_fetch(127.0.0.1)', '0x7f.1', true],
    ['web_fetch(*)', 'example.org', true],
  ] as const)('%j on %j: %s', async (rule, host, covered) => {
    expect(await kindOf(allowing(rule), webFetch, host)).toBe(covered ? 'allow' : 'ask');
    expect(await kindOf(denying(rule), webFetch, host)).toBe(covered ? 'deny' : 'allow');
  });

  it('what is no host is never allowed by a pattern and always denied by one', async () => {
    expect(await kindOf(allowing('web_fetch(example.org)'), webFetch, 'example.org/@evil')).toBe('ask');
    expect(await kindOf(denying('web_fetch(other.test)'), webFetch, 'example.org/@evil')).toBe('deny');
  });
});

describe('a pattern on other arguments', () => {
  it.each([
    ['deploy({"env":"test"})', { env: 'test' }, true],
    ['deploy({"env":"test"})', { env: 'test', force: true }, false],
    ['deploy({"env":"test"*})', { env: 'test', force: true }, true],
    ['deploy(*"env":"test"*)', { force: true, env: 'test' }, true],
    ['deploy(*prod*)', { env: 'prod' }, true],
    ['deploy(*prod*)', { env: 'test' }, false],
    ['deploy(*(x)*)', { env: '(x)' }, true],
  ] as const)('%j on %j: %s', async (rule, input, covered) => {
    expect(await kindOf(allowing(rule), deploy, input)).toBe(covered ? 'allow' : 'ask');
    expect(await kindOf(denying(rule), deploy, input)).toBe(covered ? 'deny' : 'allow');
  });

  it('arguments that JSON cannot hold are never allowed by a pattern and always denied by one', async () => {
    expect(await kindOf(allowing('deploy(*)'), deploy, { size: 1n })).toBe('ask');
    expect(await kindOf(denying('deploy(x)'), deploy, { size: 1n })).toBe('deny');
  });

  it('a pattern that a tool of another kind cannot use is doubt: it denies, but never allows', async () => {
    expect(await kindOf(allowing('*(~/x)'), read, 'x')).toBe('ask');
    expect(await kindOf(denying('*(~/x)'), read, 'x')).toBe('deny');
    expect(await kindOf(allowing('*(https://a.test)'), webFetch, 'a.test')).toBe('ask');
    expect(await kindOf(denying('*(https://a.test)'), webFetch, 'a.test')).toBe('deny');
  });
});

it('writing is not covered by a rule on reading', async () => {
  expect(await kindOf(allowing('read'), write, 'a.ts')).toBe('ask');
});
