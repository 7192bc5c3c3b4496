/**
 * Pictures of the monitor page, by a headless Chromium on PATH: those of docs/monitor.md, or, with a folder as argument, of the page
 * in all its states, to look at. Needs `npm run build`.
 */

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium, type Page } from 'playwright-core';
import { MemorySessionStore } from 'troupe';
import { monitorStore, startMonitor } from 'troupe/monitor';
import { startDemo } from './monitor/demo-run.js';

interface Shot {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly scheme: 'light' | 'dark';
  readonly extra?: number;
  readonly isStored?: true;
  readonly act: (page: Page) => Promise<unknown>;
}

const choose = (text: string) => (page: Page) => page.locator('tree-line:visible', { hasText: text }).first().click();
const chooseTab = (text: string, tab: string) => async (page: Page) => {
  await choose(text)(page);
  await page.locator(`#tab-${tab}`).click();
};
const shot = (
  name: string,
  [width, height]: readonly [number, number],
  scheme: Shot['scheme'],
  act: Shot['act'],
): Shot => ({
  name,
  width,
  height,
  scheme,
  act,
});

const IN_DOCS: readonly Shot[] = [
  shot('running', [1280, 860], 'light', choose('Plan the release')),
  shot('statechart', [1760, 1100], 'dark', choose('Run the tests')),
];
const ALL: readonly Shot[] = [
  ...IN_DOCS,
  shot('approval', [1280, 860], 'light', choose('Deploy to staging')),
  shot('paused', [1280, 860], 'dark', choose('Translate')),
  shot('failed', [1280, 860], 'light', choose('Summarise')),
  shot('chart', [1280, 1000], 'light', chooseTab('Review', 'chart')),
  shot('events', [1280, 860], 'dark', chooseTab('Review', 'events')),
  shot('about', [1280, 860], 'light', chooseTab('Review', 'about')),
  shot('narrow', [400, 800], 'dark', async () => {}),
  shot('narrow-detail', [400, 800], 'light', choose('Plan the release')),
  shot('narrow-chart', [400, 800], 'light', chooseTab('Review', 'chart')),
  shot('narrow-time', [400, 800], 'light', (page) => page.locator('[data-goto="time"]').click()),
  shot('wide', [2000, 1200], 'light', choose('Review')),
  shot('dialog', [1280, 860], 'light', async (page) => {
    await choose('Run the tests')(page);
    await page.locator('#do-cancel').click();
  }),
  { ...shot('many', [1280, 860], 'dark', choose('Check module 3')), extra: 1_000 },
  {
    ...shot('stored', [1280, 860], 'light', async (page) => {
      await choose('Review')(page);
      await page.locator('#step-range').focus();
      for (let press = 0; press < 12; press++) await page.keyboard.press('ArrowLeft');
    }),
    isStored: true,
  },
];

const [folder = fileURLToPath(new URL('../docs/monitor', import.meta.url)), ...names] = process.argv.slice(2);
await mkdir(folder, { recursive: true });
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
try {
  const wanted = process.argv.length > 2 ? ALL : IN_DOCS;
  for (const each of wanted) if (names.length === 0 || names.includes(each.name)) await draw(each);
} finally {
  await browser.close();
}

async function draw({ name, width, height, scheme, extra = 0, isStored, act }: Shot): Promise<void> {
  const store = new MemorySessionStore();
  const { orchestrator, ready } = await startDemo({ extra, ...(isStored ? { store } : {}) });
  await ready;
  if (isStored) await orchestrator.close({ mode: 'cancel' });
  const monitor = await (isStored ? monitorStore(store) : startMonitor(orchestrator, { name: 'release 2.4' }));
  const page = await browser.newPage({ viewport: { width, height }, colorScheme: scheme });
  page.on('console', (message) => console.error(name, message.text()));
  await page.goto(monitor.url);
  await page.locator('tree-line:visible').first().waitFor();
  await act(page);
  await page.waitForTimeout(600); // fonts and frames; a picture has no event to wait for
  await page.screenshot({ path: join(folder, `${name}.png`) });
  console.log(`${name}.png`);
  await page.close();
  await monitor.close();
  await orchestrator.close({ mode: 'cancel' });
}
