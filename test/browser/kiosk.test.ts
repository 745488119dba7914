import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { ClinicBrowser, seriousProblems, tabTo, comesTrue } from '../support/clinic-browser.ts';
import { keepsThePromisesOfScreens } from '../support/screen-promises.ts';

let clinic: ClinicBrowser;

beforeAll(async () => {
  clinic = await ClinicBrowser.start();
  await clinic.put('queues/general', { queueName: 'General medicine' });
  await clinic.put('queues/lab', { queueName: 'Laboratory' });
  await clinic.put('queues/lab/state', { state: 'PAUSED', reason: 'Back at eleven' });
});

afterEach(() => clinic.closePages());
afterAll(() => clinic.remove());

keepsThePromisesOfScreens(() => clinic, {
  path: '/kiosk',
  ready: '.kiosk-queues button',
  spanish: '¿A qué viene?',
  live: false,
});

async function takeTicket(page: Page, given: { name?: string; id?: string } = {}): Promise<void> {
  await page.click('.kiosk-queues button:has-text("General medicine")');
  if (given.name !== undefined) await page.fill('[name="patientName"]', given.name);
  if (given.id !== undefined) await page.fill('[name="patientId"]', given.id);
  await page.click('.kiosk button[type="submit"]');
}

test('a patient takes a ticket without saying who they are, by keyboard alone, and it is printed', async () => {
  const page = await clinic.open('/kiosk?printer=auto');
  await tabTo(page, '.kiosk-queues button');
  await page.keyboard.press('Enter');
  await tabTo(page, '.kiosk button[type="submit"]');
  await page.keyboard.press('Enter');
  await page.waitForSelector('.slip-ticket');
  await page.waitForSelector('.slip .qr');
  await comesTrue(page, 'printed === 1');
  expect(await seriousProblems(page)).toEqual([]);
  const ticket = await page.textContent('.slip-ticket');
  const waiting = Object.values(await clinic.ask('GET', 'queues/general/patients'));
  expect(waiting).toContainEqual(expect.objectContaining({ ticket, patientName: 'Walk-in' }));
  await page.keyboard.press('Enter');
  await page.waitForSelector('.kiosk-queues button');
});

test('only queues that take patients in are offered', async () => {
  const page = await clinic.open('/kiosk');
  await page.waitForSelector('.kiosk-queues button');
  expect(await page.textContent('.kiosk-queues')).not.toContain('Laboratory');
});

test('everything that is pressed is large enough for a finger', async () => {
  const page = await clinic.open('/kiosk');
  await page.waitForSelector('.kiosk-queues button');
  const sizes = async (): Promise<number[]> =>
    page.locator('.kiosk button, .kiosk input').evaluateAll((all) =>
      all.map((one) => {
        const { width, height } = one.getBoundingClientRect();
        return Math.min(width, height);
      }),
    );
  expect(Math.min(...(await sizes()))).toBeGreaterThanOrEqual(48);
  await takeTicket(page);
  await page.waitForSelector('.slip-ticket');
  expect(Math.min(...(await sizes()))).toBeGreaterThanOrEqual(48);
});

test('without paper the ticket on the screen is enough, and stays for longer', async () => {
  const page = await clinic.open('/kiosk');
  await page.evaluate(() => {
    globalThis.print = () => {
      throw new Error('no printer');
    };
  });
  await takeTicket(page);
  await page.waitForSelector('.slip .qr');
  await page.click('.kiosk-ticket button:text-is("Print")');
  await page.waitForSelector('.kiosk-ticket :text("it is valid without paper")');
  await page.waitForSelector('.slip-ticket');
});

test('it is ready for the next patient when nobody touches it', async () => {
  const page = await clinic.open('/kiosk');
  await page.waitForSelector('.kiosk-queues button');
  await page.clock.install();
  await takeTicket(page, { name: 'Private Person' });
  await page.waitForSelector('.slip-ticket');
  await page.clock.runFor(26_000);
  await page.waitForSelector('.kiosk-queues button');
  expect(await page.locator('.slip').count()).toBe(0);

  await page.click('.kiosk-queues button:has-text("General medicine")');
  await page.fill('[name="patientName"]', 'Half typed');
  await page.clock.runFor(61_000);
  await page.waitForSelector('.kiosk-queues button');
  expect(await page.textContent('body')).not.toContain('Half typed');
});

test('a refusal sends to the reception, and tells nobody whose document is known', async () => {
  const page = await clinic.open('/kiosk');
  await takeTicket(page, { name: 'Ana Díaz', id: 'K-1' });
  await page.waitForSelector('.slip-ticket');
  await page.click('.kiosk-ticket .primary');
  await takeTicket(page, { name: 'Ana Díaz', id: 'K-1' });
  await page.waitForSelector('.problem:has-text("You have a ticket already")');
  await page.fill('[name="patientName"]', 'Somebody Else');
  await page.click('.kiosk button[type="submit"]');
  await page.waitForSelector('.problem:text-is("Please go to the reception.")');
});
