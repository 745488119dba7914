import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { ClinicBrowser, seriousProblems } from '../support/clinic-browser.ts';
import { keepsThePromisesOfScreens } from '../support/screen-promises.ts';

let clinic: ClinicBrowser;
let waiting: { readonly [field: string]: unknown };

beforeAll(async () => {
  clinic = await ClinicBrowser.start();
  await clinic.put('queues/general', { queueName: 'Fever clinic' });
  await clinic.put('rooms/r-1', { active: true, roomName: 'Room One' });
  waiting = await checkIn('Wanda Waiting');
});

afterEach(() => clinic.closePages());
afterAll(() => clinic.remove());

async function checkIn(patientName: string): Promise<{ readonly [field: string]: unknown }> {
  const patientId = `C-${patientName.replaceAll(/[^a-z]/gi, '')}`;
  return clinic.ask('POST', 'check-in', { queueId: 'general', patientName, patientId, consultationType: 'Oncology' });
}

/** Nothing that tells who somebody is, or what for. */
const secrets = /Wanda|Carla|Oncology|visit-[0-9a-f]{8}|C-[A-Z]/i;

describe('the display on the wall', () => {
  keepsThePromisesOfScreens(() => clinic, {
    path: '/display',
    ready: '.display-body',
    spanish: 'Nadie es llamado en este momento',
    live: true,
  });
});

describe('the page on the phone', () => {
  test('shows ticket and place, and says honestly that the time is unknown', async () => {
    const page = await clinic.open(String(waiting['link']), { width: 360 });
    await page.waitForSelector('.phone-ticket');
    const text = (await page.textContent('main')) ?? '';
    expect(text).toContain(String(waiting['ticket']));
    expect(text).not.toMatch(secrets);
    expect(await seriousProblems(page)).toEqual([]);
  });

  test('says calmly that a link is unknown', async () => {
    const page = await clinic.open('/v/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA');
    await page.waitForSelector('.phone-unknown');
    expect(await seriousProblems(page)).toEqual([]);
  });
});

test('a call appears on the wall and on the phone, and neither says who it is', async () => {
  const { ticket, link, visitId } = await checkIn('Carla Called');
  const wall = await clinic.open('/display', { width: 1920 });
  await wall.waitForSelector('.display-body');
  const phone = await clinic.open(String(link), { width: 360 });
  await phone.waitForSelector('.phone-ticket');
  await clinic.ask('POST', 'call-patient', { visitId, roomId: 'r-1' });
  await wall.waitForSelector(`.display-calls li:has-text("${String(ticket)}"):has-text("Room One")`);
  await phone.waitForSelector('.phone-now[data-advice="go"]:has-text("Room One")');
  for (const page of [wall, phone]) expect(await page.content()).not.toMatch(secrets);
});
