import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { ClinicBrowser, focusIs, pageWidth, phoneWidth, seriousProblems, tabTo } from '../support/clinic-browser.ts';
import { keepsThePromisesOfScreens } from '../support/screen-promises.ts';

let clinic: ClinicBrowser;

beforeAll(async () => {
  clinic = await ClinicBrowser.start();
  await clinic.put('queues/general', { queueName: 'General medicine' });
  await clinic.put('rooms/b-7', { roomName: 'Blue room' });
  await clinic.put('sites/north', { siteName: 'North building' });
});

afterEach(() => clinic.closePages());
afterAll(() => clinic.remove());

keepsThePromisesOfScreens(() => clinic, {
  path: '/admin',
  ready: '.admin-table [data-row]',
  spanish: 'Cola nueva',
  live: false,
});

const save = (page: Page) => page.click('dialog [type="submit"]');
const row = (name: string) => `.admin-table [data-row="${name}"]`;
const gone = (page: Page) => page.waitForSelector('dialog', { state: 'detached' });

test.each(['rooms', 'desks', 'sites', 'accounts', 'keys', 'changes'])(
  'nothing serious stands in the way of anybody: %s on a phone',
  async (part) => {
    const page = await clinic.open(`/admin?part=${part}`, { width: phoneWidth });
    await page.waitForSelector('.admin-table [data-row], .panel .quietly:text-is("There is nothing yet.")');
    expect(await seriousProblems(page)).toEqual([]);
    expect(await pageWidth(page)).toBe(phoneWidth);
  },
);

test('a queue is made and changed with all of its settings, by keyboard alone', async () => {
  const page = await clinic.open('/admin');
  await tabTo(page, '.section-head button');
  await page.keyboard.press('Enter');
  await tabTo(page, '[name="queueId"]');
  await page.keyboard.type('eyes');
  await tabTo(page, '[name="queueName"]');
  await page.keyboard.type('Eyes');
  await tabTo(page, '[name="ticketPrefix"]');
  await page.keyboard.type('EY');
  await tabTo(page, '[name="maxCapacity"]');
  await page.keyboard.type('12');
  await tabTo(page, '[name="triage"]');
  await page.keyboard.press('Space');
  await tabTo(page, '[name="callTimeoutMinutes"]');
  await page.keyboard.type('5');
  expect(await seriousProblems(page)).toEqual([]);
  await page.keyboard.press('Enter');
  await page.waitForSelector(`${row('eyes')}:has-text("EY"):has-text("12"):has-text("Triage first"):has-text("5")`);
  await focusIs(page, '.section-head button');
  await page.click('button[aria-label="Change Eyes"]');
  await page.fill('[name="maxCapacity"]', '');
  await page.uncheck('[name="triage"]');
  await page.selectOption('dialog [name="siteId"]', 'north');
  await save(page);
  await page.waitForSelector(`${row('eyes')}:has-text("North building"):has-text("none")`);
});

test('what the server refuses stands at its field, and nothing that was filled in is lost', async () => {
  const page = await clinic.open('/admin?part=sites', { tolerated: [400] });
  await page.click('button[aria-label="Change North building"]');
  await page.fill('[name="timeZone"]', 'Mars/Olympus');
  await page.fill('[name="siteName"]', 'North wing');
  await save(page);
  await page.waitForSelector('[name="timeZone"][aria-invalid="true"]');
  await focusIs(page, '[name="timeZone"]');
  expect(await page.textContent('dialog .problem')).toContain('timeZone');
  expect(await seriousProblems(page)).toEqual([]);
  expect(await page.inputValue('[name="siteName"]')).toBe('North wing');
  await page.fill('[name="timeZone"]', 'America/Bogota');
  await page.fill('[name="closesAt"]', '18:30');
  await save(page);
  await page.waitForSelector(`${row('north')}:has-text("America/Bogota"):has-text("18:30")`);
});

test('a room is named, given to somebody and switched off; one that is occupied stays, and says why', async () => {
  const page = await clinic.open('/admin?part=rooms');
  await page.click('button[aria-label="Change Blue room"]');
  await page.fill('[name="staffName"]', 'Dr Okafor');
  await page.uncheck('[name="active"]');
  await save(page);
  await page.waitForSelector(`${row('b-7')}:has-text("Dr Okafor"):has-text("no")`);
  await clinic.put('rooms/c-1', { roomName: 'Corner' });
  const { visitId } = await clinic.checkIn('general', 'Lee Park');
  await clinic.post('call-patient', { visitId, roomId: 'c-1' });
  await page.reload();
  await page.click('button[aria-label="Change Corner"]');
  await page.uncheck('[name="active"]');
  await save(page);
  await page.waitForSelector('dialog .problem:has-text("The room holds another patient.")');
  await clinic.post('complete-attention', { visitId });
});

test('an account is made, changed, and both stand in the changes', async () => {
  const page = await clinic.open('/admin?part=accounts', { tolerated: [400] });
  await page.click('.section-head button');
  await page.fill('[name="userName"]', 'maria');
  await page.fill('[name="displayName"]', 'Maria R.');
  await page.fill('[name="password"]', 'short');
  await page.check('dialog [value="cashier"]');
  await save(page);
  await page.waitForSelector('[name="password"][aria-invalid="true"]');
  await page.fill('[name="password"]', 'a long enough password 7');
  await page.fill('[name="reason"]', 'New at the desk');
  await save(page);
  await page.waitForSelector(`${row('maria')}:has-text("Cashier")`);
  await gone(page);
  await page.click('button[aria-label="Change maria"]');
  await page.uncheck('[name="active"]');
  await save(page);
  await page.waitForSelector(`${row('maria')} [data-title="Active"]:text-is("no")`);
  await page.click('.admin-parts a:text-is("Changes")');
  await page.waitForSelector('.admin-table tr:has-text("New at the desk")');
  expect(await page.content()).not.toContain('a long enough password');
});

test('a key is shown once, and revoked after a question', async () => {
  const page = await clinic.open('/admin?part=keys');
  await page.click('.section-head button');
  await page.fill('[name="name"]', 'Lab system');
  await page.check('dialog [value="receptionist"]');
  await page.fill('[name="expiresInDays"]', '30');
  await save(page);
  await page.waitForSelector('.new-key');
  const key = await page.textContent('.new-key');
  expect(key?.length).toBeGreaterThan(20);
  await page.keyboard.press('Escape');
  await page.waitForSelector('.admin-table tr:has-text("Lab system"):has-text("valid")');
  expect(await page.content()).not.toContain(key);
  await page.click('button[aria-label="Revoke Lab system"]');
  await page.click('dialog button.danger');
  await page.waitForSelector('.admin-table tr:has-text("Lab system"):has-text("revoked")');
});

test('a supervisor sets the clinic up and sees no accounts', async () => {
  const page = await clinic.open('/sign-in?to=%2Fadmin');
  await page.click('button[aria-label="Sign in as supervisor"]');
  await page.waitForSelector('.admin-table [data-row]');
  expect(await page.locator('.admin-parts a').allTextContents()).toEqual(['Queues', 'Rooms', 'Desks', 'Sites']);
});
