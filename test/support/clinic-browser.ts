import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { expect } from 'vitest';
import { startBrowser } from './chromium.ts';
import { millraceProgram, MillracePlace } from './millrace-process.ts';

const waitingRoom = fileURLToPath(new URL('../../apps/waiting-room/app.ts', import.meta.url));
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** The narrowest that the screens are made for. */
export const phoneWidth = 360;

export interface PageOptions {
  readonly language?: 'en' | 'es';
  readonly width?: number;
  readonly dark?: boolean;
  /** Default: that of the machine. */
  readonly timeZone?: string;
  /** What the browser remembers from before. */
  readonly kept?: { readonly [name: string]: string };
  /** Statuses that the page is answered on purpose, besides those of every screen. */
  readonly tolerated?: readonly number[];
}

/** A whole clinic in processes of its own, and a browser that looks at it. */
export class ClinicBrowser {
  readonly #place: MillracePlace;
  readonly #browser: Browser;
  #server: ReturnType<MillracePlace['spawn']> | undefined;
  /** What went wrong in the pages, and whom they asked besides their own server. */
  #complaints: string[] = [];
  readonly #pages: Page[] = [];

  private constructor(place: MillracePlace, browser: Browser) {
    this.#place = place;
    this.#browser = browser;
  }

  static async start(): Promise<ClinicBrowser> {
    const clinic = new ClinicBrowser(await MillracePlace.make(), await startBrowser());
    await clinic.startServer();
    return clinic;
  }

  get url(): string {
    return this.#place.url;
  }

  async startServer(): Promise<void> {
    const server = this.#place.spawn(process.execPath, [millraceProgram, 'start', '--app', waitingRoom]);
    this.#server = server;
    await this.#place.ready(server);
  }

  async stopServer(): Promise<void> {
    if (this.#server === undefined) return;
    const closed = once(this.#server, 'close');
    this.#server.kill('SIGTERM');
    await closed;
    this.#server = undefined;
  }

  async remove(): Promise<void> {
    await this.#browser.close();
    await this.stopServer();
    await this.#place.remove();
  }

  /** Opens a screen. What happens in it is watched until {@link closePages}. */
  async open(
    path: string,
    { language = 'en', width = 1280, dark = false, timeZone, kept = {}, tolerated = [] }: PageOptions = {},
  ): Promise<Page> {
    const context = await this.#browser.newContext({
      viewport: { width, height: 900 },
      colorScheme: dark ? 'dark' : 'light',
      locale: language,
      ...(timeZone === undefined ? {} : { timezoneId: timeZone }),
    });
    await context.addInitScript((values: { readonly [name: string]: string }) => {
      for (const [name, value] of Object.entries(values)) globalThis.localStorage.setItem(name, value);
      // There is no printer here; a test asks how often paper was wanted.
      Object.assign(globalThis, { printed: 0 });
      globalThis.print = () => Object.assign(globalThis, { printed: Number(Reflect.get(globalThis, 'printed')) + 1 });
    }, kept);
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    page.on('pageerror', (error) => this.#complaints.push(error.message));
    page.on('console', (message) => {
      // Refusals and a server that is down are what some tests are about. Chromium tells of both.
      const statuses = [401, 409, 503, ...tolerated].join('|');
      const expected = new RegExp(`net::ERR_|responded with a status of (${statuses})`).test(message.text());
      if (message.type() === 'error' && !expected) this.#complaints.push(message.text());
    });
    page.on('request', (request) => {
      if (!request.url().startsWith(`${this.url}/`)) this.#complaints.push(`asked ${request.url()}`);
    });
    this.#pages.push(page);
    await page.goto(this.url + path);
    return page;
  }

  /** Closes all pages, and fails when something went wrong in one of them. */
  async closePages(): Promise<void> {
    await Promise.all(this.#pages.splice(0).map((page) => page.context().close()));
    const complaints = this.#complaints;
    this.#complaints = [];
    expect(complaints).toEqual([]);
  }

  async ask(method: string, path: string, body?: object): Promise<Record<string, unknown>> {
    const response = await fetch(`${this.url}/api/waiting-room/${path}`, {
      method,
      ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
    const answer: unknown = await response.json();
    if (!response.ok || typeof answer !== 'object' || answer === null) {
      throw new Error(`${path}: ${response.status} ${JSON.stringify(answer)}`);
    }
    return { ...answer };
  }

  put(path: string, body: object): Promise<Record<string, unknown>> {
    return this.ask('PUT', path, body);
  }

  post(path: string, body: object): Promise<Record<string, unknown>> {
    return this.ask('POST', path, body);
  }

  /** Checks somebody in by HTTP. */
  async checkIn(
    queueId: string,
    patientName: string,
    given: object = {},
  ): Promise<{ visitId: string; ticket: string }> {
    const answer = await this.post('check-in', { queueId, patientName, consultationType: 'General', ...given });
    return { visitId: String(answer['visitId']), ticket: String(answer['ticket']) };
  }
}

/**
 * Waits until an expression is true in a page. It is asked from outside: a page's policy forbids that text is evaluated
 * inside it, which is how Playwright's waitForFunction goes on when the first look was too early.
 */
export function comesTrue(page: Page, expression: string): Promise<void> {
  return expect.poll(() => page.evaluate(expression), { timeout: 20_000 }).toBe(true);
}

/** Waits until a screen's live data is in a state. */
export function connectionIs(page: Page, state: string): Promise<unknown> {
  return page.waitForSelector(`.connection[data-state="${state}"]`);
}

/** Walks with the Tab key until something has the keyboard; fails when it never gets it. */
export async function tabTo(page: Page, selector: string): Promise<void> {
  await page.waitForSelector(selector);
  for (let step = 0; step < 120; step++) {
    if (await hasFocus(page, selector)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`Tab never leads to ${selector}.`);
}

export function hasFocus(page: Page, selector: string): Promise<boolean> {
  return page.evaluate((wanted) => globalThis.document.activeElement?.matches(wanted) === true, selector);
}

/** Waits until something has the keyboard. */
export function focusIs(page: Page, selector: string): Promise<unknown> {
  return page.waitForFunction((wanted) => globalThis.document.activeElement?.matches(wanted) === true, selector);
}

/** Problems that axe calls serious or critical, by rule and place. */
export async function seriousProblems(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe);
  const found: unknown =
    await page.evaluate(`axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) =>
    violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .flatMap(({ id, nodes }) => nodes.map(({ target }) => id + ' ' + target.join(' ')))
  )`);
  return Array.isArray(found) ? found.map(String) : ['axe gave no answer'];
}

/** How wide a page is: wider than its window when it has to be moved sideways. */
export async function pageWidth(page: Page): Promise<number> {
  return Number(await page.evaluate('document.documentElement.scrollWidth'));
}
