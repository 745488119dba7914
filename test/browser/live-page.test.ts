import { once } from 'node:events';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { comesTrue } from '../support/clinic-browser.ts';
import { startBrowser } from '../support/chromium.ts';
import { millraceProgram, MillracePlace } from '../support/millrace-process.ts';

const waitingRoom = fileURLToPath(new URL('../../apps/waiting-room/app.ts', import.meta.url));

/** The narrowest that the page is made for. */
const phoneWidth = 360;

let place: MillracePlace;
let server: ReturnType<MillracePlace['spawn']>;
let browser: Browser;
let page: Page;
/** What went wrong in the page, and whom it asked besides its own server. */
let complaints: string[];

async function start(): Promise<void> {
  server = place.spawn(process.execPath, [millraceProgram, 'start', '--app', waitingRoom]);
  await place.ready(server);
}

async function stop(): Promise<void> {
  const closed = once(server, 'close');
  server.kill('SIGTERM');
  await closed;
}

async function post(path: string, body: object): Promise<Record<string, unknown>> {
  const response = await fetch(`${place.url}/api/waiting-room/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const answer: unknown = await response.json();
  if (!response.ok || typeof answer !== 'object' || answer === null) {
    throw new Error(`${path}: ${response.status} ${JSON.stringify(answer)}`);
  }
  return { ...answer };
}

/** Checks somebody in by HTTP and gives the selector of the row on the page. */
async function checkIn(queueId: string, patientName = 'Ana Diaz'): Promise<string> {
  const { visitId } = await post('check-in', { queueId, patientName, consultationType: 'General', priority: 'Medium' });
  return `[data-visit="${String(visitId)}"]`;
}

function connectionIs(state: string): Promise<unknown> {
  return page.waitForSelector(`.connection[data-state="${state}"]`);
}

/** How wide the page is on a phone: wider than the phone when it has to be moved sideways. */
async function widthOnPhone(): Promise<unknown> {
  await page.setViewportSize({ width: phoneWidth, height: 780 });
  // The cards are dealt out anew after the change.
  await comesTrue(page, 'document.querySelectorAll(".cards-column").length === 1');
  return page.evaluate('document.documentElement.scrollWidth');
}

async function open(): Promise<void> {
  page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  page.setDefaultTimeout(20_000);
  complaints = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    // Refusals and a server that is down are what some tests are about. Chromium tells of both, and of much else.
    const expected = /net::ERR_|responded with a status of (409|503)/.test(message.text());
    if (message.type() === 'error' && !expected) complaints.push(message.text());
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(`${place.url}/`)) complaints.push(`asked ${request.url()}`);
  });
  await page.goto(`${place.url}/flow`);
  await connectionIs('live');
}

beforeAll(async () => {
  place = await MillracePlace.make();
  [browser] = await Promise.all([startBrowser(), start()]);
});

beforeEach(() => open());

afterEach(async () => {
  await page.close();
  expect(complaints).toEqual([]);
});

afterAll(async () => {
  await browser.close();
  await stop();
  await place.remove();
});

test('a newcomer is told how to check somebody in, and sees it happen', async () => {
  await page.waitForSelector('.first-steps');
  expect(await page.textContent('.first-steps code')).toContain(`curl -X POST ${place.url}/api/waiting-room/check-in`);
  expect(await widthOnPhone()).toBe(phoneWidth);
  await page.click('.check-in button[type="submit"]');
  await page.waitForSelector('.waiting li .ticket');
  await page.waitForSelector('.way-row[data-own="true"]');
  await page.waitForSelector('.stations li:last-child[data-passed="true"]');
  expect(await page.locator('.first-steps').count()).toBe(0);
});

test('a check-in by HTTP appears by itself, and so does its way to the read model', async () => {
  const row = await checkIn('queue-http');
  await page.waitForSelector(row);
  expect(await page.textContent(`${row} .place`)).toBe('1');
  await page.waitForSelector('.way-row .way-name:has-text("PatientCheckedIn")');
});

test('names are shown only when they are asked for', async () => {
  const row = await checkIn('queue-names', 'Noor Aziz');
  await page.waitForSelector(row);
  expect(await page.textContent('body')).not.toContain('Noor Aziz');
  await page.focus('.switch input');
  await page.keyboard.press('Space');
  await page.waitForSelector(`${row}:has-text("Noor Aziz")`);
});

test('who is next is called into the room that was asked for and completed, by keyboard alone', async () => {
  const row = await checkIn('queue-keys');
  await page.waitForSelector(`.waiting ${row}`);
  await page.focus('article:has(h3:text-is("queue-keys")) .call-next button');
  await page.keyboard.press('Enter');
  await page.keyboard.type('B-7');
  await page.keyboard.press('Enter');
  await page.waitForSelector(`.in-rooms ${row}:has-text("Room B-7")`);
  await page.focus(`${row} button`);
  await page.keyboard.press('Enter');
  await page.waitForSelector(row, { state: 'detached' });
});

test('a refusal is said in words', async () => {
  await post('check-in', { queueId: 'queue-full', patientName: 'Lee Park', consultationType: 'General' });
  await page.waitForSelector('article:has(h3:text-is("queue-full"))');
  await post('call-next', { queueId: 'queue-full', roomId: 'taken' });
  await checkIn('queue-full');
  await page.click('article:has(h3:text-is("queue-full")) .call-next button');
  await page.keyboard.type('taken');
  await page.keyboard.press('Enter');
  await page.waitForSelector('.notice[data-kind="failed"]:has-text("another patient")');
});

test('a long queue shows its first fifty and the number of the others', async () => {
  await Promise.all(Array.from({ length: 230 }, () => checkIn('queue-long')));
  const card = 'article:has(h3:text-is("queue-long"))';
  await page.waitForSelector(`${card} .card-count:has-text("230")`);
  expect(await page.locator(`${card} .waiting li`).count()).toBe(50);
  expect(await page.textContent(`${card} .more`)).toBe('and 180 more');
});

test('while events keep coming the figures are read, and no more than once a second', async () => {
  const readAt: number[] = [];
  page.on('request', (request) => {
    if (request.url().includes('/api/metrics/lag/recent')) readAt.push(performance.now());
  });
  while (readAt.length < 4) await checkIn('queue-steady');
  const pauses = readAt.slice(1).map((at, index) => at - (readAt[index] ?? 0));
  expect((readAt.at(-1) ?? 0) - (readAt[0] ?? 0)).toBeLessThan(10_000);
  // The test and the browser are told of a request a little later than it is made.
  expect(Math.min(...pauses)).toBeGreaterThan(800);
});

test('after a restart of the server the page goes on without a reload and has what it missed', async () => {
  const before = await checkIn('queue-restart');
  await page.waitForSelector(before);
  await page.evaluate('window.sameAsBefore = true');

  await stop();
  await connectionIs('reconnecting');
  await page.waitForSelector(before);
  await start();
  // While the page still waits for its next try.
  const missed = await checkIn('queue-restart');

  await connectionIs('live');
  await page.waitForSelector(missed);
  await page.waitForSelector(await checkIn('queue-restart'));
  await page.waitForSelector(before);
  expect(await page.evaluate('window.sameAsBefore')).toBe(true);
});

test('everything fits on a phone', async () => {
  await page.waitForSelector(await checkIn('queue-phone'));
  await page.click('.queues .section-head button');
  await page.click('article:has(h3:text-is("queue-phone")) .call-next button');
  expect(await widthOnPhone()).toBe(phoneWidth);
});
