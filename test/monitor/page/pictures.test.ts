/**
 * The page in all its states. With `TROUPE_PICTURES` the pictures are kept: `docs` writes those of docs/monitor (`npm run docs`), any
 * other value is a folder for all of them, to look at.
 */

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { describe, expect, it, onTestFinished } from 'vitest';
import { TroupeError } from '../../../src/domain/errors.js';
import { LiveSource } from '../../../src/monitor/live-source.js';
import type { MonitorSource } from '../../../src/monitor/source.js';
import { type Monitor, openMonitor } from '../../../src/monitor/start-monitor.js';
import { readStoredLogs } from '../../../src/monitor/stored-logs.js';
import { StoredSource } from '../../../src/monitor/stored-source.js';
import { Orchestrator } from '../../../src/orchestrator/index.js';
import { MemorySessionStore } from '../../../src/store/index.js';
import { lineOf, openPage, shows } from '../support/browser.js';
import { pageFiles } from '../support/page-files.js';
import { showRun } from '../support/shown-run.js';
import { faintTexts } from './support/faint-texts.js';
import { factsOf } from './support/picture.js';

interface Shot {
  readonly source: () => Promise<MonitorSource>;
  readonly size: readonly [width: number, height: number];
  readonly scheme: 'light' | 'dark';
  readonly act?: (page: Page, monitor: Monitor) => Promise<unknown>;
}

const choose = (text: string) => (page: Page) => lineOf(page, text).first().click();
const chooseTab = (text: string, tab: string) => async (page: Page) => {
  await choose(text)(page);
  await page.locator(`#tab-${tab}`).click();
};

const NAME = 'release 2.4';
const run =
  (extra = 0) =>
  async () =>
    new LiveSource(await showRun({ extra }), NAME);
const nothing = async () => new LiveSource(Orchestrator.create(), NAME);
const closed = async () => {
  const orchestrator = await showRun();
  const source = new LiveSource(orchestrator, NAME);
  await orchestrator.close({ mode: 'cancel' });
  return source;
};
const stored = (isDamaged: boolean) => async () => {
  const store = new MemorySessionStore();
  await (await showRun({ store })).close({ mode: 'cancel' });
  const whole = store.readJournal.bind(store);
  store.readJournal = async (path) => {
    if (!isDamaged || path.at(-1) !== 'subagent-4') return whole(path);
    throw new TroupeError('store_corrupt', 'file .troupe: subagents/subagent-4/1.log, line 7: the hash does not match');
  };
  return StoredSource.open('nightly', () => readStoredLogs(store));
};

