import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { editTool } from '../../src/activities/tools/edit.js';
import { writeTool } from '../../src/activities/tools/write.js';
import type { PermissionRequest, PermissionRules } from '../../src/domain/permission.js';
import { calls, createWorld, eventsOf, lastMessage } from '../support/world.js';

const made: string[] = [];
afterEach(async () => {
  for (const folder of made.splice(0)) await rm(folder, { recursive: true, force: true });
});

/** One subagent that writes to `.git/hooks/x`, under these rules, with a person who says yes to everything. */
async function writeHook(permissions: Partial<PermissionRules>, permissive = false) {
  const workspace = await mkdtemp(join(tmpdir(), 'troupe-protected-'));
  made.push(workspace);
  await mkdir(join(workspace, '.git'));
  const asked: PermissionRequest[] = [];
  const file_path = '.git/hooks/x';
  const turns = [calls(['write', { file_path, content: 'new' }]), { text: 'done' }];
  const world = createWorld(turns, {
    tools: [writeTool(), editTool()],
    definitions: [{ name: 'writer', permissions: { allow: [], deny: [], ask: [], default: 'ask', ...permissions } }],
    workspace,
    confirm: (request) => {
      asked.push(request);
      return 'always';
    },
  });
  await world.spawn({ agentType: 'writer', permissive }).wait();
  const content = await readFile(join(workspace, file_path), 'utf8').catch(() => undefined);
  return { content, asked, told: lastMessage(world.model.requests[1]), events: world.events };
}

describe('a write to .git', () => {
  it('is denied without a question where no rule names the place, and the model is told why', async () => {
    for (const permissions of [{}, { allow: ['write'] }, { allow: ['write(**)'] }, { ask: ['write(.git/**)'] }]) {
      const { content, asked, told, events } = await writeHook(permissions);
      expect({ content, asked }).toEqual({ content: undefined, asked: [] });
      expect(told).toContain('.git/hooks/x cannot be changed');
      expect(eventsOf(events, 'permission_request')).toEqual([]);
    }
  });

  it('is denied to a permissive subagent too', async () => {
    expect(await writeHook({}, true)).toMatchObject({ content: undefined, asked: [] });
  });

  it('reaches the file where a rule names the place', async () => {
    expect(await writeHook({ allow: ['Write(.git/hooks/*)'] })).toMatchObject({ content: 'new', asked: [] });
  });

  it('is not opened to one tool by a rule on another', async () => {
    expect(await writeHook({ allow: ['write', 'edit(.git/**)'] })).toMatchObject({ content: undefined });
  });
});
