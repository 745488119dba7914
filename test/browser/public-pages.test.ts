import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { spelled } from '../../apps/waiting-room/web/screens/display/display-model.ts';
import { ClinicBrowser, connectionIs, phoneWidth, comesTrue } from '../support/clinic-browser.ts';
import { keepsThePromisesOfScreens } from '../support/screen-promises.ts';

let clinic: ClinicBrowser;
const secrets = ['Ana Secret', 'P-4711', 'Oncology', 'private note', 'General medicine'];
let standing: { visitId: string; ticket: string; link: string };
const pictures = process.env['MILLRACE_PICTURES'];

beforeAll(async () => {
  clinic = await ClinicBrowser.start();
  await clinic.put('queues/general', { queueName: 'General medicine', ticketPrefix: 'G' });
  await clinic.put('rooms/r3', { roomName: 'Room 3', active: true });
  await clinic.put('rooms/r4', { roomName: 'Room 4', active: true });
  await clinic.put('queues/promises', { queueName: 'General medicine too', ticketPrefix: 'P', siteId: 'main' });
  standing = await arrive('promises');
});

afterEach(() => clinic.closePages());
afterAll(() => clinic.remove());

keepsThePromisesOfScreens(() => clinic, {
  path: '/display',
  ready: '.display-body',
  spanish: 'Nadie es llamado',
  live: true,
});

keepsThePromisesOfScreens(() => clinic, {
  path: () => standing.link,
  ready: '.phone-now[data-advice="wait"]',
  spanish: 'Su lugar en la cola',
  live: true,
});

async function arrive(queueId = 'general'): Promise<{ visitId: string; ticket: string; link: string }> {
  const answer = await clinic.post('check-in', {
    queueId,
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
    `window.spoken = []; speechSynthesis.speak = (speech) => {
      spoken.push(speech.lang + ' ' + speech.text);
      speech.dispatchEvent(new Event('end'));
    };`,
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
  await comesTrue(phone, 'shaken === 2');
  await phone.waitForSelector('.phone-now:has-text("You are called once more")');
  await comesTrue(wall, 'spoken.length === 2');
  const spoken = await wall.evaluate('spoken');
  const said = `en Ticket ${spelled(ticket)}. Please go to Room 3.`;
  expect(spoken).toEqual([said, said]);
});

test('calls at once are said one after the other: chime, voice and caption of one, and then of the next', async () => {
  const wall = await clinic.open('/display');
  await connectionIs(wall, 'live');
  const soundOn = wall.locator('.display-head button.primary');
  if ((await soundOn.count()) > 0) await soundOn.click();
  await soundOn.waitFor({ state: 'detached' });
  // What is heard, in its order. A voice ends when the test says so; short pauses pass ten times as fast.
  await wall.evaluate(`
    window.heard = [];
    window.voice = undefined;
    const { start } = OscillatorNode.prototype;
    OscillatorNode.prototype.start = function (when) { heard.push('tone'); start.call(this, when); };
    speechSynthesis.speak = (speech) => { heard.push('voice'); voice = speech; };
    const wait = window.setTimeout;
    window.setTimeout = (work, milliseconds) => wait(work, milliseconds > 10_000 ? milliseconds : milliseconds / 10);
  `);
  const tickets = [(await arrive('several')).ticket, (await arrive('several')).ticket];
  await Promise.all(['r5', 'r6'].map((roomId) => clinic.post('call-next', { queueId: 'several', roomId })));
  for (const ticket of tickets) await wall.waitForSelector(`.display-calls li:has-text("${ticket}")`);
  await comesTrue(wall, `voice !== undefined`);
  const first = await wall.textContent('.display-caption');
  // Longer than a caption nobody else is said, since the first voice has not ended.
  await wall.evaluate(`new Promise((resolve) => setTimeout(resolve, 9_000))`);
  expect(await wall.evaluate('heard')).toEqual(['tone', 'tone', 'voice']);
  expect(await wall.textContent('.display-caption')).toBe(first);
  await wall.evaluate(`{ const done = voice; voice = undefined; done.dispatchEvent(new Event('end')); }`);
  await comesTrue(wall, `voice !== undefined`);
  expect(await wall.evaluate('heard')).toEqual(['tone', 'tone', 'voice', 'tone', 'tone', 'voice']);
  const second = await wall.textContent('.display-caption');
  expect(new Set([first, second].map((caption) => caption?.slice(0, tickets[0]?.length)))).toEqual(new Set(tickets));
});

test('a browser without tones and without a voice shows a call all the same', async () => {
  const wall = await clinic.open('/display');
  await wall.addInitScript(`
    for (const name of ['AudioContext', 'webkitAudioContext', 'speechSynthesis', 'SpeechSynthesisUtterance']) delete window[name];
  `);
  await wall.reload();
  await connectionIs(wall, 'live');
  expect(await wall.evaluate(`'AudioContext' in window || 'speechSynthesis' in window`)).toBe(false);
  expect(await wall.locator('.display-head button.primary').count()).toBe(0);
  const { ticket } = await arrive('silent');
  await clinic.post('call-next', { queueId: 'silent', roomId: 'r7' });
  await wall.waitForSelector(`.display-caption:has-text("${ticket}")`);
});

test('the phone says calmly that the visit is over, and listens no more', async () => {
  const { visitId, link } = await arrive();
  const phone = await clinic.open(link, { width: phoneWidth });
  await connectionIs(phone, 'live');
  await phone.evaluate(`{
    window.ended = 0;
    const close = EventSource.prototype.close;
    EventSource.prototype.close = function () { ended++; close.call(this); };
  }`);
  await clinic.post('cancel', { visitId, reason: 'Comes on another day' });
  await phone.waitForSelector('.phone-now[data-advice="over"]');
  await phone.waitForSelector('text=You can close this page.');
  await phone.waitForSelector('.connection', { state: 'detached' });
  expect(await phone.evaluate('ended')).toBe(1);
  // Whoever opens the page later is told the same, and no stream is opened.
  const streams: string[] = [];
  phone.on('request', (request) => {
    if (request.url().endsWith('/stream')) streams.push(request.url());
  });
  await phone.reload();
  await phone.waitForSelector('text=You can close this page.');
  expect(streams).toEqual([]);
});

test('a link that is scanned before the read model knows the visit is asked for again', async () => {
  const { link } = await arrive('promises');
  const page = await clinic.open('/display', { width: phoneWidth, tolerated: [404] });
  let asked = 0;
  await page.route(`**/api/public${link.replace('/v/', '/visits/')}`, async (route) => {
    asked += 1;
    if (asked > 1) return route.fallback();
    return route.fulfill({ status: 404, json: { code: 'VISIT_LINK_UNKNOWN' } });
  });
  await page.goto(clinic.url + link);
  await page.waitForSelector('.phone-now[data-advice="wait"]');
  expect(asked).toBe(2);
});

test('a link that nobody gave out is told calmly', async () => {
  const page = await clinic.open('/v/made-up', { width: phoneWidth, tolerated: [404] });
  await page.waitForSelector('h1:text-is("There is no visit behind this link")');
});
