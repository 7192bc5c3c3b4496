/** A real browser for the tests of one file: started once, each test with pages of its own. */

import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, expect, onTestFinished } from 'vitest';
import { needs, pathOf } from '../../support/needs.js';

let browser: Promise<Browser> | undefined;
afterAll(async () => {
  await (await browser)?.close();
});

export interface OpenedPage {
  readonly page: Page;
  /** What the page or the browser complained about. */
  readonly complaints: string[];
  /** Where the page sent requests to. */
  readonly origins: Set<string>;
}

/** Skips the test where there is no browser. @param options Of the page: size, colours, motion. */
export async function openPage(url: string, options: BrowserContextOptions = {}): Promise<OpenedPage> {
  needs('chromium');
  browser ??= chromium.launch({ executablePath: pathOf('chromium') ?? '', args: ['--no-sandbox', '--disable-gpu'] });
  const context = await (await browser).newContext({ viewport: { width: 1280, height: 800 }, ...options });
  onTestFinished(() => context.close());
  context.setDefaultTimeout(15_000);
  const page = await context.newPage();
  const complaints: string[] = [];
  const origins = new Set<string>();
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('request', (request) => origins.add(new URL(request.url()).origin));
  await page.goto(url);
  return { page, complaints, origins };
}

/** The line of a subagent in the tree. */
export function lineOf(page: Page, text: string) {
  return page.locator('tree-line:visible', { hasText: text });
}

/** What comes with the next frames. */
export const soon = <T>(look: () => T) => expect.poll(look, { timeout: 15_000 });

/** Waits for it. */
export async function shows(page: Page, selector: string, text: string): Promise<void> {
  await page.locator(selector).filter({ hasText: text }).first().waitFor();
}
