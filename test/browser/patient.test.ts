import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { ClinicBrowser, pageWidth, phoneWidth, seriousProblems, type PageOptions } from '../support/clinic-browser.ts';

let clinic: ClinicBrowser;

beforeAll(async () => {
  clinic = await ClinicBrowser.start();
  await clinic.put('queues/onco', { queueName: 'Cancer centre', ticketPrefix: 'C' });
});

afterEach(() => clinic.closePages());
afterAll(() => clinic.remove());

async function arrive() {
  const answer = await clinic.post('check-in', {
    queueId: 'onco',
    patientName: 'Ana Secreto',
    consultationType: 'Oncology',
    notes: 'walks with a stick',
  });
  return { link: String(answer['link']), visitId: String(answer['visitId']), ticket: String(answer['ticket']) };
}
const open = (link: string, options: PageOptions = {}) => clinic.open(link, { width: phoneWidth, ...options });
const advice = (name: string, text: string) => `.phone-advice[data-advice="${name}"] h1:text-is("${text}")`;

test('a phone shows the place, what is not known and why, where to go, and the end, live and without name or speciality', async () => {
  const first = await arrive();
  const { link, visitId, ticket } = await arrive();
  const page = await open(link);
  await page.waitForSelector(advice('wait', 'Please wait'));
  expect(await page.textContent('.phone-ticket strong')).toBe(ticket);
  expect(await page.getAttribute('[data-place]', 'data-place')).toBe('2');
  expect(await page.textContent('[data-estimate="false"]')).toBe('Not known');
  expect(await page.textContent('.phone-because')).toContain('No room is seeing patients');
  expect(await pageWidth(page)).toBe(phoneWidth);

  await clinic.post('call-patient', { visitId: first.visitId, roomId: '2' });
  await page.waitForSelector(advice('next', 'You are next'));
  await page.evaluate(() => {
    Object.assign(globalThis, { shaken: 0 });
    Object.defineProperty(globalThis.navigator, 'vibrate', {
      value: () => Object.assign(globalThis, { shaken: Number(Reflect.get(globalThis, 'shaken')) + 1 }),
    });
  });
  await clinic.post('call-patient', { visitId, roomId: '3' });
  await page.waitForSelector(advice('go', 'Go to Room 3'));
  await page.waitForFunction(() => Reflect.get(globalThis, 'shaken') === 1);
  expect(await page.title()).toContain('Go to Room 3');
  expect(await seriousProblems(page)).toEqual([]);
  const everything = await page.content();
  for (const word of ['Ana Secreto', 'Oncology', 'Cancer centre', 'stick', visitId]) {
    expect(everything).not.toContain(word);
  }
  await clinic.post('start-consultation', { visitId });
  await page.waitForSelector(advice('inside', 'You are being seen'));
  await clinic.post('complete-attention', { visitId });
  await page.waitForSelector(advice('ended', 'Your visit is over'));
  await clinic.post('complete-attention', { visitId: first.visitId });
});

test.each([
  ['light', 'en'],
  ['dark', 'es'],
] as const)('nothing serious stands in the way of anybody, %s and %s', async (scheme, language) => {
  const { link, visitId } = await arrive();
  const page = await open(link, { dark: scheme === 'dark', language });
  await page.waitForSelector('.phone-advice');
  expect(await seriousProblems(page)).toEqual([]);
  expect(await pageWidth(page)).toBe(phoneWidth);
  expect(await page.getAttribute('html', 'lang')).toBe(language);
  await page.click('.languages [lang="es"]');
  await page.waitForSelector('.phone-advice h1:text-is("Usted es el siguiente")');
  await clinic.post('cancel', { visitId, reason: 'test' });
  await page.waitForSelector(advice('ended', 'Esta visita terminó'));
});

test('a link that nobody knows is told calmly, and no more is asked', async () => {
  const page = await open('/v/made-up', { refusals: [404] });
  await page.waitForSelector(advice('unknown', 'We do not know this link'));
  expect(await seriousProblems(page)).toEqual([]);
});

test('after a restart of the server the phone goes on without a reload, and says meanwhile how old it is', async () => {
  const { link, visitId } = await arrive();
  const page = await open(link);
  await page.waitForSelector('.phone-age[data-state="live"]');
  await page.evaluate('window.sameAsBefore = true');
  await clinic.stopServer();
  await page.waitForSelector('.phone-age[data-state="lost"]:has-text("No connection")');
  await clinic.startServer();
  await clinic.post('call-patient', { visitId, roomId: '9' });
  await page.waitForSelector(advice('go', 'Go to Room 9'));
  await page.waitForSelector('.phone-age[data-state="live"]');
  expect(await page.evaluate('window.sameAsBefore')).toBe(true);
});

test('where the stream does not come through, the phone asks instead', async () => {
  const { link, visitId } = await arrive();
  const page = await open('/v/made-up', { refusals: [404] });
  await page.route('**/stream', (route) => route.abort());
  await page.goto(clinic.url + link);
  await page.waitForSelector('.phone-advice');
  await clinic.post('call-patient', { visitId, roomId: '8' });
  await page.waitForSelector(advice('go', 'Go to Room 8'));
});
