import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ClinicBrowser, connectionIs, seriousProblems } from '../support/clinic-browser.ts';

/**
 * The day of each role as somebody lives it who has read nothing: on an empty clinic, from the first page, signed in with the
 * demonstration's account of that role, by what stands on the screen. SCREEN_PICTURES names a folder for pictures.
 */

let clinic: ClinicBrowser;
const pictures = process.env['SCREEN_PICTURES'];

beforeAll(async () => {
  clinic = await ClinicBrowser.start();
});
afterAll(() => clinic.remove());

async function picture(page: Page, name: string, height?: number): Promise<void> {
  if (pictures === undefined) return;
  if (height !== undefined) await page.setViewportSize({ width: page.viewportSize()?.width ?? 1280, height });
  await page.screenshot({ path: fileURLToPath(new URL(`${name}.png`, `file://${pictures}/`)) });
}

/** Signs in on the sign-in page and goes to a screen by its card. */
async function begin(account: string, card: string, width = 1280): Promise<Page> {
  const page = await clinic.open('/sign-in', { width, tolerated: [400, 403] });
  await page.click(`button[aria-label="Sign in as ${account}"]`);
  await page.click(`.screen-cards a:has(strong:text-is("${card}"))`);
  await page.waitForSelector(`h1:text-is("${card}")`);
  return page;
}

const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
const saved = (page: Page) => page.waitForSelector('dialog', { state: 'detached' });
const says = (page: Page, text: string) => page.waitForSelector(`.notice[data-kind="done"]:has-text("${text}")`);

async function checkIn(page: Page, name: string, id = ''): Promise<string> {
  await page.getByLabel('Name', { exact: true }).fill(name);
  await page.getByLabel('Patient id').fill(id);
  await button(page, 'Check in').click();
  const ticket = (await page.textContent('.slip-ticket')) ?? '';
  await button(page, 'Next patient').click();
  return ticket;
}

