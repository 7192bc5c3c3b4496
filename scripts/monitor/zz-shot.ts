import { chromium } from 'playwright-core';
import { startMonitor } from '../../src/monitor/index.ts';
import { startDemo } from './demo-run.ts';

const out = '/tmp/scratch-monitor';
const which = process.argv.slice(2);
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
const shot = async (
  name: string,
  size: { width: number; height: number },
  opts: any,
  act?: (p: any) => Promise<void>,
) => {
  if (which.length && !which.includes(name)) return;
  const demo = await startDemo({ extra: opts.extra });
  const monitor = await startMonitor(demo.orchestrator, { name: 'release 2.4' });
  const ctx = await browser.newContext({ viewport: size, colorScheme: opts.scheme ?? 'light' });
  const page = await ctx.newPage();
  page.on('console', (m) => console.log(name, m.type(), m.text()));
  page.on('pageerror', (e) => console.log(name, 'ERR', e.message));
  await page.goto(monitor.url);
  await Promise.race([demo.ready, new Promise((r) => setTimeout(r, opts.wait ?? 5000))]);
  await page.waitForTimeout(400);
  try {
    await act?.(page);
  } catch (e) {
    console.log(name, String(e).slice(0, 400));
  }
  await page.waitForTimeout(400);
  await page.screenshot({ path: `${out}/${name}.png` });
  await ctx.close();
  await monitor.close();
  await demo.orchestrator.close();
};
const pick = (t: string) => async (p: any) => {
  await p.locator('tree-line', { hasText: t }).first().click();
};
await shot('lead', { width: 1440, height: 900 }, {}, pick('Plan the release'));
await shot('approval', { width: 1440, height: 900 }, { scheme: 'dark' }, pick('Deploy to staging'));
await shot('chart', { width: 1440, height: 1000 }, {}, async (p) => {
  await pick('Review the session')(p);
  await p.click('#tab-chart');
});
await shot('chartdark', { width: 1440, height: 1300 }, { scheme: 'dark' }, async (p) => {
  await pick('Run the tests')(p);
  await p.click('#tab-chart');
});
await shot('events', { width: 1440, height: 900 }, {}, async (p) => {
  await pick('Review the session')(p);
  await p.click('#tab-events');
  await p.locator('event-line').nth(4).click();
});
await shot('about', { width: 1440, height: 900 }, {}, async (p) => {
  await pick('Review the session')(p);
  await p.click('#tab-about');
});
await shot('failed', { width: 1440, height: 900 }, {}, pick('Summarise'));
await shot('paused', { width: 1440, height: 900 }, { scheme: 'dark' }, pick('Translate'));
await shot('narrow', { width: 400, height: 800 }, {});
await shot('narrowdetail', { width: 400, height: 800 }, {}, pick('Deploy to staging'));
await shot('narrowtime', { width: 400, height: 800 }, { scheme: 'dark' }, async (p) => {
  await p.click('[data-goto=time]');
});
await shot('wide', { width: 2000, height: 1200 }, {}, pick('Plan the release'));
await shot('many', { width: 1440, height: 900 }, { extra: 1000, wait: 6000 }, pick('Check module 3'));
await browser.close();
process.exit(0);
