import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { ClinicBrowser, connectionIs, seriousProblems, tabTo } from '../support/clinic-browser.ts';
import { keepsThePromisesOfScreens } from '../support/screen-promises.ts';

let clinic: ClinicBrowser;
const secrets = ['Ana Secreto', 'S-77', 'Oncology', 'Cancer centre', 'walks with a stick'];

beforeAll(async () => {
  clinic = await ClinicBrowser.start();
  await clinic.put('queues/general', { queueName: 'Cancer centre', ticketPrefix: 'GM' });
  await clinic.checkIn('general', 'Somebody Else');
  await clinic.post('call-next', { queueId: 'general', roomId: '7' });
});

afterEach(() => clinic.closePages());
afterAll(() => clinic.remove());

keepsThePromisesOfScreens(() => clinic, {
  path: '/display',
  ready: '.wall-call',
  spanish: 'Consultorio 7',
  live: true,
});

const secret = () =>
  clinic.checkIn('general', 'Ana Secreto', {
    patientId: `S-77${Math.floor(Math.random() * 1e6)}`,
    consultationType: 'Oncology',
    notes: 'walks with a stick',
  });
const callShown = (ticket: string) => `.wall-call[data-ticket="${ticket}"]`;
/** How often the display began to say something. */
const countCaptions = (page: Page) =>
  page.evaluate(() => {
    const { document, MutationObserver } = globalThis;
    const caption = document.querySelector('.wall-caption');
    Object.assign(globalThis, { captions: [] });
    if (caption === null) return;
    new MutationObserver(() => {
      const captions: unknown = Reflect.get(globalThis, 'captions');
      if (Array.isArray(captions) && caption.textContent !== '') captions.push(caption.textContent);
    }).observe(caption, { childList: true, subtree: true, characterData: true });
  });
/** A string would be evaluated in the page, which its content security policy forbids. */
const captionsAre = (page: Page, count: number) =>
  page.waitForFunction((wanted) => {
    const captions: unknown = Reflect.get(globalThis, 'captions');
    return Array.isArray(captions) && captions.length === wanted;
  }, count);

test('who waits is next, is called, is inside, and goes, on two displays at once and without name, id or speciality', async () => {
  const [one, two] = [await clinic.open('/display'), await clinic.open('/display', { language: 'es' })];
  await Promise.all([connectionIs(one, 'live'), connectionIs(two, 'live')]);
  const { ticket, visitId } = await secret();
  await one.waitForSelector(`.wall-next li:text-is("${ticket}")`);
  await clinic.post('call-patient', { visitId, roomId: '3' });
  await one.waitForSelector(`.wall-now ${callShown(ticket)}:has-text("Room 3")`);
  await two.waitForSelector(`.wall-now ${callShown(ticket)}:has-text("Consultorio 3")`);
  await one.waitForSelector(`.wall-caption:has-text("${ticket}: please go to Room 3")`);
  for (const page of [one, two]) {
    const everything = await page.content();
    for (const word of [...secrets, visitId]) expect(everything).not.toContain(word);
  }
  await clinic.post('start-consultation', { visitId });
  await one.waitForSelector(`${callShown(ticket)}[data-status="IN_CONSULTATION"]`);
  await clinic.post('complete-attention', { visitId });
  await one.waitForSelector(callShown(ticket), { state: 'detached' });
  await two.waitForSelector(callShown(ticket), { state: 'detached' });
});

test('a call once more is said once more', async () => {
  const { ticket, visitId } = await secret();
  const page = await clinic.open('/display');
  await connectionIs(page, 'live');
  await countCaptions(page);
  await clinic.post('call-patient', { visitId, roomId: '4' });
  await captionsAre(page, 1);
  await page.waitForSelector('.wall-now[data-saying="false"]');
  await clinic.post('recall', { visitId });
  await captionsAre(page, 2);
  expect(await page.evaluate('captions')).toEqual(Array(2).fill(`${ticket}: please go to Room 4`));
  await clinic.post('complete-attention', { visitId });
});

test('a browser that keeps the page silent says so, and one press lets the chime and the voice out', async () => {
  const page = await clinic.open('/display', { silent: true });
  await page.evaluate(() => {
    const spoken: unknown[] = [];
    Object.assign(globalThis, { spoken });
    globalThis.speechSynthesis.speak = (utterance) => {
      spoken.push([utterance.text, utterance.lang]);
      utterance.dispatchEvent(new Event('end'));
    };
  });
  await tabTo(page, '.wall-blocked button');
  await page.keyboard.press('Enter');
  await page.waitForSelector('.wall-blocked', { state: 'detached' });
  await connectionIs(page, 'live');
  const { ticket, visitId } = await secret();
  await clinic.post('call-patient', { visitId, roomId: '5' });
  const aloud = `Ticket ${ticket
    .split('-')
    .map((part) => [...part].join(' '))
    .join(', ')}. Please go to Room 5.`;
  await page.waitForFunction((text) => JSON.stringify(Reflect.get(globalThis, 'spoken')).includes(text), aloud);
  await page.click('.wall-tools > button');
  await page.waitForSelector('.wall-tools > button:text-is("Turn the sound on")');
  await clinic.post('complete-attention', { visitId });
});

test('a display whose server is gone says how old it is, and hears what was called meanwhile', async () => {
  const { ticket, visitId } = await secret();
  const page = await clinic.open('/display', { width: 1920 });
  await connectionIs(page, 'live');
  await clinic.stopServer();
  await page.waitForSelector('.wall-old:has-text("No connection. This was so")');
  expect(await seriousProblems(page)).toEqual([]);
  await clinic.startServer();
  await clinic.post('call-patient', { visitId, roomId: '6' });
  await page.waitForSelector(`.wall-now ${callShown(ticket)}`);
  await page.waitForSelector('.wall-old', { state: 'detached' });
});

test('a display shows its own site', async () => {
  await clinic.put('sites/north', { siteName: 'North building' });
  await clinic.put('queues/eyes', { siteId: 'north', ticketPrefix: 'EY' });
  await clinic.put('rooms/n1', { siteId: 'north', roomName: 'Garden room' });
  const { ticket, visitId } = await clinic.checkIn('eyes', 'Lee Park');
  await clinic.post('call-patient', { visitId, roomId: 'n1' });
  const north = await clinic.open('/display?site=north');
  await north.waitForSelector(`${callShown(ticket)}:has-text("Garden room")`);
  expect(await north.textContent('h1')).toBe('North building');
  const main = await clinic.open('/display?site=main');
  await main.waitForSelector('.wall-call');
  expect(await main.locator(callShown(ticket)).count()).toBe(0);
});
