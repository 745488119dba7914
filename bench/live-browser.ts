import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { findChromium, startBrowser } from '../test/support/chromium.ts';

/** A desk that calls, the display on the wall, and the phone of who is called: each with a browser context of its own. */
export interface PublicScreens {
  /**
   * Checks somebody in, opens the page of that visit, and calls. Tells the milliseconds from the check-in being sent in
   * the browser of the desk until the ticket stands among the next ones on the display, and from the call being sent until
   * it stands among the calls there, and until the phone says where to go.
   */
  call(n: number): Promise<{ readonly arrivalMs: number; readonly displayMs: number; readonly phoneMs: number }>;
  close(): Promise<void>;
}

/** A site of its own: on the display of the others, those who came before stand among the next. */
const site = 'wall';

/** Notes when each ticket stands among the next ones, and among the calls of the display. */
const watchDisplay = `(() => {
  const next = (window.next = {});
  const shown = (window.shown = {});
  const look = () => {
    for (const ticket of document.querySelectorAll('.display-next li')) next[ticket.textContent] ??= Date.now();
    for (const ticket of document.querySelectorAll('.display-calls strong')) shown[ticket.textContent] ??= Date.now();
  };
  look();
  new MutationObserver(look).observe(document.body, { childList: true, subtree: true, characterData: true });
})()`;

/** Notes when the phone says where to go. */
const watchPhone = `(() => {
  window.shown = undefined;
  const look = () => {
    if (document.querySelector('.phone-now[data-advice="go"]') !== null) window.shown ??= Date.now();
  };
  look();
  new MutationObserver(look).observe(document.body, { childList: true, subtree: true, attributes: true });
})()`;

const send = (path: string, body: object): string => `(async () => {
  const sentAt = Date.now();
  const response = await fetch('/api/waiting-room/${path}', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: ${JSON.stringify(JSON.stringify(body))},
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(JSON.stringify(answer));
  return { sentAt, ...answer };
})()`;

/** Builds the screens. Before the server is started: it knows the files that were there then. */
export function buildScreens(): void {
  const built = spawnSync(process.execPath, [fileURLToPath(new URL('../scripts/build-web.ts', import.meta.url))]);
  if (built.status !== 0) throw new Error('the pages were not built');
}

/** Undefined when there is no Chromium on this machine. */
export async function openPublicScreens(url: string): Promise<PublicScreens | undefined> {
  if (findChromium() === undefined) return undefined;
  const browser = await startBrowser();
  try {
    return await screensIn(browser, url);
  } catch (error) {
    // A browser that is left keeps the whole run from ending.
    await browser.close();
    throw error;
  }
}

async function screensIn(browser: Browser, url: string): Promise<PublicScreens> {
  const [desk, display, phone] = [await newPage(browser), await newPage(browser), await newPage(browser)];
  await desk.goto(url);
  await open(url, 0);
  await display.goto(`${url}/display?site=${site}`);
  await live(display);
  await display.evaluate(watchDisplay);
  return {
    async call(n) {
      if (n > 0) await open(url, n);
      const arrived: unknown = await desk.evaluate(
        send('check-in', { queueId: `browser-${n}`, patientName: `Patient ${n}`, consultationType: 'General' }),
      );
      const [visitId, ticket, link, position] = ['visitId', 'ticket', 'link', 'position'].map((field) =>
        String(Reflect.get(Object(arrived), field)),
      );
      const arrivalMs =
        (await until(display, `window.next[${JSON.stringify(ticket)}]`)) -
        Number(Reflect.get(Object(arrived), 'sentAt'));
      // What the load before left to do is no part of the way.
      await fetch(`${url}/api/public${String(link).replace('/v/', '/visits/')}?minPosition=${position}`);
      await phone.goto(`${url}${link}`);
      await live(phone);
      await phone.waitForSelector('.phone-now[data-advice="wait"]');
      await phone.evaluate(watchPhone);
      const called: unknown = await desk.evaluate(send('call-patient', { visitId, roomId: `browser-${n}` }));
      const sentAt = Number(Reflect.get(Object(called), 'sentAt'));
      const [displayAt, phoneAt] = await Promise.all([
        until(display, `window.shown[${JSON.stringify(ticket)}]`),
        until(phone, 'window.shown'),
      ]);
      // The display shows six calls: the next one must find room.
      await desk.evaluate(send('complete-attention', { visitId }));
      return { arrivalMs, displayMs: displayAt - sentAt, phoneMs: phoneAt - sentAt };
    },
    close: () => browser.close(),
  };
}

/** A queue and a room of one patient's own, at the display's site. */
async function open(url: string, n: number): Promise<void> {
  for (const [path, body] of [
    [`queues/browser-${n}`, { siteId: site, ticketPrefix: `B${n.toString(36).toUpperCase()}` }],
    [`rooms/browser-${n}`, { siteId: site }],
  ] as const) {
    const response = await fetch(`${url}/api/waiting-room/${path}`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${path}: ${await response.text()}`);
  }
}

/** Resolves when a page is live; says what it shows when it does not become so. */
async function live(page: Page): Promise<void> {
  try {
    await page.waitForSelector('.connection[data-state="live"]', { timeout: 30_000 });
  } catch (cause) {
    throw new Error(`${page.url()} shows: ${await page.innerText('body')}`, { cause });
  }
}

/** Asked from outside every now and then: the moment itself was noted in the page. */
async function until(page: Page, expression: string): Promise<number> {
  for (let tries = 0; tries < 400; tries += 1) {
    const at = Number(await page.evaluate(expression));
    if (!Number.isNaN(at)) return at;
    await page.waitForTimeout(50);
  }
  throw new Error(`It never came: ${expression}`);
}

async function newPage(browser: Browser): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 900, height: 700 }, reducedMotion: 'reduce' });
  const page = await context.newPage();
  page.setDefaultTimeout(120_000);
  return page;
}