test('each role lives through a day on screen', async () => {
  // The administrator opens the clinic.
  const admin = await begin('administrator', 'Administration');
  await button(admin, 'New queue').click();
  await admin.getByLabel('Id', { exact: true }).fill('general');
  await admin.getByLabel('Name', { exact: true }).fill('General medicine');
  await admin.getByLabel('Triage first').check();
  await admin.getByLabel('Cashier first').check();
  await button(admin, 'Save').click();
  await admin.waitForSelector('[data-row="general"]');
  for (const [part, add, id, name] of [
    ['Rooms', 'New room', 'room-1', 'Room 1'],
    ['Desks', 'New desk', 'desk-1', 'Desk 1'],
  ] as const) {
    await admin.getByRole('link', { name: part, exact: true }).click();
    await button(admin, add).click();
    await admin.getByLabel('Id', { exact: true }).fill(id);
    await admin.getByLabel('Name', { exact: true }).fill(name);
    await button(admin, 'Save').click();
    await admin.waitForSelector(`[data-row="${id}"]`);
  }
  await admin.getByRole('link', { name: 'Accounts', exact: true }).click();
  await button(admin, 'New account').click();
  await admin.getByLabel('User name').fill('front-desk');
  await admin.getByLabel('Name that is shown').fill('Front desk');
  await admin.getByLabel('Password').fill('a first password 1');
  await admin.getByLabel('Reception', { exact: true }).check();
  await button(admin, 'Save').click();
  await admin.waitForSelector('[data-row="front-desk"]');
  await saved(admin);
  await picture(admin, 'screens-admin');

  // Whoever got the account signs in with it and chooses a password of their own.
  const desk = await clinic.open('/sign-in', { tolerated: [400] });
  await desk.getByLabel('User name').fill('front-desk');
  await desk.getByLabel('Password').fill('a first password 1');
  await button(desk, 'Sign in').click();
  await desk.getByRole('link', { name: 'Your account: Front desk' }).click();
  await desk.getByLabel('Current password').waitFor();
  expect(await seriousProblems(desk)).toEqual([]);
  await desk.getByLabel('Current password').fill('not this one');
  await desk.getByLabel('New password', { exact: true }).fill('a password of my own 2');
  await desk.getByLabel('New password again').fill('a password of my own 2');
  await button(desk, 'Change the password').click();
  await desk.waitForSelector('.problem:has-text("The current password is not right.")');
  await desk.getByLabel('Current password').fill('a first password 1');
  await button(desk, 'Change the password').click();
  await says(desk, 'The password is changed');

  // Reception.
  const reception = await begin('receptionist', 'Reception');
  await connectionIs(reception, 'live');
  const paid = await checkIn(reception, 'Ana Díaz', 'P-100');
  const walkIn = await checkIn(reception, 'Noor Aziz');
  const late = await checkIn(reception, 'Lee Park', 'P-102');
  const gone = await checkIn(reception, 'Sam Okafor', 'P-103');
  await reception.waitForSelector(`.who-is-here li:has-text("no id yet"):has-text("${walkIn}")`);
  await button(reception, `Actions for ${walkIn}`).click();
  await button(reception, `Say who it is: ${walkIn}`).click();
  await reception.locator('[name="identifiedId"]').fill('P-101');
  await reception.locator('[name="identifiedId"]').press('Enter');
  await says(reception, `It is known who ${walkIn} is.`);
  await saved(reception);
  await picture(reception, 'day-reception');

  // The supervisor sees that nobody could be called before anybody complains.
  const supervisor = await begin('supervisor', 'Supervisor', 1440);
  await connectionIs(supervisor, 'live');
  await supervisor.waitForSelector('.place-cards [data-place="room-1"]');

  // Triage.
  const triage = await begin('triage-nurse', 'Triage');
  for (const ticket of [paid, walkIn, late, gone]) {
    await triage.waitForSelector(`.here-ticket:text-is("${ticket}")`);
    await button(triage, 'Record and go on').click();
    await says(triage, `Triage of ${ticket} is recorded.`);
  }

  // The cashier: all but one pay; that one is let off.
  const cashier = await begin('cashier', 'Cashier');
  await cashier.getByRole('button', { name: 'Desk 1' }).click();
  await connectionIs(cashier, 'live');
  await button(cashier, 'Change who works here: Desk 1').click();
  await button(cashier, 'It is me: Cashier').click();
  await button(cashier, 'Save').click();
  for (const ticket of [paid, walkIn, late, gone]) {
    await button(cashier, 'Call next').click();
    await cashier.waitForSelector(`.here-ticket:text-is("${ticket}")`);
    if (ticket === paid) await picture(cashier, 'day-cashier');
    await supervisor.waitForSelector(`.place-cards [data-place="desk-1"]:has-text("Cashier"):has-text("${ticket}")`);
    await button(cashier, `Paid: ${ticket}`).click();
    await cashier.waitForSelector('.here:has-text("Nobody is here")');
  }

  // The doctor: one is seen to the end, one is called, does not come, and is given up.
  const doctor = await begin('doctor', "Doctor's room");
  await doctor.getByRole('button', { name: 'Room 1' }).click();
  await connectionIs(doctor, 'live');
  await button(doctor, 'Call next').click();
  await doctor.waitForSelector(`.here-ticket:text-is("${paid}")`);
  await button(doctor, `Call again: ${paid}`).click();
  await says(doctor, `${paid} was called again.`);
  await button(doctor, `Start consultation: ${paid}`).click();
  await doctor.waitForSelector('.here[data-status="IN_CONSULTATION"]');
  await picture(doctor, 'day-room');
  await button(doctor, `Park: ${paid}`).click();
  await doctor.waitForSelector('.here:has-text("Nobody is here")');
  await supervisor.waitForSelector(`.parked :text("${paid}")`);
  await button(doctor, 'Call next').click();
  await doctor.waitForSelector(`.here-ticket:text-is("${walkIn}")`);

  // The supervisor undoes a call, sees who left, brings back who was parked, and pauses the queue.
  await picture(supervisor, 'day-supervisor', 1100);
  await button(supervisor, `Undo the call: ${walkIn}`).click();
  await supervisor.locator('dialog').getByRole('button', { name: 'Undo the call', exact: true }).click();
  await says(supervisor, `${walkIn} has the old place again.`);
  await doctor.waitForSelector('.here:has-text("Nobody is here")');
  await button(supervisor, `Has left: ${gone}`).click();
  await supervisor.locator('dialog').getByRole('button', { name: 'Has left', exact: true }).click();
  await says(supervisor, `${gone} has left.`);
  await button(supervisor, `Back in line: ${paid}`).click();
  await says(supervisor, `${paid} stands in line again.`);
  await button(supervisor, 'Pause: General medicine').click();
  await supervisor.getByLabel('Reason, for everybody to read').fill('Fire drill');
  await supervisor.locator('dialog').getByRole('button', { name: 'Pause', exact: true }).click();
  await reception.waitForSelector('.queue-choice[data-refused="true"]:has-text("Fire drill")');
  await doctor.waitForSelector('.station-here .why:has-text("paused")');
  await button(supervisor, 'Open: General medicine').click();
  await says(supervisor, 'General medicine is open.');

  // The doctor goes on; whoever does not come twice is given up.
  for (const ticket of [paid, walkIn]) {
    await button(doctor, 'Call next').click();
    await doctor.waitForSelector(`.here-ticket:text-is("${ticket}")`);
    await button(doctor, `Start consultation: ${ticket}`).click();
    await button(doctor, `Complete: ${ticket}`).click();
    await doctor.waitForSelector('.here:has-text("Nobody is here")');
  }
  for (let time = 0; time < 2; time++) {
    await button(doctor, 'Call next').click();
    await doctor.waitForSelector(`.here-ticket:text-is("${late}")`);
    await button(doctor, `Did not come: ${late}`).click();
    await doctor.waitForSelector('.here:has-text("Nobody is here")');
  }

  // At reception the one who was given up is here after all, and the history says all of it.
  await reception.getByLabel('Show').selectOption({ label: 'Gave up waiting' });
  await button(reception, `Actions for ${late}`).click();
  await button(reception, `Is here again: ${late}`).click();
  await says(reception, `${late} waits again.`);
  await reception.getByLabel('Show').selectOption({ label: 'Waiting' });
  await button(reception, `Actions for ${late}`).click();
  await reception.getByRole('link', { name: 'History of the visit' }).click();
  await reception.waitForSelector('[data-event="PatientReturned"]');
  await button(reception, 'Show the code').click();
  await reception.waitForSelector('.phone-link .qr');
  await picture(reception, 'day-visit', 1100);

  // In the evening the administrator sees who changed what.
  await admin.getByRole('link', { name: 'Changes', exact: true }).click();
  await admin.waitForSelector('.admin-table tr:has-text("front-desk")');
  await picture(admin, 'day-changes');
  await admin.waitForSelector('.admin-table tr:has-text("Account changed"):has-text("another one")');
  await clinic.closePages();
});
