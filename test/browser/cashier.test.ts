import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { ClinicBrowser, connectionIs, focusIs, tabTo } from '../support/clinic-browser.ts';
import { keepsThePromisesOfScreens } from '../support/screen-promises.ts';

let clinic: ClinicBrowser;

beforeAll(async () => {
  clinic = await ClinicBrowser.start();
  await clinic.put('queues/general', { queueName: 'General medicine', stages: { cashier: true } });
  await clinic.put('queues/heart', { queueName: 'Heart', stages: { cashier: true } });
  await clinic.checkIn('general', 'Olga Petrova');
  await clinic.post('call-next-to-desk', { queueId: 'general', deskId: '9' });
  for (const name of ['Ravi Patel', 'Ingrid Holm']) await clinic.checkIn('general', name, { priority: 'Low' });
});

afterEach(() => clinic.closePages());
afterAll(() => clinic.remove());

keepsThePromisesOfScreens(() => clinic, {
  path: '/cashier',
  ready: '.here[data-visit] .attempts',
  options: { kept: { 'millrace-desk': '9' } },
  spanish: 'intentos de pago fallaron',
  live: true,
});

const step = (name: string) => `.here button[aria-label^="${name}:"]`;
const here = '.here[data-visit] .here-ticket';

test('the desk is chosen once, and then patients are called, pay, and go on, by keyboard alone', async () => {
  const first = await clinic.checkIn('heart', 'Ana Díaz', { priority: 'High' });
  const page = await clinic.open('/cashier');
  await connectionIs(page, 'live');
  await tabTo(page, '[name="placeId"]');
  await page.keyboard.type('1');
  await page.keyboard.press('Enter');
  await page.waitForSelector(`.line li:has-text("${first.ticket}")`);

  // The most urgent of all queues is called.
  await page.keyboard.press('F2');
  await page.waitForSelector(`${here}:has-text("${first.ticket}")`);
  await focusIs(page, '.here-ticket');
  expect(await page.textContent('.notice')).toContain(`${first.ticket} was called to 1`);

  await page.keyboard.press('F4');
  await page.waitForSelector('.notice:has-text("called again")');
  await page.keyboard.press('F9');
  await page.waitForSelector('.attempts:has-text("1 of 3 attempts")');
  await tabTo(page, step('Paid'));
  await page.keyboard.press('Enter');
  await page.waitForSelector('.here:not([data-visit])');
  const [waiting] = Object.values(await clinic.ask('GET', 'queues/heart/patients?status=WAITING'));
  expect(waiting).toMatchObject({ ticket: first.ticket });

  await page.reload();
  await page.waitForSelector('.station-head h2:text-is("1")');
});

test('after three attempts, and only then, a visit can be given up for payment', async () => {
  const { visitId, ticket } = await clinic.checkIn('heart', 'Tomás Ruiz', { priority: 'High' });
  await clinic.post('call-patient-to-desk', { visitId, deskId: '2' });
  const page = await clinic.open('/cashier', { kept: { 'millrace-desk': '2' } });
  await page.waitForSelector(`${here}:has-text("${ticket}")`);
  const giveUp = page.locator('.action', { has: page.locator('button[aria-label^="Give up"]') });
  expect(await giveUp.textContent()).toContain('may try to pay once more');
  await page.focus(step('Give up for payment'));
  await page.keyboard.press('Enter');
  await page.waitForSelector('.notice[data-kind="failed"]:has-text("may try to pay once more")');
  for (const attempt of [1, 2, 3]) {
    await clinic.post('mark-payment-pending', { visitId });
    await page.waitForSelector(`.attempts:has-text("${attempt} of 3")`);
  }
  const failed = page.locator('.action', { has: page.locator('button[aria-label^="Payment failed"]') });
  expect(await failed.textContent()).toContain('as often as is allowed');
  await page.click(step('Give up for payment'));
  await page.waitForSelector('.here:not([data-visit])');
});

