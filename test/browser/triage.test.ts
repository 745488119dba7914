import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { ClinicBrowser, connectionIs, focusIs, tabTo } from '../support/clinic-browser.ts';
import { keepsThePromisesOfScreens } from '../support/screen-promises.ts';

let clinic: ClinicBrowser;

beforeAll(async () => {
  clinic = await ClinicBrowser.start();
  await clinic.put('queues/general', { queueName: 'General medicine', stages: { triage: true } });
  await clinic.checkIn('general', 'Olga Petrova', { priority: 'Low' });
});

afterEach(() => clinic.closePages());
afterAll(() => clinic.remove());

keepsThePromisesOfScreens(() => clinic, {
  path: '/triage',
  ready: '.here[data-visit] .priorities',
  spanish: '¿Cuán urgente es?',
  live: true,
});

test('one patient after the other is judged, by keyboard alone', async () => {
  const first = await clinic.checkIn('general', 'Ana Díaz', { priority: 'High' });
  const second = await clinic.checkIn('general', 'Lee Park', { priority: 'High' });
  const page = await clinic.open('/triage');
  await page.waitForSelector(`.here-ticket:has-text("${first.ticket}")`);
  await page.waitForSelector(`.line li:has-text("${second.ticket}")`);
  await tabTo(page, '[name="triage"]');
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('F8');
  await page.waitForSelector(`.here-ticket:has-text("${second.ticket}")`);
  await page.waitForSelector('.notice:has-text("is recorded")');
  const waiting = await clinic.ask('GET', 'queues/general/patients?status=WAITING');
  expect(Object.values(waiting)).toMatchObject([{ ticket: first.ticket, priority: 'Urgent' }]);

  // The keyboard is with the patient who is in front of the nurse now.
  await tabTo(page, '[name="triage"]');
  await tabTo(page, '.here .primary');
  await page.keyboard.press('Enter');
  await page.waitForSelector('.here-ticket:has-text("GEN-001")');
});

test('another patient is taken first, and one whom somebody else judged is gone', async () => {
  const { visitId, ticket } = await clinic.checkIn('general', 'Sam Okafor', { priority: 'Medium' });
  const page = await clinic.open('/triage');
  await page.waitForSelector(`.here-ticket:has-text("${ticket}")`);
  await connectionIs(page, 'live');
  await page.keyboard.press('F2');
  await page.waitForSelector('.here-ticket:has-text("GEN-001")');
  await page.click(`.line [data-visit="${visitId}"] button`);
  await page.waitForSelector(`.here-ticket:has-text("${ticket}")`);
  await focusIs(page, '.here [name="triage"]');
  await clinic.post('record-triage', { visitId, priority: 'High' });
  await page.waitForSelector('.here-ticket:has-text("GEN-001")');
});
