import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { ClinicBrowser, connectionIs } from '../support/clinic-browser.ts';
import { keepsThePromisesOfScreens } from '../support/screen-promises.ts';

let clinic: ClinicBrowser;
let visitId = '';
const path = () => `/visits/${visitId}`;

beforeAll(async () => {
  clinic = await ClinicBrowser.start();
  await clinic.put('queues/general', { queueName: 'General medicine' });
  visitId = (await clinic.checkIn('general', 'Ana Díaz', { patientId: 'P-100', notes: 'walks with a stick' })).visitId;
  await clinic.post('change-priority', { visitId, priority: 'High', reason: 'Feels worse' });
});

afterEach(() => clinic.closePages());
afterAll(() => clinic.remove());

keepsThePromisesOfScreens(() => clinic, {
  path,
  ready: '.timeline [data-event="PriorityChanged"]',
  spanish: 'Qué pasó',
  live: true,
});

test('the history says what happened, when, by whom and why, and goes on as it happens', async () => {
  const page = await clinic.open(path());
  await connectionIs(page, 'live');
  const events = page.locator('.timeline [data-event]');
  await page.waitForSelector('[data-event="PriorityChanged"]:has-text("Feels worse"):has-text("High")');
  expect(await events.first().getAttribute('data-event')).toBe('PatientCheckedIn');
  expect(await events.first().textContent()).toContain('in the demonstration');
  expect(await page.textContent('.visit-facts')).toContain('walks with a stick');
  await clinic.post('call-patient', { visitId, roomId: 'B-7' });
  await page.waitForSelector('[data-event="PatientCalled"]:has-text("B-7")');
  await clinic.post('start-consultation', { visitId });
  await clinic.post('complete-attention', { visitId });
  await page.waitForSelector('[data-event="ConsultationCompleted"]');
  expect(await events.count()).toBe(5);
});

test('an address of no visit says so calmly', async () => {
  const page = await clinic.open('/visits/visit-00000000-0000-4000-8000-000000000000', { tolerated: [404] });
  await page.waitForSelector('h1:text-is("There is no such visit")');
});