test('a double tap records one failed payment, and calls one patient', async () => {
  const { visitId, ticket } = await clinic.checkIn('heart', 'Sam Okafor', { priority: 'High' });
  await clinic.post('call-patient-to-desk', { visitId, deskId: '3' });
  const page = await clinic.open('/cashier', { kept: { 'millrace-desk': '3' } });
  await page.waitForSelector(`${here}:has-text("${ticket}")`);
  await page.dblclick(step('Payment failed'));
  await page.waitForSelector('.attempts:has-text("1 of 3")');
  await page.click(step('Paid'));
  await page.waitForSelector('.here:not([data-visit])');

  const sent: string[] = [];
  page.on('request', (request) => {
    if (request.method() === 'POST') sent.push(request.url());
  });
  await clinic.checkIn('heart', 'Chen Wei', { priority: 'High' });
  await page.waitForSelector('.line li:has-text("Chen Wei")');
  await page.dblclick('.station-here > .action:first-child button');
  await page.waitForSelector('.here:has-text("Chen Wei")');
  expect(sent.filter((url) => url.endsWith('/call-next-to-desk'))).toHaveLength(1);
});

test('a second tap just after the first one was done belongs to it', async () => {
  const { visitId, ticket } = await clinic.checkIn('heart', 'Elena Rossi', { priority: 'High' });
  await clinic.post('call-patient-to-desk', { visitId, deskId: '5' });
  const page = await clinic.open('/cashier', { kept: { 'millrace-desk': '5' } });
  await page.waitForSelector(`${here}:has-text("${ticket}")`);
  const sent: string[] = [];
  page.on('request', (request) => {
    if (request.url().endsWith('/mark-payment-pending')) sent.push(request.url());
  });
  // Pressed again in the moment in which the button is free.
  await page.locator(step('Payment failed')).evaluate(
    (button) =>
      new Promise<void>((resolve) => {
        let wasBusy = false;
        new MutationObserver((_changes, observer) => {
          const isBusy = button.getAttribute('aria-busy') === 'true';
          if (wasBusy && !isBusy) {
            observer.disconnect();
            if (button instanceof HTMLElement) button.click();
            resolve();
          }
          wasBusy = isBusy;
        }).observe(button, { attributes: true });
        if (button instanceof HTMLElement) button.click();
      }),
  );
  // It says so, and the button shows when it takes the next one.
  await page.waitForSelector('.here .ignored:has-text("Tap again")');
  await page.waitForSelector(`${step('Payment failed')}[data-phase="ready"]`);
  expect(sent).toHaveLength(1);
  await page.click(step('Payment failed'));
  await page.waitForSelector('.attempts:has-text("2 of 3")');
  await page.click(step('Paid'));
  await page.waitForSelector('.here:not([data-visit])');
  expect(sent).toHaveLength(2);
});

test('a payment is waived with a reason, and a patient who does not come stands in line again', async () => {
  const one = await clinic.checkIn('heart', 'Lucía Fernández', { priority: 'High' });
  const two = await clinic.checkIn('heart', 'Pedro Alves', { priority: 'High' });
  const page = await clinic.open('/cashier', { kept: { 'millrace-desk': '4' } });
  await page.click(`.line [data-visit="${one.visitId}"] button`);
  await page.waitForSelector(`${here}:has-text("${one.ticket}")`);
  await page.click(step('Waive payment'));
  await page.click('dialog[open] .suggestions button');
  await page.press('dialog[open] [name="reason"]', 'Enter');
  await page.waitForSelector('.here:not([data-visit])');
  await page.click(`.line [data-visit="${two.visitId}"] button`);
  await page.waitForSelector(`${here}:has-text("${two.ticket}")`);
  await page.click(step('Did not come'));
  await page.waitForSelector(`.line [data-visit="${two.visitId}"]`);
  await page.click(`.line [data-visit="${two.visitId}"] button`);
  await page.waitForSelector('.here-facts:has-text("absences: 1")');
});
