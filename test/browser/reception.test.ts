import { encode } from 'uqr';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { ClinicBrowser, connectionIs, focusIs, seriousProblems, tabTo, comesTrue } from '../support/clinic-browser.ts';
import { keepsThePromisesOfScreens } from '../support/screen-promises.ts';

let clinic: ClinicBrowser;

beforeAll(async () => {
  clinic = await ClinicBrowser.start();
  await clinic.put('queues/general', { queueName: 'General medicine' });
  await clinic.put('queues/heart', { queueName: 'Heart', maxCapacity: 20 });
  await clinic.put('queues/lab', { queueName: 'Laboratory' });
  await clinic.put('queues/skin', { queueName: 'Skin', maxCapacity: 2 });
  await clinic.checkIn('general', 'Olga Petrova');
});

afterEach(() => clinic.closePages());
afterAll(() => clinic.remove());

/** The path that the code of a link is drawn with. */
function drawn(link: string): string {
  const { data } = encode(new URL(link, clinic.url).href, { ecc: 'M', border: 2 });
  return data.flatMap((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : ''))).join('');
}

keepsThePromisesOfScreens(() => clinic, {
  path: '/reception',
  ready: '.who-is-here [data-visit]',
  spanish: 'Registrar a un paciente',
  live: true,
});

test('somebody is checked in, gets a ticket on paper, and the next one follows, by keyboard alone', async () => {
  const page = await clinic.open('/reception');
  await connectionIs(page, 'live');
  await tabTo(page, '[name="queue"]');
  await page.keyboard.press('ArrowDown');
  await tabTo(page, '[name="patientName"]');
  await page.keyboard.type('Ana Díaz');
  await tabTo(page, '[name="patientId"]');
  await page.keyboard.type('P-100');
  await tabTo(page, '[name="priority"]');
  await page.keyboard.press('ArrowUp');
  await tabTo(page, '[name="notes"]');
  await page.keyboard.type('walks with a stick');
  await page.keyboard.press('Enter');

  await page.waitForSelector('.slip-ticket');
  const ticket = await page.textContent('.slip-ticket');
  const row = page.locator('.who-is-here li', { hasText: 'Ana Díaz' });
  await row.waitFor();
  expect(await row.textContent()).toContain(ticket);
  expect(await row.textContent()).toContain('High');

  const visitId = await row.getAttribute('data-visit');
  const { link } = await clinic.ask('GET', `visits/${visitId}/link`);
  expect(await page.getAttribute('.slip .qr path', 'd')).toBe(drawn(String(link)));
  expect(await seriousProblems(page)).toEqual([]);

  await focusIs(page, '.checked-in button');
  await page.keyboard.press('Enter');
  expect(await page.evaluate('printed')).toBe(1);
  await page.emulateMedia({ media: 'print' });
  expect(await page.isVisible('.slip-ticket')).toBe(true);
  for (const other of ['.head', '.who-is-here', '.checked-in button', '.notices']) {
    expect(await page.locator(other).first().isVisible()).toBe(false);
  }
  await page.emulateMedia({ media: 'screen' });

  await page.keyboard.press('F2');
  await focusIs(page, '[name="patientName"]');
  expect(await page.inputValue('[name="patientName"]')).toBe('');
});

test('somebody who looks like a patient who is here is noticed before, and refused after, in words', async () => {
  await clinic.checkIn('general', 'Noor Aziz', { patientId: 'N-1' });
  const page = await clinic.open('/reception');
  await page.fill('[name="patientName"]', 'noor aziz');
  await page.waitForSelector('.looks-like :text("Noor Aziz")');
  await page.fill('[name="patientId"]', 'N-1');
  await page.click('.queue-choice:has-text("General medicine")');
  await page.press('[name="patientName"]', 'Enter');
  await page.waitForSelector('.notice[data-kind="failed"]:has-text("has an open visit in that queue")');
  expect(await page.inputValue('[name="patientName"]')).toBe('noor aziz');
  await page.click('.languages [lang="es"]');
  await page.press('[name="patientName"]', 'Enter');
  await page.waitForSelector('.notice[data-kind="failed"]:has-text("tiene una visita abierta en esa cola")');
});

test('a queue that is paused or full says so at once, wherever that was done', async () => {
  const page = await clinic.open('/reception');
  const choice = (name: string) => `.queue-choice[data-refused="true"]:has-text("${name}")`;
  await page.waitForSelector('.queue-choice:has-text("Laboratory")');
  await clinic.put('queues/lab/state', { state: 'PAUSED', reason: 'Back at eleven' });
  await page.waitForSelector(`${choice('Laboratory')}:has-text("Back at eleven")`);
  await clinic.checkIn('skin', 'Lee Park');
  await clinic.checkIn('skin', 'Sam Okafor');
  await page.waitForSelector(`${choice('Skin')}:has-text("2 of 2 places")`);
});

