import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { ClinicBrowser, connectionIs, focusIs, seriousProblems, tabTo } from '../support/clinic-browser.ts';
import { keepsThePromisesOfScreens } from '../support/screen-promises.ts';

let clinic: ClinicBrowser;

beforeAll(async () => {
  clinic = await ClinicBrowser.start();
  await clinic.put('queues/general', { queueName: 'General medicine' });
  await clinic.put('queues/heart', { queueName: 'Heart', maxCapacity: 2 });
  await clinic.checkIn('general', 'Olga Petrova', { priority: 'Urgent' });
  await clinic.checkIn('general', 'Lee Park', { priority: 'Low' });
});

afterEach(() => clinic.closePages());
afterAll(() => clinic.remove());

keepsThePromisesOfScreens(() => clinic, {
  path: '/supervisor',
  ready: '.waiting [data-visit]',
  spanish: 'Requiere atención',
  live: true,
});

const row = (name: string) => `.waiting li:has-text("${name}")`;

test('who waits too long stands first and is marked, and a filter shows those alone', async () => {
  const page = await clinic.open('/supervisor');
  await page.waitForSelector(`${row('Olga Petrova')}[data-overdue="true"]`);
  await page.waitForSelector('[data-alert="overdue"]:has-text("General medicine")');
  await page.waitForSelector(`${row('Olga Petrova')} .overdue:has-text("to be seen at once, exceeded by")`);
  expect(await page.locator('.waiting [data-visit] .name').first().textContent()).toBe('Olga Petrova');
  await page.check('[name="overdueOnly"]');
  await page.waitForSelector(row('Lee Park'), { state: 'detached' });
  await page.uncheck('[name="overdueOnly"]');
  await page.selectOption('.supervisor-filters [name="priority"]', 'Low');
  await page.waitForSelector(row('Olga Petrova'), { state: 'detached' });
  expect(await page.locator('.waiting [data-visit]').count()).toBe(1);
});

test('a queue is paused for a while with a reason, closed and opened, by keyboard alone', async () => {
  const page = await clinic.open('/supervisor');
  await connectionIs(page, 'live');
  await page.waitForSelector('[data-queue="general"]');
  await tabTo(page, 'button[aria-label="Pause: General medicine"]');
  await page.keyboard.press('Enter');
  await page.waitForSelector('dialog[open]');
  expect(await seriousProblems(page)).toEqual([]);
  await tabTo(page, '[name="reason"]');
  await page.keyboard.type('Fire drill');
  await tabTo(page, '[name="minutes"]');
  await page.keyboard.press('ArrowDown');
  await tabTo(page, 'dialog .primary');
  await page.keyboard.press('Enter');
  await page.waitForSelector('[data-queue="general"][data-state="PAUSED"]:has-text("Fire drill"):has-text("until")');
  await page.waitForSelector('[data-alert="paused"]:has-text("General medicine")');
  await focusIs(page, 'button[aria-label="Pause: General medicine"]');
  await page.keyboard.press('Shift+Tab');
  await focusIs(page, 'button[aria-label="Open: General medicine"]');
  await page.keyboard.press('Enter');
  await page.waitForSelector('[data-queue="general"][data-state="OPEN"]');
  await page.click('button[aria-label="Close: Heart"]');
  await page.click('dialog .primary');
  await page.waitForSelector('[data-queue="heart"][data-state="CLOSED"]');
  await page.click('button[aria-label="Open: Heart"]');
  await page.waitForSelector('[data-queue="heart"][data-state="OPEN"]');
});

test('a full queue, and who is in which room, are seen as they come, and a call is made once more', async () => {
  const page = await clinic.open('/supervisor');
  await connectionIs(page, 'live');
  const { visitId, ticket } = await clinic.checkIn('heart', 'Sam Okafor');
  await clinic.checkIn('heart', 'Noor Aziz');
  await page.waitForSelector('[data-alert="full"]:has-text("Heart is full")');
  await clinic.post('call-patient', { visitId, roomId: 'B-7' });
  await page.waitForSelector('[data-alert="full"]', { state: 'detached' });
  const card = '.place-cards [data-place="B-7"]';
  await page.waitForSelector(`${card}:has-text("Sam Okafor"):has-text("called")`);
  await page.click(`button[aria-label="Call again: ${ticket}"]`);
  await page.waitForSelector('.notice[data-kind="done"]');
  await clinic.post('complete-attention', { visitId });
  await page.waitForSelector(`${card}:has-text("free")`);
});

