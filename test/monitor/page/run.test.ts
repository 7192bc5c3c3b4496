import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { byPrompt, calls } from '../../support/world.js';
import { lineOf, openPage, shows, soon } from '../support/browser.js';
import { createMonitoredWorld } from '../support/monitored-world.js';

const slowly = (text: string) => ({ text: text.split(/(?<= )/), betweenMs: 10 });

describe('a page on a run', { timeout: 60_000 }, () => {
  it('shows how subagents come, work and end, and sends nothing anywhere else', async () => {
    const world = await createMonitoredWorld(
      byPrompt({
        look: [calls(['slow', { label: 'here', ms: 500 }]), { text: 'seen' }],
        fail: [{ text: 'no', finish: 'content_filter' }],
      }),
    );
    const { page, complaints, origins } = await openPage(world.monitor.url);
    await shows(page, '#tree-empty', 'Nothing has been spawned yet');
    const looker = world.spawn({ prompt: 'look', description: 'Look around' });
    await world.settle();
    await shows(page, 'tree-line', 'slow here');
    expect(await lineOf(page, 'Look around').getAttribute('aria-label')).toBe(
      'Look around, subagent-1, running, slow here',
    );
    await lineOf(page, 'Look around').click();
    await shows(page, '.call[data-sign="running"]', 'slow');
    await page.locator('#tab-chart').click();
    await page.locator('[data-state="active.activity.calling_tool"][data-level="lit"]').waitFor();
    await world.clock.advance(600);
    expect(await looker.wait()).toBe('seen');
    await page.locator('[data-state="completed"][data-level="lit"]').waitFor();
    await page.locator('[data-from="active.activity.idle"][data-to="completed"][data-level="last"]').waitFor();
    await page.locator('#tab-talk').click();
    await shows(page, '.turn .text', 'seen');
    await page.locator('.call summary').click();
    await shows(page, '.call .output', 'slow here done');
    world.spawn({ prompt: 'fail', description: 'Fail' });
    await world.settle();
    await shows(page, 'tree-line[data-sign="failed"]', 'model_refused');
    await page.getByRole('button', { name: '1 failed' }).click();
    await lineOf(page, 'Look around').waitFor({ state: 'hidden' });
    expect(await page.locator('tree-line:visible').count()).toBe(1);
    expect([...origins]).toEqual([new URL(world.monitor.url).origin]);
    expect(complaints).toEqual([]);
  });

  it('pauses by a click, and no request leaves until it resumes by another', async () => {
    const world = await createMonitoredWorld((_, index) =>
      index < 3 ? { text: `turn ${index}`, delayMs: 100, toolCalls: [{ name: 'peek', args: {} }] } : { text: 'done' },
    );
    const handle = world.spawn({ description: 'Peek' });
    const { page } = await openPage(world.monitor.url);
    await lineOf(page, 'Peek').click();
    await page.getByRole('button', { name: 'Pause' }).click();
    await shows(page, '#detail-facts', 'paused');
    expect(handle.state()).toBe('paused');
    await world.clock.advance(60_000);
    expect(world.model.requests).toHaveLength(1);
    await page.getByRole('button', { name: 'Resume' }).click();
    await shows(page, '#detail-facts', 'running');
    await world.clock.advance(10_000);
    expect(await handle.wait()).toBe('done');
    await shows(page, '#detail-facts', 'completed');
    expect(await page.getByRole('button', { name: 'Pause' }).count()).toBe(0);
  });

  it('asks before it cancels, and gives the reason', async () => {
    const world = await createMonitoredWorld([{ text: 'x', hang: true }]);
    const handle = world.spawn({ description: 'Endless' });
    const { page } = await openPage(world.monitor.url);
    await lineOf(page, 'Endless').click();
    await page.getByRole('button', { name: 'Cancel', exact: true }).click();
    await page.getByRole('button', { name: 'Keep it' }).click();
    expect(handle.state()).toBe('running');
    await page.getByRole('button', { name: 'Cancel', exact: true }).click();
    await page.getByLabel('Reason (may be left empty)').fill('too long');
    await page.getByRole('button', { name: 'Cancel it' }).click();
    expect(await handle.outcome()).toMatchObject({ state: 'cancelled', error: { message: 'too long' } });
    await shows(page, 'tree-line[data-sign="cancelled"]', 'cancelled');
  });

  it('approves and denies where it shows what is asked, and takes a message along', async () => {
    const asks = calls(['note', { label: 'first' }], ['note', { label: 'second' }]);
    const world = await createMonitoredWorld([asks, { text: 'done', delayMs: 50 }], { approvals: 'wait' });
    const handle = world.spawn({ agentType: 'asker', description: 'Ask' });
    await world.settle();
    const { page } = await openPage(world.monitor.url);
    await shows(page, '#chips', '1 to approve');
    await shows(page, '#announcements', 'Ask asks for approval of note, note.');
    await lineOf(page, 'Ask').click();
    await page.locator('.approval').nth(1).waitFor();
    expect(await page.locator('.approval').first().innerText()).toContain('"label": "first"');
    await page.locator('#steer-text').fill('and be kind');
    await page.locator('#steer-text').press('Enter');
    await shows(page, '#talk', 'steer taken');
    await page.getByRole('button', { name: 'Approve', exact: true }).first().click();
    await soon(() => page.locator('.approval').count()).toBe(1);
    await page.getByLabel('Reason for a no').fill('once is enough');
    await page.getByRole('button', { name: 'Deny', exact: true }).click();
    await world.clock.advance(100);
    expect(await handle.wait()).toBe('done');
    expect(world.effects).toEqual(['first']);
    const told = world.model.requests.at(-1)?.messages.map(({ content }) => content) ?? [];
    expect(told.join('\n')).toContain('once is enough');
    expect(told.at(-1)).toBe('and be kind');
  });

  it('has a timeline that tells who did what when, and chooses whose line is pressed', async () => {
    const world = await createMonitoredWorld(
      byPrompt({
        look: [
          { ...calls(['slow', { label: 'here', ms: 500 }]), delayMs: 1_000 },
          { text: 'seen', delayMs: 1_000 },
        ],
        long: [
          ...Array.from({ length: 70 }, () => ({ ...calls(['peek', { label: 'x' }]), delayMs: 10 })),
          { text: 'done', delayMs: 10 },
        ],
      }),
    );
    world.spawn({ prompt: 'look', description: 'Look' });
    world.spawn({ prompt: 'long', description: 'Long', maxSteps: 100 });
    await world.clock.advance(5_000);
    const { page } = await openPage(world.monitor.url);
    await shows(page, '#chips', '2 completed');
    const box = await page.locator('#timeline').boundingBox();
    /** At that part of the 2.5 s that all took, on that line. */
    const at = async (part: number, line: number) => {
      const [left, width] = [(box?.x ?? 0) + 190, (box?.width ?? 0) - 190 - 12];
      await page.mouse.move(left + part * width, (box?.y ?? 0) + 24 + 20 * line + 10);
      return page.locator('#timeline-tip').innerText();
    };
    expect(await at(0.2, 0)).toBe('Look · turn 1 · 1.0 s');
    expect(await at(0.5, 0)).toMatch(/^Look · slow · \S+ · 500 ms$/);
    expect(await at(0.9, 0)).toBe('Look · turn 2 · 1.0 s');
    expect(await at(0.01, 1)).toBe('Long · what it did so early is not kept');
    expect(await at(0.9, 1)).toBe('Long');
    await page.mouse.down();
    await page.mouse.up();
    await shows(page, '#detail-title', 'Long');
  });

  it('goes on where it was when it is loaded again in the middle of an answer', async () => {
    const text = Array.from({ length: 60 }, (_, index) => `word${index} `).join('');
    const world = await createMonitoredWorld([slowly(text)]);
    const handle = world.spawn({ description: 'Talk' });
    await world.clock.advance(200);
    const { page } = await openPage(world.monitor.url);
    const said = () =>
      world.events
        .flatMap((event) => (event.type === 'text_delta' ? [event.text] : []))
        .join('')
        .trim();
    const shown = async () => (await page.locator('.turn .text').innerText()).trim();
    await lineOf(page, 'Talk').click();
    await soon(shown).toBe(said());
    const before = said();
    await page.reload();
    await world.clock.advance(200);
    await soon(shown).toBe(said());
    expect(said().length).toBeGreaterThan(before.length);
    expect(said().length).toBeLessThan(text.length - 10);
    while (!handle.isDone()) await world.clock.advance(100);
    await shows(page, '#detail-facts', 'completed');
    expect(await shown()).toBe(text.trim());
  });

  it('shows what comes from models, tools and names as text, whatever it holds', async () => {
    const evil = '<img src=x onerror=window.hacked=1><script>window.hacked=2</script>';
    const world = await createMonitoredWorld(
      [
        calls(['peek', { label: evil }], [evil, { label: evil }], ['note', { label: evil }]),
        { reasoning: evil, text: evil },
      ],
      {
        approvals: 'wait',
        definitions: [{ name: evil, permissions: { allow: ['peek'], deny: [], ask: [], default: 'ask' } }],
      },
    );
    world.spawn({ agentType: evil, prompt: evil, description: evil });
    await world.settle();
    const { page, complaints } = await openPage(world.monitor.url);
    await lineOf(page, '<img').click();
    await shows(page, '.approval', evil);
    await page.getByRole('button', { name: 'Approve', exact: true }).click();
    await shows(page, '.turn .text', evil);
    await shows(page, '.reasoning', evil);
    await shows(page, '#detail-under', evil);
    await page.locator('.call summary').first().click();
    for (const tab of ['events', 'about', 'chart', 'talk']) await page.locator(`#tab-${tab}`).click();
    expect(await page.evaluate('window.hacked')).toBeUndefined();
    expect(await page.locator('img[src="x"], body script').count()).toBe(0);
    expect(complaints).toEqual([]);
  });

  it('says so when the link has a wrong token, and when the run is gone', async () => {
    const { monitor, spawn } = await createMonitoredWorld([{ text: 'x', hang: true }]);
    spawn({ description: 'There' });
    const wrong = await openPage(monitor.url.replace('#token=', '#token=x'));
    await shows(wrong.page, '#status', 'the link is not valid');
    expect(await wrong.page.locator('tree-line:visible').count()).toBe(0);
    await shows(wrong.page, '#tree-empty', 'the link is not valid');
    expect(await wrong.page.locator('#detail-empty:visible, #totals:visible').count()).toBe(0);
    const { page } = await openPage(monitor.url);
    await page.clock.install();
    await page.reload();
    await lineOf(page, 'There').click();
    const cancel = page.getByRole('button', { name: 'Cancel', exact: true });
    expect(await cancel.isEnabled()).toBe(true);
    await monitor.close();
    await shows(page, '#status', 'connection lost');
    expect(await lineOf(page, 'There').count()).toBe(1);
    expect(await cancel.isEnabled()).toBe(false);
    const timeShown = () => page.locator('#detail-facts div', { hasText: 'Time' }).innerText();
    const before = await timeShown();
    await page.clock.runFor(600_000);
    expect(await timeShown()).toBe(before); // nobody knows whether it goes on
  });

  it('gives a page of another origin nothing, though it has the token', async () => {
    const { monitor, token, spawn } = await createMonitoredWorld([{ text: 'x', hang: true }]);
    const handle = spawn();
    const other = createServer((_, response) => response.setHeader('content-type', 'text/html').end('<h1>other</h1>'));
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void other.close());
    const { page } = await openPage(`http://127.0.0.1:${(other.address() as AddressInfo).port}/`);
    const { origin } = new URL(monitor.url);
    const body = JSON.stringify({ action: 'cancel', id: handle.id });
    const tries = await page.evaluate(
      async ({ origin, token, body }) => {
        const attempt = async (path: string, init: RequestInit) => {
          const answer = await fetch(origin + path, init).catch((error: Error) => error.name);
          return typeof answer === 'string' ? answer : answer.type === 'opaque' ? 'opaque' : answer.status;
        };
        const headers = { authorization: `Bearer ${token}` };
        return [
          await attempt('/events', { headers }),
          await attempt('/control', { method: 'POST', headers, body }),
          await attempt('/control', { method: 'POST', mode: 'no-cors', body }),
          await attempt('/main.js', {}),
        ];
      },
      { origin, token, body },
    );
    expect(tries).toEqual(['TypeError', 'TypeError', 'TypeError', 'TypeError']);
    expect(handle.state()).toBe('running');
    const frame = await page.evaluate(async (src) => {
      const element = document.createElement('iframe');
      element.src = src;
      document.body.append(element);
      await new Promise((resolve) => element.addEventListener('load', resolve));
      try {
        return element.contentDocument?.title ?? 'blocked';
      } catch {
        return 'blocked';
      }
    }, monitor.url);
    expect(frame).not.toContain('monitor');
  });
});
