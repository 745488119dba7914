import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import {
  ClinicBrowser,
  connectionIs,
  focusIs,
  pageWidth,
  phoneWidth,
  seriousProblems,
  tabTo,
} from '../support/clinic-browser.ts';
import { keepsThePromisesOfScreens } from '../support/screen-promises.ts';

let clinic: ClinicBrowser;

beforeAll(async () => {
  clinic = await ClinicBrowser.start();
  await clinic.put('queues/general', { queueName: 'General medicine' });
});

afterEach(() => clinic.closePages());
afterAll(() => clinic.remove());

keepsThePromisesOfScreens(() => clinic, {
  path: '/',
  ready: '.screen-cards a',
  spanish: 'Registrar pacientes',
  live: false,
});

const shown = (page: Page) => page.locator('.screen-cards strong').allTextContents();

test('a demonstration needs no sign-in, and each card leads to its screen and back, by keyboard alone', async () => {
  const page = await clinic.open('/');
  await page.evaluate('window.sameAsBefore = true');
  await tabTo(page, '.screen-cards a[href^="/reception"]');
  await page.keyboard.press('Enter');
  await page.waitForSelector('.check-in-desk');
  await focusIs(page, 'h1');
  expect(await page.title()).toContain('Reception');
  expect(new URL(page.url()).pathname).toBe('/reception');
  await tabTo(page, '.brand');
  await page.keyboard.press('Enter');
  await page.waitForSelector('.screen-cards');
  await page.goBack();
  await page.waitForSelector('.check-in-desk');
  expect(await page.evaluate('window.sameAsBefore')).toBe(true);
});

test('whoever signs in sees the screens of their role, is told calmly of others, and signs out', async () => {
  const page = await clinic.open('/sign-in?to=%2Freception');
  await page.click('button[aria-label="Sign in as receptionist"]');
  await page.waitForSelector('.check-in-desk');
  await connectionIs(page, 'live');
  await page.click('.brand');
  await page.waitForSelector('.screen-cards');
  const titles = await shown(page);
  expect(titles).toContain('Reception');
  expect(titles).not.toContain('Cashier');

  await page.goto(`${clinic.url}/cashier`);
  await page.waitForSelector('h1:text-is("Not for your role")');
  expect(await page.textContent('main')).toContain('Cashier is for: Cashier, Supervisor.');

  await page.click('.account button');
  await page.waitForSelector('h1:text-is("Sign in")');
});

test('what is signed in may change things: the answer to a forged page goes along', async () => {
  const page = await clinic.open('/sign-in?to=%2Freception');
  await page.click('button[aria-label="Sign in as receptionist"]');
  await connectionIs(page, 'live');
  await page.fill('[name="patientName"]', 'Ana Díaz');
  await page.press('[name="patientName"]', 'Enter');
  await page.waitForSelector('.slip-ticket');
});

test('a password that is wrong is told in words, and the keyboard stays there', async () => {
  const page = await clinic.open('/sign-in', { language: 'es' });
  await tabTo(page, '[name="userName"]');
  await page.keyboard.type('doctor');
  await tabTo(page, '[name="password"]');
  await page.keyboard.type('not the password');
  await page.keyboard.press('Enter');
  await page.waitForSelector('.problem:has-text("no son correctos")');
  await focusIs(page, '[name="password"]');
});

test('whoever is signed in has a page of their own, which says that a demonstration keeps its passwords', async () => {
  const page = await clinic.open('/sign-in?to=%2Faccount', { width: phoneWidth });
  await page.click('button[aria-label="Sign in as doctor"]');
  await page.waitForSelector('.panel:has-text("everybody knows its password")');
  expect(await page.textContent('.visit-facts')).toContain('Doctor');
  expect(await seriousProblems(page)).toEqual([]);
  expect(await pageWidth(page)).toBe(phoneWidth);
});

test('an address that leads nowhere within the screens says so', async () => {
  const page = await clinic.open('/');
  await page.waitForSelector('.screen-cards');
  // As an old link of the page itself would; the server answers 404 to what it does not know.
  await page.evaluate(() => {
    history.pushState(null, '', '/no-such-screen');
    dispatchEvent(new PopStateEvent('popstate'));
  });
  await page.waitForSelector('h1:text-is("There is no such page")');
});

test('a clinic with several sites shows one at a time, and the address says which', async () => {
  await clinic.put('sites/north', { siteName: 'North building' });
  await clinic.put('queues/eyes', { queueName: 'Eyes', siteId: 'north' });
  const page = await clinic.open('/reception');
  await page.waitForSelector('.queue-choice:has-text("General medicine")');
  await page.selectOption('[name="site"]', 'north');
  await page.waitForSelector('.queue-choice:has-text("Eyes")');
  expect(await page.locator('.queue-choice').count()).toBe(1);
  expect(new URL(page.url()).searchParams.get('site')).toBe('north');
  await page.click('.brand');
  await page.click('.screen-cards a[href^="/triage"]');
  await page.waitForSelector('.queue-filter option:text-is("Eyes")', { state: 'attached' });
  expect(new URL(page.url()).searchParams.get('site')).toBe('north');
});