test('somebody is made more urgent, with a reason, and the way to the history stands beside', async () => {
  const { visitId, ticket } = await clinic.checkIn('general', 'Tomás Ruiz');
  const page = await clinic.open('/supervisor');
  const line = `.waiting [data-visit="${visitId}"]`;
  await page.waitForSelector(line);
  await page.click(`button[aria-label="Change priority: ${ticket}"]`);
  await page.check('dialog [value="High"]', { force: true });
  await page.fill('dialog [name="reason"]', 'Feels worse');
  await page.click('dialog [type="submit"]');
  await page.waitForSelector(`${line} [data-priority="High"]`);
  expect(await page.getAttribute(`${line} a`, 'href')).toBe(`/visits/${visitId}`);
});

test('no open room, who works where, a call undone, who has left and who is parked: seen and done here', async () => {
  await clinic.put('sites/north', { siteName: 'North building' });
  await clinic.put('queues/eyes', { queueName: 'Eyes', siteId: 'north' });
  await clinic.put('rooms/n-1', { roomName: 'North 1', siteId: 'north', active: false });
  const called = await clinic.checkIn('eyes', 'Ana Díaz', { priority: 'High' });
  const parked = await clinic.checkIn('eyes', 'Chen Wei');
  const page = await clinic.open('/supervisor?site=north');
  await page.waitForSelector('[data-alert="no-room"]:has-text("No room is open, and 2 wait")');
  await clinic.put('rooms/n-1', { active: true });
  await clinic.post('call-patient', { visitId: called.visitId, roomId: 'n-1' });
  await page.waitForSelector('[data-alert="no-room"]', { state: 'detached' });

  const card = '.place-cards [data-place="n-1"]';
  await page.click(`${card} .staff button`);
  await page.fill('dialog [name="staffName"]', 'Dr Okafor');
  await page.click('dialog [type="submit"]');
  await page.waitForSelector(`${card} .staff:has-text("Dr Okafor")`);
  expect(await page.getAttribute(`${card} a.ticket`, 'href')).toBe(`/visits/${called.visitId}?site=north`);

  await page.click(`${card} button[aria-label="Undo the call: ${called.ticket}"]`);
  await page.waitForSelector('dialog:has-text("The call was a mistake")');
  expect(await seriousProblems(page)).toEqual([]);
  await page.keyboard.press('Escape');
  await page.waitForSelector(`${card}[data-occupied="true"]`);
  await page.click(`${card} button[aria-label="Undo the call: ${called.ticket}"]`);
  await page.click('dialog [type="submit"]');
  await page.waitForSelector(`${card}[data-occupied="false"]`);

  await page.click(`.waiting button[aria-label="Has left: ${called.ticket}"]`);
  await page.waitForSelector('dialog:has-text("without being seen")');
  await page.click('dialog [type="submit"]');
  await page.waitForSelector(`.waiting [data-visit="${called.visitId}"]`, { state: 'detached' });

  await clinic.post('park', { visitId: parked.visitId });
  await page.click(`.parked button[aria-label="Back in line: ${parked.ticket}"]`);
  await page.waitForSelector(`.waiting [data-visit="${parked.visitId}"]`);
});

test('a pause whose answer was lost is sent again as the same command', async () => {
  const page = await clinic.open('/supervisor');
  await connectionIs(page, 'live');
  const sent: string[] = [];
  await page.route('**/queues/general/state', async (route) => {
    const request = route.request();
    sent.push(`${String(request.headers()['idempotency-key'])} ${String(request.postData())}`);
    if (sent.length > 1) return route.continue();
    // The server has it; its answer never arrives.
    await route.fetch();
    return route.abort();
  });
  await page.click('button[aria-label="Pause: General medicine"]');
  await page.selectOption('dialog [name="minutes"]', '30');
  await page.click('dialog .primary');
  await page.waitForSelector('.notice[data-kind="failed"]:has-text("it counts once")');
  await page.click('dialog .primary');
  await page.waitForSelector('dialog', { state: 'detached' });
  expect(sent).toHaveLength(2);
  expect(sent[1]).toBe(sent[0]);
});
