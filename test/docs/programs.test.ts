import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { listenTo, statelyRelay } from '../inspect/support/listener.js';
import { runProgram } from '../support/child-process.js';
import { blocksOf } from './markdown.js';

const read = (page: string) => readFile(fileURLToPath(new URL(`../../docs/${page}`, import.meta.url)), 'utf8');
const programsOf = async (page: string) => blocksOf(await read(page)).filter(({ language }) => language === 'ts');

/** What the page calls `orchestrator`, with one that works for 3 s if it is let. */
const running = `
  import { Orchestrator } from 'troupe';
  const orchestrator = Orchestrator.create();
  const handle = orchestrator.spawnSubagent({ agentType: 'explore', prompt: 'x' });
`;

describe('what the page about inspectors shows beside its first program', { timeout: 60_000 }, async () => {
  const ways = (await programsOf('inspect.md')).slice(1);

  it('are two ways to let one in that comes late', () => {
    expect(ways).toHaveLength(2);
    for (const { source } of ways) expect(source).toContain('ws://localhost:8080');
  });

  it.each(ways)('tells it of what lives: line $line', async ({ source }) => {
    const url = await statelyRelay();
    const listener = await listenTo(url);
    const program = `${running}
      const { WebSocket } = await import('ws');
      const reader = new WebSocket('${url}');
      const isHeard = new Promise((resolve) => {
        reader.on('message', (text) => String(text).includes('"name":"subagent-1"') && resolve());
      });
      await new Promise((resolve) => reader.once('open', resolve));
      ${source.replace('ws://localhost:8080', url).replace('subscription.unsubscribe', 'await isHeard;\nsubscription.unsubscribe')}
      await isHeard;
      process.exit();`;
    expect(await runProgram(program, { isBare: true })).toEqual({ code: 0, stdout: '', stderr: '' });
    const told = await listener.until(({ name }) => name === 'subagent-1');
    expect(told).toMatchObject({ type: '@xstate.actor', snapshot: { status: 'active' } });
  });
});

describe('the program of the guide about tracing', () => {
  it('makes the spans that the table names', { timeout: 60_000 }, async () => {
    const program = (await programsOf('guide.md')).find(({ source }) => source.includes('troupe/telemetry'));
    const ended = await runProgram(
      `
      import { trace } from '@opentelemetry/api';
      import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
      const exporter = new InMemorySpanExporter();
      trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
      ${program?.source}
      for (const { name } of exporter.getFinishedSpans()) console.log(name);
    `,
      { isBare: true },
    );
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    const kinds = ended.stdout.split('\n').map((line) => line.split(' ')[0]);
    expect(new Set(kinds)).toEqual(new Set(['invoke_agent', 'chat', 'execute_tool', '']));
  });
});
