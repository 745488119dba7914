import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { ClinicBrowser, connectionIs, seriousProblems } from '../support/clinic-browser.ts';
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

test('why and how long is told, and the code for the phone is shown and printed by who may see it', async () => {
  const { visitId: id, ticket } = await clinic.checkIn('general', 'Chen Wei');
  await clinic.post('park', { visitId: id });
  const page = await clinic.open('/sign-in?to=' + encodeURIComponent(`/visits/${id}`), { tolerated: [403] });
  await page.click('button[aria-label="Sign in as receptionist"]');
  await page.waitForSelector('[data-event="PatientParked"]:has-text("Waits for something else than a call")');
  await page.waitForSelector('[data-part="parked"][data-open="true"]');
  await page.waitForSelector('[data-part="doctor"][data-open="false"]');
  await page.click('button:text-is("Show the code")');
  const { link } = await clinic.ask('GET', `visits/${id}/link`);
  await page.waitForSelector(`.phone-link a[href="${String(link)}"]`);
  await page.waitForSelector(`.phone-link .slip:has-text("${ticket}") .qr`);
  expect(await seriousProblems(page)).toEqual([]);
  await page.click('button:text-is("Print the ticket")');
  expect(await page.evaluate('printed')).toBe(1);
  const doctor = await clinic.open('/sign-in?to=' + encodeURIComponent(`/visits/${id}`), { tolerated: [403] });
  await doctor.click('button[aria-label="Sign in as doctor"]');
  await doctor.waitForSelector('[data-event="PatientParked"]');
  expect(await doctor.locator('.phone-link').count()).toBe(0);
});

test('an address of no visit says so calmly', async () => {
  const page = await clinic.open('/visits/visit-00000000-0000-4000-8000-000000000000', { tolerated: [404] });
  await page.waitForSelector('h1:text-is("There is no such visit")');
});
