import { existsSync } from 'node:fs';
import { LLMock } from '@copilotkit/aimock';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PageFolder, pageAt } from './page-folder.js';

const orchestratorPage = pageAt('agent-orchestrator.txt');
const stepsPage = pageAt('orchestration.txt');

/** Opens the folder of a page for the tests of a group, with a model that answers by `script`. */
function openPage(page: string, configName: string, script: (mock: LLMock) => void) {
  const mock = new LLMock({ port: 0 });
  const opened: { folder?: PageFolder } = {};
  beforeAll(async () => {
    script(mock);
    await mock.start();
    opened.folder = await PageFolder.create(page, configName, mock.url);
  });
  afterAll(async () => {
    await mock.stop();
    await opened.folder?.remove();
  });
  const folder = () => opened.folder as PageFolder; // made before the first test
  return { mock, folder };
}

describe.skipIf(!existsSync(orchestratorPage))(
  'the examples of the page on the orchestrator (skipped without it)',
  () => {
    const { mock, folder } = openPage(orchestratorPage, 'agent.hcl', (model) => {
      model.on({ hasToolResult: true }, { content: 'I found 3 TypeScript files.' });
      model.on(
        { userMessage: 'Use glob', hasToolResult: false },
        { toolCalls: [{ name: 'glob', arguments: '{"pattern":"**/*.ts"}' }] },
      );
    });

    it('are all found', () => {
      expect(folder().examples.map(({ isWhole }) => isWhole)).toEqual([true, true, false]);
    });

    it('type-check under strict settings', { timeout: 60_000 }, () => folder().compile());

    it('run the stub, pause it and resume it', async () => {
      const output = await folder().play(0);
      expect(output).toContain('SubAgent ID: subagent-1');
      expect(output).toContain('State: paused');
      expect(output).toMatch(/Result: Stub: 5 steps done/);
    });

    it('run a real model and real tools by way of agent.hcl, and end by themselves', async () => {
      await folder().play(1);
      const requests = mock.getRequests();
      expect(requests).toHaveLength(2);
      expect(JSON.stringify(requests[1]?.body)).toContain('example-0.ts');
    });

    it('read the states, activities and listings of what runs', async () => {
      const output = await folder().play(2);
      expect(output).toContain('SubAgent: subagent-1');
      expect(output).toContain('State: running');
      expect(output).toContain('subagent-1 is calling a tool');
      expect(output).toContain('Active SubAgents: 1');
    });
  },
);

describe.skipIf(!existsSync(stepsPage))('the examples of the page on steps (skipped without it)', () => {
  const { mock, folder } = openPage(stepsPage, 'agent.acl', (model) => {
    model.on({ userMessage: 'three systems languages' }, { content: 'C, Rust and Zig.' }, { latency: 50 });
    model.on({ userMessage: 'memory-safe' }, { content: 'yes' });
    model.on({ userMessage: 'In one sentence' }, { content: 'Rust is a systems programming language.' });
    model.on({ userMessage: 'Reply YES or NO' }, { content: 'YES' });
    model.on({ userMessage: 'Check manifests' }, { content: 'All up to date.' });
    model.on({ userMessage: 'Run the test suite' }, { content: 'All green.' });
  });

  it('are all found', () => {
    expect(folder().examples.map(({ isWhole }) => isWhole)).toEqual([true, true, true]);
  });

  it('type-check under strict settings', { timeout: 60_000 }, () => folder().compile());

  it('run steps side by side, with outcomes in input order', async () => {
    expect(await folder().play(0)).toBe('[parallel] langs: success=true\n[parallel] safe: success=true\n');
  });

  it('take an item through two stages, the second built on what the first gave', async () => {
    expect(await folder().play(1)).toBe('[pipeline] final="YES"\n');
    const prompts = JSON.stringify(mock.getRequests().map(({ body }) => body));
    expect(prompts).toContain('In one sentence, what is the Rust programming language?');
    expect(prompts).toContain('a programming language?\\n\\nRust is a systems programming language.');
  });

  it('go on from the journal: a second run asks nothing again', async () => {
    expect(await folder().play(2)).toBe('deps:true tests:true\n');
    const before = mock.getRequests().length;
    expect(await folder().play(2)).toBe('deps:true tests:true\n');
    expect(mock.getRequests()).toHaveLength(before);
  });
});
