import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { spelled } from '../../apps/waiting-room/web/screens/display/display-model.ts';
import { ClinicBrowser, connectionIs, phoneWidth, comesTrue } from '../support/clinic-browser.ts';
import { keepsThePromisesOfScreens } from '../support/screen-promises.ts';

let clinic: ClinicBrowser;
const secrets = ['Ana Secret', 'P-4711', 'Oncology', 'private note'];
const pictures = process.env['MILLRACE_PICTURES'];

beforeAll(async () => {
  clinic = await ClinicBrowser.start();
  await clinic.put('queues/general', { queueName: 'General medicine', ticketPrefix: 'G' });
  await clinic.put('rooms/r3', { roomName: 'Room 3', active: true });
  await clinic.put('rooms/r4', { roomName: 'Room 4', active: true });
});

afterEach(() => clinic.closePages());
afterAll(() => clinic.remove());

keepsThePromisesOfScreens(() => clinic, {
  path: '/display',
  ready: '.display-body',
  spanish: 'Nadie es llamado',
  live: true,
});

async function arrive(): Promise<{ visitId: string; ticket: string; link: string }> {
  const answer = await clinic.post('check-in', {
    queueId: 'general',
    patientName: secrets[0],
    consultationType: secrets[2],
    notes: secrets[3],
    priority: 'High',
  });
  return { visitId: String(answer['visitId']), ticket: String(answer['ticket']), link: String(answer['link']) };
}

async function picture(page: Page, name: string): Promise<void> {
  if (pictures === undefined) return;
  await page.screenshot({ path: fileURLToPath(new URL(`${name}.png`, `file://${pictures}/`)) });
}

async function tellsNothing(page: Page, visitId: string): Promise<void> {
  const dom = await page.content();
  for (const secret of [...secrets, visitId]) expect(dom).not.toContain(secret);
}

test('a call appears on the display and on the phone, said once and once more when called again, with nothing personal', async () => {
  const { visitId, ticket, link } = await arrive();
  await arrive();
  const wall = await clinic.open('/display', { width: 1920 });
  const phone = await clinic.open(link, { width: phoneWidth });
  await Promise.all([connectionIs(wall, 'live'), connectionIs(phone, 'live')]);
  await wall.waitForSelector(`.display-next li:text-is("${ticket}")`);
  await phone.waitForSelector('.phone-facts dd:text-is("unknown")');
  await phone.waitForSelector('text=No room is seeing patients');
  await picture(phone, 'screens-phone-waiting');
  await wall.evaluate(
    `window.spoken = []; speechSynthesis.speak = ({ text, lang }) => spoken.push(lang + ' ' + text);`,
  );
  await phone.evaluate(`window.shaken = 0; navigator.vibrate = () => { shaken++; return true; };`);
  const soundOn = wall.locator('.display-head button.primary');
  if ((await soundOn.count()) > 0) await soundOn.click();
  await soundOn.waitFor({ state: 'detached' });

  await clinic.post('call-next', { queueId: 'general', roomId: 'r3' });
  await wall.waitForSelector(`.display-calls li:has-text("${ticket}"):has-text("Room 3")`);
  await wall.waitForSelector('.display-caption:has-text("Room 3")');
  await phone.waitForSelector('.phone-now strong:text-is("Go to Room 3")');
  await comesTrue(wall, 'spoken.length === 1');
  await comesTrue(phone, 'shaken === 1');
  await picture(wall, 'screens-display');
  await picture(phone, 'screens-phone-called');
  await tellsNothing(wall, visitId);
  await tellsNothing(phone, visitId);

  await clinic.post('recall', { visitId });
  await comesTrue(wall, 'spoken.length === 2');
  const spoken = await wall.evaluate('spoken');
  const said = `en Ticket ${spelled(ticket)}. Please go to Room 3.`;
  expect(spoken).toEqual([said, said]);
});

test('the phone goes on after a restart, and shows the end of the visit calmly', async () => {
  const { visitId, link } = await arrive();
  const phone = await clinic.open(link, { width: phoneWidth, language: 'es' });
  await connectionIs(phone, 'live');
  expect(await phone.textContent('body')).toContain('Su lugar en la cola');
  await phone.evaluate('window.sameAsBefore = true');
  await clinic.stopServer();
  await connectionIs(phone, 'reconnecting');
  await clinic.startServer();
  await connectionIs(phone, 'live');
  await clinic.post('cancel', { visitId, reason: 'Comes on another day' });
  await phone.waitForSelector('.phone-now[data-advice="over"]');
  expect(await phone.evaluate('window.sameAsBefore')).toBe(true);
});

test('a link that nobody gave out is told calmly', async () => {
  const page = await clinic.open('/v/made-up', { width: phoneWidth, tolerated: [404] });
  await page.waitForSelector('h1:text-is("There is no visit behind this link")');
});
