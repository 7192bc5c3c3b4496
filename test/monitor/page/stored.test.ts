import { describe, expect, it, onTestFinished } from 'vitest';
import { TroupeError } from '../../../src/domain/errors.js';
import { openMonitor } from '../../../src/monitor/start-monitor.js';
import { readStoredLogs } from '../../../src/monitor/stored-logs.js';
import { StoredRun } from '../../../src/monitor/stored-run.js';
import { StoredSource } from '../../../src/monitor/stored-source.js';
import { FileSessionStore } from '../../../src/store/index.js';
import { lineOf, openPage, shows, soon } from '../support/browser.js';
import { pageFiles } from '../support/page-files.js';
import { createStoredWorld } from '../support/stored-world.js';

describe('a page on a stored run', { timeout: 60_000 }, () => {
  it('goes through it forward and back, and shows each step as it was', async () => {
    const { folder } = await createStoredWorld();
    const read = () => readStoredLogs(new FileSessionStore(folder));
    const run = new StoredRun(await read());
    const source = await StoredSource.open('the run of yesterday', read);
    const monitor = await openMonitor(source, { port: 0, holdsProcess: true, files: pageFiles() });
    onTestFinished(() => monitor.close());
    const { page, complaints } = await openPage(monitor.url);
    await shows(page, '#status', 'stored run');
    await shows(page, '#step-says', `step ${run.steps} of ${run.steps}`);
    await soon(() => page.locator('tree-line:visible').count()).toBe(5);
    const goTo = (step: number) =>
      page.locator('#step-range').evaluate((range, value) => {
        (range as HTMLInputElement).value = `${value}`;
        range.dispatchEvent(new Event('input'));
      }, step);
    const signs = () =>
      page.locator('tree-line:visible').evaluateAll((lines) => lines.map((line) => line.getAttribute('data-sign')));
    expect(await signs()).toEqual(['completed', 'completed', 'completed', 'failed', 'running']);

    await lineOf(page, 'Asked').click();
    await shows(page, '#talk', 'in blue');
    await shows(page, '.turn .text', 'I wrote it down.');
    const asked = run.events.find(({ type }) => type === 'permission_request');
    await goTo(asked?.offset ?? 0);
    await shows(page, '.approval', '"label": "down"');
    expect(await signs()).toEqual(['completed', 'completed', 'asking']);
    expect(await page.locator('.approval button').count()).toBe(0);
    expect(await page.locator('#do-pause:visible, #do-cancel:visible, #steer:visible').count()).toBe(0);
    expect(await page.locator('#talk').innerText()).not.toContain('I wrote it down.');

    const paused = run.events.find((event) => event.type === 'subagent_state_changed' && event.to === 'paused');
    await goTo(paused?.offset ?? 0);
    await soon(signs).toEqual(['completed', 'completed', 'paused']);
    await page.locator('#tab-chart').click();
    await page.locator('[data-state="active.control.paused"][data-level="lit"]').waitFor();
    await goTo((paused?.offset ?? 0) - 1);
    await page.locator('[data-state="active.control.running"][data-level="lit"]').waitFor();
    await page.getByRole('button', { name: 'One step on' }).click();
    await page.locator('[data-state="active.control.paused"][data-level="lit"]').waitFor();
    await page.getByRole('button', { name: 'First step' }).click();
    await shows(page, '#tree-empty', 'Nothing has been spawned yet');
    await page.getByRole('button', { name: 'Last step' }).click();
    await soon(signs).toEqual(['completed', 'completed', 'completed', 'failed', 'running']);
    await page.getByRole('button', { name: 'Play' }).click();
    await soon(async () => Number(await page.locator('#step-range').inputValue())).toBeGreaterThan(0);
    await soon(async () => Number(await page.locator('#step-range').inputValue())).toBeLessThan(run.steps);
    await page.getByRole('button', { name: 'Stop' }).click();
    expect(complaints).toEqual([]);
  });

  it('says on top what could not be read, and shows all else', async () => {
    const { folder } = await createStoredWorld();
    const store = new FileSessionStore(folder);
    const whole = store.readJournal.bind(store);
    const evil = '<img src=x onerror=window.hacked=1>';
    store.readJournal = async (path) => {
      if (path.at(-1) === 'subagent-2') throw new TroupeError('store_corrupt', `subagent-2: line 3 ${evil}`);
      return whole(path);
    };
    const source = await StoredSource.open('the run of yesterday', () => readStoredLogs(store));
    const monitor = await openMonitor(source, { port: 0, holdsProcess: true, files: pageFiles() });
    onTestFinished(() => monitor.close());
    const { page, complaints } = await openPage(monitor.url, { viewport: { width: 400, height: 700 } });
    await shows(page, '#problems', '1 part of this run could not be read; all else is shown.');
    await shows(page, '#problems li', `subagent-2: line 3 ${evil}`);
    await shows(page, '#announcements', '1 part of this run could not be read');
    await soon(() => page.locator('tree-line:visible').count()).toBe(4);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(400);
    store.readJournal = whole;
    await page.reload();
    await soon(() => page.locator('tree-line:visible').count()).toBe(5);
    expect(await page.locator('#problems').isVisible()).toBe(false);
    expect(complaints).toEqual([]);
  });
});
