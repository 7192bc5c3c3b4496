import { describe, expect, it } from 'vitest';
import { byPrompt, calls } from '../../support/world.js';
import { lineOf, openPage, shows, soon } from '../support/browser.js';
import { createMonitoredWorld } from '../support/monitored-world.js';
import { faintTexts } from './support/faint-texts.js';

describe('a page for whoever looks at it', { timeout: 60_000 }, () => {
  it('can be used by keyboard alone', async () => {
    const world = await createMonitoredWorld(
      byPrompt({
        lead: [calls(['task', { tasks: [{ agent: 'worker', prompt: 'child' }] }])],
        child: [{ text: 'x', hang: true }],
        other: [{ text: 'y', hang: true }],
      }),
    );
    const lead = world.spawn({ agentType: 'lead', prompt: 'lead', description: 'Lead' });
    await world.settle();
    const other = world.spawn({ prompt: 'other', description: 'Other' });
    await world.settle();
    const { page } = await openPage(world.monitor.url);
    await lineOf(page, 'Other').waitFor();
    const chosen = () => page.locator('tree-line[aria-selected="true"]').getAttribute('data-id');
    const isActive = (id: string) => page.evaluate((wanted) => document.activeElement?.id === wanted, id);
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('To the subagents');
    for (let presses = 0; presses < 12 && !(await isActive('tree')); presses++) await page.keyboard.press('Tab');
    expect(await isActive('tree')).toBe(true);
    expect(await page.evaluate(() => getComputedStyle(document.activeElement as Element).outlineStyle)).toBe('solid');
    await page.keyboard.press('ArrowDown');
    expect(await chosen()).toBe(lead.id);
    expect(await page.locator('#tree').getAttribute('aria-activedescendant')).toBe('line-0');
    await page.keyboard.press('ArrowLeft');
    await soon(() => page.locator('tree-line:visible').count()).toBe(2);
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    expect(await page.locator('tree-line[aria-selected="true"]').getAttribute('aria-level')).toBe('2');
    await page.keyboard.press('End');
    expect(await chosen()).toBe(other.id);
    await page.keyboard.press('p');
    await soon(() => other.state()).toBe('paused');
    await shows(page, '#announcements', 'paused');
    await page.keyboard.press('r');
    await soon(() => other.state()).toBe('running');
    await page.keyboard.press('/');
    await page.keyboard.type('lead');
    await soon(() => page.locator('tree-line:visible').count()).toBe(1);
    await page.locator('#tab-talk').focus();
    await page.keyboard.press('ArrowRight');
    expect(await page.locator('#tab-chart').getAttribute('aria-selected')).toBe('true');
    expect(await isActive('tab-chart')).toBe(true);
    await page.keyboard.press('ArrowRight');
    await page.locator('#event-list').focus();
    await page.keyboard.press('ArrowDown');
    await shows(page, '#event-full', '"type": "subagent_started"');
  });

  it.each([
    ['light', 400],
    ['dark', 400],
    ['light', 2000],
    ['dark', 2000],
  ] as const)(
    'is readable in %s at %i px: nothing sticks out, and texts stand off their ground',
    async (colorScheme, width) => {
      const world = await createMonitoredWorld([calls(['note', { label: 'x'.repeat(300) }])], { approvals: 'wait' });
      world.spawn({ agentType: 'asker', description: `A ${'very '.repeat(40)}long description without an end` });
      await world.settle();
      const { page } = await openPage(world.monitor.url, { viewport: { width, height: 800 }, colorScheme });
      await lineOf(page, 'very').click();
      await page.locator('.approval').waitFor();
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
      expect(await page.locator('#panel-chart').isVisible()).toBe(width === 2000);
      for (const tab of ['about', 'events', 'talk']) {
        await page.locator(`#tab-${tab}`).click();
        expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
      }
      expect(await page.evaluate(faintTexts)).toEqual([]);
    },
  );

  it('keeps what a person writes: a reason while more is asked, and a message for the one that it was written to', async () => {
    const asks = (label: string) => calls(['note', { label }]);
    const world = await createMonitoredWorld(
      byPrompt({
        lead: [calls(['peek', { label: 'a' }], ['note', { label: 'first' }], ['peek', { label: 'b' }])],
        other: [asks('theirs')],
      }),
      { approvals: 'wait' },
    );
    const one = world.spawn({ agentType: 'asker', prompt: 'lead', description: 'One' });
    world.spawn({ agentType: 'asker', prompt: 'other', description: 'Other' });
    await world.settle();
    const { page } = await openPage(world.monitor.url);
    await lineOf(page, 'One').click();
    await soon(() => page.locator('.approval').count()).toBe(3);
    const reasons = page.getByLabel('Reason for a no');
    await reasons.nth(1).fill('not this one');
    const requestIds = world.events.flatMap((event) => (event.type === 'permission_request' ? [event.requestId] : []));
    one.approve(requestIds[0] ?? '');
    await soon(() => page.locator('.approval').count()).toBe(2);
    expect(await reasons.first().inputValue()).toBe('not this one');
    expect(await reasons.first().evaluate((input) => document.activeElement === input)).toBe(true);
    await page.getByRole('button', { name: 'Deny', exact: true }).first().click();
    await soon(() => page.locator('.approval').count()).toBe(1);
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Approve');

    await page.locator('#steer-text').fill('for One alone');
    await lineOf(page, 'Other').click();
    await shows(page, '.approval', 'theirs');
    expect(await page.locator('#steer-text').inputValue()).toBe('');
    await lineOf(page, 'One').click();
    expect(await page.locator('#steer-text').inputValue()).toBe('for One alone');
  });

  it('hands the keys on when a button goes that had them', async () => {
    const world = await createMonitoredWorld([{ text: 'x', hang: true }]);
    world.spawn({ description: 'There' });
    const { page } = await openPage(world.monitor.url);
    await lineOf(page, 'There').click();
    const focused = () => page.evaluate(() => document.activeElement?.textContent);
    await page.getByRole('button', { name: 'Pause' }).focus();
    await page.keyboard.press('Enter');
    await soon(focused).toBe('Resume');
    await page.keyboard.press('Enter');
    await soon(focused).toBe('Pause');
    await page.setViewportSize({ width: 400, height: 700 });
    await page.locator('[data-goto="list"]').click();
    await page.locator('#tree').focus();
    await page.keyboard.press('Enter');
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('detail'); // the list is behind it now
  });

  it('has a timeline that is drawn higher and lower by pointer or keys, or folded away, also after a reload', async () => {
    const world = await createMonitoredWorld([{ text: 'x', hang: true }]);
    world.spawn({ description: 'There' });
    const { page } = await openPage(world.monitor.url);
    await lineOf(page, 'There').waitFor();
    const height = async () => Math.round((await page.locator('#time').boundingBox())?.height ?? 0);
    const edge = page.getByRole('separator', { name: 'Height of the timeline' });
    const before = await height();
    expect(Number(await edge.getAttribute('aria-valuenow'))).toBe(before);
    await edge.focus();
    await page.keyboard.press('ArrowUp');
    expect(await height()).toBe(before + 24);
    await page.keyboard.press('End');
    expect(await height()).toBe(560); // seven tenths of the window
    await page.keyboard.press('Home');
    expect(await height()).toBe(84);
    const box = await edge.boundingBox();
    await page.mouse.move(600, (box?.y ?? 0) + 4);
    await page.mouse.down();
    await page.mouse.move(600, 500, { steps: 4 });
    await page.mouse.up();
    await page.mouse.move(600, 300);
    expect(await height()).toBe(300);
    await page.reload();
    await lineOf(page, 'There').waitFor();
    expect(await height()).toBe(300);
    await page.getByRole('button', { name: 'Hide' }).click();
    expect(await page.locator('#timeline').isVisible()).toBe(false);
    expect(await height()).toBeLessThan(60);
    await page.reload();
    await lineOf(page, 'There').waitFor();
    const toggle = page.locator('#time-toggle');
    expect(await toggle.getAttribute('aria-expanded')).toBe('false');
    await page.setViewportSize({ width: 400, height: 700 });
    await page.locator('[data-goto="time"]').click();
    expect(await page.locator('#timeline').isVisible()).toBe(true); // here it is a part by itself
    await page.setViewportSize({ width: 1280, height: 800 });
    await toggle.click();
    expect(await height()).toBe(300);
  });

  it.each([400, 1280, 2000])('holds words without an end at %i px', async (width) => {
    const long = (letter: string) => letter.repeat(400);
    const world = await createMonitoredWorld(
      [
        calls(
          [long('t'), { [long('k')]: long('v') }],
          ['peek', { label: long('p') }],
          ['todo', { tasks: [{ content: long('d'), status: 'pending' }] }],
        ),
        { reasoning: long('r'), text: long('w'), toolCalls: [{ name: 'note', args: { label: long('a') } }] },
      ],
      {
        approvals: 'wait',
        definitions: [{ name: long('n'), permissions: { allow: ['peek', 'todo'], deny: [], ask: [], default: 'ask' } }],
      },
    );
    world.spawn({ agentType: long('n'), prompt: long('q'), description: long('x') });
    await world.settle();
    const { page } = await openPage(world.monitor.url, { viewport: { width, height: 800 } });
    await lineOf(page, 'xxx').click();
    await page.locator('.approval').waitFor();
    for (const tab of ['about', 'events', 'talk']) {
      await page.locator(`#tab-${tab}`).click();
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
      const outside = await page.evaluate(() =>
        [...document.querySelectorAll('button, input, h2, h3, summary, .number')]
          .filter((element) => (element as HTMLElement).checkVisibility() && !element.closest('.chips'))
          .filter((element) => element.getBoundingClientRect().right > innerWidth + 1)
          .map((element) => `${element.tagName} ${element.className} ${element.textContent?.slice(0, 20)}`),
      );
      expect(outside).toEqual([]);
    }
    await page.getByRole('button', { name: 'Cancel', exact: true }).click();
    const dialog = await page.locator('#ask').boundingBox();
    expect((dialog?.x ?? -1) >= 0 && (dialog?.x ?? 0) + (dialog?.width ?? 0) <= width).toBe(true);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
  });

  it('stays quick with a thousand subagents and a long history', async () => {
    const text = Array.from({ length: 100 }, (_, index) => `w${index} `);
    const world = await createMonitoredWorld(() => ({ text, hang: true }), { maxConcurrentSubagents: 1_000 });
    for (let index = 1; index <= 1_000; index++) world.spawn({ description: `Number ${index}` });
    await world.settle();
    const startedAt = performance.now();
    const { page } = await openPage(world.monitor.url);
    await shows(page, '#totals', '1,000 subagents');
    expect(performance.now() - startedAt).toBeLessThan(10_000);
    expect(await page.locator('tree-line').count()).toBeLessThan(60);
    await page.locator('#tree').focus();
    await page.keyboard.press('End');
    await shows(page, 'tree-line[aria-selected="true"]', 'Number 1000');
    await shows(page, '.turn .text', 'w99');
    await page.locator('#search').fill('number 77');
    await soon(() => page.locator('tree-line:visible').count()).toBe(11);
    const worst = await page.evaluate(async () => {
      const tree = document.querySelector('#tree') as HTMLElement;
      (document.querySelector('#search') as HTMLInputElement).value = '';
      document.querySelector('#search')?.dispatchEvent(new Event('input'));
      let longest = 0;
      let before = performance.now();
      for (let frame = 0; frame < 30; frame++) {
        tree.scrollTop += 1_500;
        await new Promise(requestAnimationFrame);
        longest = Math.max(longest, performance.now() - before);
        before = performance.now();
      }
      return longest;
    });
    expect(worst).toBeLessThan(1_000); // a shared machine; by itself it takes some 20 ms
  });
});
