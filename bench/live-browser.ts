import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { findChromium, startBrowser } from '../test/support/chromium.ts';

/** A reception that checks in, and another one on whose screen it appears: each with a browser context of its own. */
export interface Receptions {
  /** Checks one patient in, and tells the milliseconds from the submit until the other screen has the ticket. */
  checkIn(n: number): Promise<number>;
  close(): Promise<void>;
}

/** Notes when each ticket appears in the list of who is here. */
const watch = `(() => {
  const shown = (window.shown = new Map());
  const look = () => {
    for (const ticket of document.querySelectorAll('.who-is-here .visit-lines .ticket')) {
      if (!shown.has(ticket.textContent)) shown.set(ticket.textContent, Date.now());
    }
  };
  look();
  new MutationObserver(look).observe(document.body, { childList: true, subtree: true, characterData: true });
})()`;

const fillIn = (n: number): string => `(() => {
  const field = document.querySelector('input[name="patientName"]');
  Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set.call(field, 'Browser Patient ${n}');
  field.dispatchEvent(new Event('input', { bubbles: true }));
  // The one priority whose patients the list shows first, however many wait.
  document.querySelector('input[name="priority"][value="Urgent"]').click();
})()`;

const submit = `(() => {
  window.submittedAt = Date.now();
  document.querySelector('.check-in-desk').requestSubmit();
})()`;

/** Undefined when there is no Chromium on this machine. */
export async function openReceptions(url: string): Promise<Receptions | undefined> {
  if (findChromium() === undefined) return undefined;
  const built = spawnSync(process.execPath, [fileURLToPath(new URL('../scripts/build-web.ts', import.meta.url))]);
  if (built.status !== 0) throw new Error('the pages were not built');
  const browser = await startBrowser();
  try {
    return await receptionsIn(browser, url);
  } catch (error) {
    // A browser that is left keeps the whole run from ending.
    await browser.close();
    throw error;
  }
}

async function receptionsIn(browser: Browser, url: string): Promise<Receptions> {
  const [desk, other] = [await open(browser, url), await open(browser, url)];
  await other.evaluate(watch);
  return {
    async checkIn(n) {
      await desk.evaluate(fillIn(n));
      await desk.evaluate(submit);
      const slip = await desk.waitForSelector('.checked-in .slip-ticket');
      const ticket = JSON.stringify(await slip.textContent());
      await other.waitForFunction(`window.shown.has(${ticket})`);
      const [sentAt, shownAt] = [
        Number(await desk.evaluate('window.submittedAt')),
        Number(await other.evaluate(`window.shown.get(${ticket})`)),
      ];
      await desk.keyboard.press('F2');
      await desk.waitForSelector('.check-in-desk:not([hidden])');
      return shownAt - sentAt;
    },
    close: () => browser.close(),
  };
}

async function open(browser: Browser, url: string): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 900, height: 700 }, reducedMotion: 'reduce' });
  const page = await context.newPage();
  page.setDefaultTimeout(120_000);
  await page.goto(`${url}/reception`);
  await page.waitForSelector('.connection[data-state="live"]');
  await page.waitForSelector('.who-is-here .visit-lines .ticket');
  return page;
}
