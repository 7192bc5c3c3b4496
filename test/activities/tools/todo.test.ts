import { expect, it } from 'vitest';
import { makeBench, toolNamed } from './bench.js';

it('todo replaces the task list and tells how it stands', async () => {
  const bench = await makeBench();
  const tasks = [
    { content: 'one', status: 'completed' },
    { content: 'two', status: 'in_progress' },
    { content: 'three', status: 'pending' },
  ];
  expect(await bench.call('todo', { tasks })).toEqual({
    output: 'The list has 3 tasks: 1 pending, 1 in_progress, 1 completed.',
    isError: false,
  });
  await bench.call('todo', { tasks: [] });
  expect(bench.tasks).toEqual([tasks, []]);
});

it.each([
  [{}],
  [{ tasks: 'one' }],
  [{ tasks: [{ content: 'one', status: 'done' }] }],
  [{ tasks: [{ content: '', status: 'pending' }] }],
])('todo refuses %j and leaves the list as it was', async (args) => {
  const bench = await makeBench();
  expect((await bench.call('todo', args)).isError).toBe(true);
  expect(bench.tasks).toEqual([]);
});

it('todo may run twice', () => {
  expect(toolNamed('todo')).toMatchObject({ readOnly: false, idempotent: true });
});