test('a double tap and a lost answer check one patient in', async () => {
  const page = await clinic.open('/reception');
  await connectionIs(page, 'live');
  await page.click('.queue-choice:has-text("General medicine")');
  await page.fill('[name="patientName"]', 'Only Once');
  let lost = 0;
  await page.route('**/api/waiting-room/check-in', async (route) => {
    if (lost++ > 0) return route.continue();
    // The server has it; its answer never arrives.
    await route.fetch();
    return route.abort();
  });
  await page.press('[name="patientName"]', 'Enter');
  await page.keyboard.press('Enter');
  await page.waitForSelector('.notice[data-kind="failed"]:has-text("it counts once")');
  await page.press('[name="patientName"]', 'Enter');
  await page.waitForSelector('.slip-ticket');
  const ticket = await page.textContent('.slip-ticket');
  await page.waitForSelector(`.who-is-here li:has-text("${ticket}")`);
  expect(await page.locator('.who-is-here li', { hasText: 'Only Once' }).count()).toBe(1);
  expect(lost).toBe(2);
});

test('a patient is found, made more urgent, sent on, and given up, by keyboard alone', async () => {
  const { ticket, visitId } = await clinic.checkIn('general', 'Tomás Ruiz');
  const page = await clinic.open('/reception');
  const row = `.who-is-here [data-visit="${visitId}"]`;
  await page.waitForSelector(row);
  const openActions = async () => {
    await page.keyboard.press('F4');
    await focusIs(page, '[name="search"]');
    await page.keyboard.press('Control+A');
    await page.keyboard.type('tomas');
    await comesTrue(page, 'document.querySelectorAll(".visit-lines li").length === 1');
    await tabTo(page, `${row} button`);
    await page.keyboard.press('Enter');
    await page.waitForSelector('dialog[open]');
  };
  const action = (name: string) => `dialog[open] button[aria-label="${name}: ${ticket}"]`;

  await openActions();
  expect(await seriousProblems(page)).toEqual([]);
  // Not possible now, and it says why.
  const why = `dialog[open] .action:has(button[aria-label="Back in line: ${ticket}"])`;
  expect(await page.textContent(why)).toContain('The patient is not parked.');

  await tabTo(page, action('Change priority'));
  await page.keyboard.press('Enter');
  await tabTo(page, '[name="new-priority"]');
  await page.keyboard.press('ArrowUp');
  await tabTo(page, '[name="reason"]');
  await page.keyboard.type('Feels worse');
  await page.keyboard.press('Enter');
  await page.waitForSelector(`${row}:has-text("High")`);
  await comesTrue(page, 'document.querySelector("dialog[open]") === null');

  await openActions();
  await tabTo(page, action('Send to another queue'));
  await page.keyboard.press('Enter');
  await tabTo(page, '[name="toQueueId"]');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.waitForSelector(`${row}:has-text("Heart")`);
  await comesTrue(page, 'document.querySelector("dialog[open]") === null');

  await openActions();
  await tabTo(page, action('Cancel the visit'));
  await page.keyboard.press('Enter');
  await tabTo(page, '[name="reason"]');
  await page.keyboard.type('Comes on another day');
  await page.keyboard.press('Enter');
  await page.waitForSelector(row, { state: 'detached' });
});

test('who was given up for not coming is found among the absent and waits again', async () => {
  const { visitId } = await clinic.checkIn('late', 'Amina Yusuf');
  await clinic.post('call-patient', { visitId, roomId: '9' });
  await clinic.post('no-show', { visitId });
  const page = await clinic.open('/reception');
  await connectionIs(page, 'live');
  await page.selectOption('[name="group"]', 'absent');
  const row = `[data-visit="${visitId}"]`;
  await page.click(`${row} button`);
  await page.click('dialog[open] button:has-text("Is here again")');
  await page.waitForSelector(row, { state: 'detached' });
  await page.selectOption('[name="group"]', 'waiting');
  await page.waitForSelector(row);
});

test('what was typed is there after a restart of the server', async () => {
  const page = await clinic.open('/reception');
  await connectionIs(page, 'live');
  await page.click('.queue-choice:has-text("General medicine")');
  await page.fill('[name="patientName"]', 'Jan de Vries');
  await clinic.stopServer();
  await connectionIs(page, 'reconnecting');
  await page.press('[name="patientName"]', 'Enter');
  await page.waitForSelector('.notice[data-kind="failed"]');
  await clinic.startServer();
  await connectionIs(page, 'live');
  await page.press('[name="patientName"]', 'Enter');
  await page.waitForSelector('.slip-ticket');
  await page.waitForSelector('.who-is-here li:has-text("Jan de Vries")');
});
