import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { skillTool } from '../../../src/activities/tools/index.js';
import { runArgs } from '../../support/run-args.js';
import { makeBench, recordingContext } from './bench.js';

const load = (tool: ReturnType<typeof skillTool>, name: string) => runArgs(tool, { name }, recordingContext().context);

describe('skill', () => {
  it('loads the instructions of a skill, without front matter', async () => {
    const bench = await makeBench({
      'a/SKILL.md': '---\nname: a\ndescription: Does a.\n---\n\n# A\n\nDo it.\n---\nmore\n',
      'b/SKILL.md': '\ufeff---\r\nname: b\r\n---\r\nDo b.\r\n',
      'c/SKILL.md': 'No front matter.\n---\n',
    });
    const skills = ['a', 'b', 'c'].map((name) => ({
      name,
      description: `Does ${name}.`,
      path: bench.path(name, 'SKILL.md'),
    }));
    const tool = skillTool(skills);
    expect(await load(tool, 'a')).toEqual({ output: '# A\n\nDo it.\n---\nmore', isError: false });
    expect((await load(tool, 'b')).output).toBe('Do b.');
    expect((await load(tool, 'c')).output).toBe('No front matter.\n---');
  });

  it('tells the model which skills there are', () => {
    const tool = skillTool([{ name: 'pdf', description: 'Fills forms.', path: '/x' }]);
    expect(tool.name).toBe('skill');
    expect(tool.description).toContain('- pdf: Fills forms.');
    expect(tool).toMatchObject({ readOnly: true, idempotent: true });
    expect(skillTool([]).description).toContain('(none)');
  });

  it('tells the known names when asked for another', async () => {
    const tool = skillTool([{ name: 'pdf', description: '', path: '/x' }]);
    for (const name of ['word', '__proto__', '../pdf']) {
      expect(await load(tool, name)).toMatchObject({ isError: true, output: expect.stringContaining('known: pdf') });
    }
  });

  it('fails, without waiting and without telling the path, for a file that cannot be read', async () => {
    const bench = await makeBench();
    await promisify(execFile)('mkfifo', [bench.path('pipe')]);
    const tool = skillTool([
      { name: 'gone', description: '', path: bench.path('gone.md') },
      { name: 'pipe', description: '', path: bench.path('pipe') },
    ]);
    for (const name of ['gone', 'pipe']) {
      const reply = await load(tool, name);
      expect(reply).toEqual({ output: `The instructions of the skill ${name} cannot be read.`, isError: true });
    }
  });
});
