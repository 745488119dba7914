import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { ClinicBrowser, connectionIs, focusIs, seriousProblems, tabTo } from '../support/clinic-browser.ts';
import { keepsThePromisesOfScreens } from '../support/screen-promises.ts';

let clinic: ClinicBrowser;

beforeAll(async () => {
  clinic = await ClinicBrowser.start();
  await clinic.put('queues/general', { queueName: 'General medicine' });
  await clinic.put('queues/heart', { queueName: 'Heart', maxCapacity: 2 });
  await clinic.checkIn('general', 'Olga Petrova', { priority: 'Urgent' });
  await clinic.checkIn('general', 'Lee Park', { priority: 'Low' });
});

afterEach(() => clinic.closePages());
afterAll(() => clinic.remove());

keepsThePromisesOfScreens(() => clinic, {
  path: '/supervisor',
  ready: '.waiting [data-visit]',
  spanish: 'Requiere atención',
  live: true,
});

const row = (name: string) => `.waiting li:has-text("${name}")`;

test('who waits too long stands first and is marked, and a filter shows those alone', async () => {
  const page = await clinic.open('/supervisor');
  await page.waitForSelector(`${row('Olga Petrova')}[data-overdue="true"]`);
  await page.waitForSelector('[data-alert="overdue"]:has-text("General medicine")');
  expect(await page.locator('.waiting [data-visit] .name').first().textContent()).toBe('Olga Petrova');
  await page.check('[name="overdueOnly"]');
  await page.waitForSelector(row('Lee Park'), { state: 'detached' });
  await page.uncheck('[name="overdueOnly"]');
  await page.selectOption('.supervisor-filters [name="priority"]', 'Low');
  await page.waitForSelector(row('Olga Petrova'), { state: 'detached' });
  expect(await page.locator('.waiting [data-visit]').count()).toBe(1);
});

test('a queue is paused for a while with a reason, closed and opened, by keyboard alone', async () => {
  const page = await clinic.open('/supervisor');
  await connectionIs(page, 'live');
  await page.waitForSelector('[data-queue="general"]');
  await tabTo(page, 'button[aria-label="Pause: General medicine"]');
  await page.keyboard.press('Enter');
  await page.waitForSelector('dialog[open]');
  expect(await seriousProblems(page)).toEqual([]);
  await tabTo(page, '[name="reason"]');
  await page.keyboard.type('Fire drill');
  await tabTo(page, '[name="minutes"]');
  await page.keyboard.press('ArrowDown');
  await tabTo(page, 'dialog .primary');
  await page.keyboard.press('Enter');
  await page.waitForSelector('[data-queue="general"][data-state="PAUSED"]:has-text("Fire drill"):has-text("until")');
  await page.waitForSelector('[data-alert="paused"]:has-text("General medicine")');
  await focusIs(page, 'button[aria-label="Pause: General medicine"]');
  await page.keyboard.press('Shift+Tab');
  await focusIs(page, 'button[aria-label="Open: General medicine"]');
  await page.keyboard.press('Enter');
  await page.waitForSelector('[data-queue="general"][data-state="OPEN"]');
  await page.click('button[aria-label="Close: Heart"]');
  await page.click('dialog .primary');
  await page.waitForSelector('[data-queue="heart"][data-state="CLOSED"]');
  await page.click('button[aria-label="Open: Heart"]');
  await page.waitForSelector('[data-queue="heart"][data-state="OPEN"]');
});

test('a full queue, and who is in which room, are seen as they come, and a call is made once more', async () => {
  const page = await clinic.open('/supervisor');
  await connectionIs(page, 'live');
  const { visitId, ticket } = await clinic.checkIn('heart', 'Sam Okafor');
  await clinic.checkIn('heart', 'Noor Aziz');
  await page.waitForSelector('[data-alert="full"]:has-text("Heart is full")');
  await clinic.post('call-patient', { visitId, roomId: 'B-7' });
  await page.waitForSelector('[data-alert="full"]', { state: 'detached' });
  const card = '.place-cards [data-place="B-7"]';
  await page.waitForSelector(`${card}:has-text("Sam Okafor"):has-text("called")`);
  await page.click(`button[aria-label="Call again: ${ticket}"]`);
  await page.waitForSelector('.notice[data-kind="done"]');
  await clinic.post('complete-attention', { visitId });
  await page.waitForSelector(`${card}:has-text("free")`);
});

test('somebody is made more urgent, with a reason, and the way to the history stands beside', async () => {
  const { visitId, ticket } = await clinic.checkIn('general', 'Tomás Ruiz');
  const page = await clinic.open('/supervisor');
  const line = `.waiting [data-visit="${visitId}"]`;
  await page.waitForSelector(line);
  await page.click(`button[aria-label="Change priority: ${ticket}"]`);
  await page.check('dialog [value="High"]', { force: true });
  await page.fill('dialog [name="reason"]', 'Feels worse');
  await page.click('dialog [type="submit"]');
  await page.waitForSelector(`${line} [data-priority="High"]`);
  expect(await page.getAttribute(`${line} a`, 'href')).toBe(`/visits/${visitId}`);
});