/** Of docs/monitor.md. */
const IN_DOCS = ['running', 'statechart'];
const SHOTS: Readonly<Record<string, Shot>> = {
  running: { source: run(), size: [1280, 860], scheme: 'light', act: choose('Plan the release') },
  statechart: { source: run(), size: [1760, 1100], scheme: 'dark', act: choose('Run the tests') },
  empty: { source: nothing, size: [1280, 860], scheme: 'light' },
  approval: { source: run(), size: [1280, 860], scheme: 'light', act: choose('Deploy to staging') },
  paused: { source: run(), size: [1280, 860], scheme: 'dark', act: choose('Translate') },
  failed: { source: run(), size: [1280, 860], scheme: 'light', act: choose('Summarise') },
  chart: { source: run(), size: [1280, 1000], scheme: 'light', act: chooseTab('Review', 'chart') },
  events: { source: run(), size: [1280, 860], scheme: 'dark', act: chooseTab('Review', 'events') },
  about: { source: run(), size: [1280, 860], scheme: 'light', act: chooseTab('Review', 'about') },
  folded: { source: run(), size: [1280, 860], scheme: 'dark', act: (page) => page.locator('#time-toggle').click() },
  'narrow-list': { source: run(), size: [400, 800], scheme: 'dark' },
  'narrow-detail': { source: run(), size: [400, 800], scheme: 'light', act: choose('Plan the release') },
  'narrow-approval': { source: run(), size: [400, 800], scheme: 'dark', act: choose('Deploy to staging') },
  'narrow-chart': { source: run(), size: [400, 800], scheme: 'light', act: chooseTab('Review', 'chart') },
  'narrow-time': {
    source: run(),
    size: [400, 800],
    scheme: 'light',
    act: (page) => page.locator('[data-goto="time"]').click(),
  },
  wide: { source: run(), size: [2000, 1200], scheme: 'light', act: choose('Review') },
  dialog: {
    source: run(),
    size: [1280, 860],
    scheme: 'light',
    act: async (page) => {
      await choose('Run the tests')(page);
      await page.locator('#do-cancel').click();
    },
  },
  many: { source: run(1_000), size: [1280, 860], scheme: 'dark', act: choose('Check module 3') },
  ended: { source: closed, size: [1280, 860], scheme: 'light', act: choose('Review') },
  lost: {
    source: run(),
    size: [1280, 860],
    scheme: 'light',
    act: async (page, monitor) => {
      await choose('Plan the release')(page);
      await shows(page, '#talk', 'The changelog is complete');
      await monitor.close();
      await shows(page, '#status', 'connection lost');
    },
  },
  refused: {
    source: run(),
    size: [1280, 860],
    scheme: 'dark',
    act: async (page) => {
      await page.goto(page.url().replace('#token=', '#token=x'));
      await page.reload();
      await shows(page, '#status', 'the link is not valid');
    },
  },
  stored: {
    source: stored(false),
    size: [1280, 860],
    scheme: 'light',
    act: async (page) => {
      await choose('Review')(page);
      await page.locator('#step-range').focus();
      for (let press = 0; press < 12; press++) await page.keyboard.press('ArrowLeft');
    },
  },
  damaged: { source: stored(true), size: [1280, 860], scheme: 'dark', act: choose('Review') },
};

const wanted = process.env.TROUPE_PICTURES;
const folder = wanted === 'docs' ? fileURLToPath(new URL('../../../docs/monitor', import.meta.url)) : wanted;
const names = wanted === 'docs' ? IN_DOCS : Object.keys(SHOTS);

describe('pictures of the page', { timeout: 60_000 }, () => {
  it.each(names)('%s: shows something, nothing sticks out, and every text can be read', async (name) => {
    const { source, size, scheme, act } = SHOTS[name] as Shot; // it is one of its keys
    const monitor = await openMonitor(await source(), { port: 0, holdsProcess: false, files: pageFiles() });
    onTestFinished(() => monitor.close());
    const [width, height] = size;
    const { page, complaints } = await openPage(monitor.url, {
      viewport: { width, height },
      colorScheme: scheme,
      reducedMotion: 'reduce',
      locale: 'en-GB',
      timezoneId: 'UTC',
    });
    await shows(page, '#run-name', name === 'stored' || name === 'damaged' ? 'nightly' : NAME);
    if (name !== 'empty') await page.locator('tree-line:visible').first().waitFor();
    await act?.(page, monitor);
    await page.evaluate(async () => {
      await document.fonts.ready;
      for (let frame = 0; frame < 3; frame++) await new Promise(requestAnimationFrame);
    });
    const png = await page.screenshot();
    const { colours, largestShare, ...measures } = await factsOf(page, png);
    expect(measures).toEqual({ width, height });
    expect(colours).toBeGreaterThan(100);
    expect(largestShare).toBeLessThan(0.97);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
    expect(await page.evaluate(faintTexts)).toEqual([]);
    const expected = name === 'lost' || name === 'refused' ? /Failed to load resource|net::ERR/ : /^$/;
    expect(complaints.filter((complaint) => !expected.test(complaint))).toEqual([]);
    if (folder === undefined) return;
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, `${name}.png`), png);
  });
});
