import { describe, expect, it } from 'vitest';
import { AgentEvent } from '../../src/events/index.js';
import { lines } from '../support/lines.js';
import { byPrompt, calls, createWorld, eventsOf, tasks, typesOf } from '../support/world.js';

describe('the events of a whole run', () => {
  it('come in this order, with this content', async () => {
    const { clock, spawn, events } = createWorld([
      {
        reasoning: 'hm',
        text: ['I will ', 'look.'],
        toolCalls: [
          { name: 'slow', args: { label: 'a', ms: 100 } },
          { name: 'slow', args: { label: 'b', ms: 50 } },
          { name: 'note', args: { label: 'c' } },
        ],
      },
      { text: 'Found it.', delayMs: 20 },
    ]);
    spawn({ description: 'a look', metadata: { ticket: 7 } });
    await clock.advance(1_000);
    expect(lines(events)).toEqual([
      'subagent_started worker',
      'subagent_state_changed pending > running',
      'start do it',
      'subagent_activity_changed requesting_llm 2',
      'turn_start 1',
      'reasoning_delta hm',
      'text_delta I will ',
      'text_delta look.',
      'subagent_activity_changed calling_tool slow/call1 slow/call2',
      'tool_start slow/call1 {"label":"a","ms":100}',
      'tool_start slow/call2 {"label":"b","ms":50}',
      'tool_end slow/call2 slow b done (50 ms)',
      'subagent_activity_changed calling_tool slow/call1',
      'tool_end slow/call1 slow a done (100 ms)',
      'subagent_activity_changed calling_tool note/call3',
      'tool_start note/call3 {"label":"c"}',
      'tool_end note/call3 noted c (0 ms)',
      'turn_end 1, 15 tokens',
      'subagent_activity_changed requesting_llm 6',
      'turn_start 2',
      'text_delta Found it.',
      'turn_end 2, 30 tokens',
      'end 30 tokens',
      'subagent_state_changed running > completed',
      'subagent_completed completed: Found it. (120 ms)',
    ]);
    expect(eventsOf(events, 'subagent_started')[0]).toEqual({
      type: 'subagent_started',
      agentType: 'worker',
      description: 'a look',
      config: {
        agentType: 'worker',
        prompt: 'do it',
        description: 'a look',
        metadata: { ticket: 7 },
        permissive: false,
        repairs: 2,
        permissiveDeny: [],
        detached: false,
        agentDirs: [],
        skillDirs: [],
      },
      subagentId: 'subagent-1',
      epoch: 0,
      seq: 1,
      offset: 1,
      time: 0,
      v: 1,
    });
  });

  it('fit the schema of events, and come through JSON as they are', async () => {
    const { clock, spawn, events } = createWorld(
      byPrompt({
        lead: [tasks('a', 'b'), calls(['todo', { tasks: [{ content: 'x', status: 'pending' }] }]), { text: 'done' }],
        a: [calls(['deaf', { label: 'x', ms: 5 }]), { text: 'a' }],
        b: [{ finish: 'none' }, { finish: 'refusal' }],
      }),
    );
    const parent = spawn({ agentType: 'lead', prompt: 'lead' });
    await clock.advance(1);
    void parent.pause();
    void parent.resume();
    await clock.advance(60_000);
    expect(eventsOf(events, 'subagent_completed')).toHaveLength(3);
    for (const event of events) {
      expect(AgentEvent.parse(event)).toEqual(event);
      expect(JSON.parse(JSON.stringify(event))).toEqual(event);
    }
  });

  it('name the tools of the config, whose objects stay here', async () => {
    const { settle, spawn, events, runtime } = createWorld([{ text: 'done' }]);
    const peek = runtime.tools.get('peek');
    spawn({ tools: ['note', ...(peek ? [peek] : [])] });
    await settle();
    expect(eventsOf(events, 'subagent_started')[0]?.config.tools).toEqual(['note', 'peek']);
  });

  it('count seq for each subagent and offset for all, without gaps', async () => {
    const { settle, spawn, events } = createWorld(
      byPrompt({ lead: [tasks('a', 'b'), { text: 'done' }], a: [{ text: 'a' }], b: [{ text: 'b' }] }),
    );
    spawn({ agentType: 'lead', prompt: 'lead' });
    await settle();
    const own = events.filter((event) => event.type !== 'gap');
    expect(own.map(({ offset }) => offset)).toEqual(own.map((_, index) => index + 1));
    for (const id of ['subagent-1', 'subagent-2', 'subagent-3']) {
      const seqs = own.filter(({ subagentId }) => subagentId === id).map(({ seq }) => seq);
      expect(seqs).toEqual(seqs.map((_, index) => index + 1));
      expect(seqs.length).toBeGreaterThan(5);
    }
  });

  it('say of a failure what and why before the last one', async () => {
    const { settle, spawn, events } = createWorld([{ text: 'no', finish: 'refusal' }]);
    spawn();
    await settle();
    expect(lines(events).slice(-4)).toEqual([
      'text_delta no',
      'error model_refused: scripted: the model did not answer (refusal)',
      'subagent_state_changed running > failed',
      'subagent_completed failed: no (0 ms)',
    ]);
  });

  it('of children come with those of their parent in one stream, a child’s end before the tool that waited for it', async () => {
    const { settle, spawn, events } = createWorld(
      byPrompt({ lead: [tasks('a'), { text: 'done' }], a: [{ text: 'from a' }] }),
    );
    spawn({ agentType: 'lead', prompt: 'lead' });
    await settle();
    const said = events.map((event) => `${event.subagentId?.slice(-1)} ${event.type}`);
    expect(said.indexOf('1 tool_start')).toBeLessThan(said.indexOf('2 subagent_started'));
    expect(said.indexOf('2 subagent_completed')).toBeLessThan(said.indexOf('1 tool_end'));
    expect(said.at(-1)).toBe('1 subagent_completed');
  });
});

describe('a tool’s own words', () => {
  it('come as output deltas and progress while it runs, and no more once it is over', async () => {
    const { defineTool } = await import('../../src/activities/tools/index.js');
    const { z } = await import('zod');
    let later: (() => void) | undefined;
    const chatty = defineTool({
      name: 'chatty',
      description: 'Talks.',
      input: z.object({}),
      run: (_input, { emit, progress }) => {
        emit('one');
        progress({ step: 1, totalSteps: 2, message: 'half' });
        later = () => {
          emit('too late');
          progress({ step: 2, message: 'too late' });
        };
        return 'said';
      },
    });
    const { settle, spawn, events } = createWorld([calls(['chatty', {}]), { hang: true }], { tools: [chatty] });
    spawn();
    await settle();
    later?.();
    await settle();
    expect(lines(events).filter((line) => /chatty|tool_output|progress/.test(line))).toEqual([
      'subagent_activity_changed calling_tool chatty/call1',
      'tool_start chatty/call1 {}',
      'tool_output_delta call1 one',
      'subagent_progress 1/2 half',
      'tool_end chatty/call1 said (0 ms)',
    ]);
    expect(typesOf(events).filter((type) => type === 'subagent_progress')).toHaveLength(1);
  });
});
