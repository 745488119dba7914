import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { ClinicBrowser, connectionIs, focusIs, seriousProblems, tabTo } from '../support/clinic-browser.ts';
import { keepsThePromisesOfScreens } from '../support/screen-promises.ts';

let clinic: ClinicBrowser;

beforeAll(async () => {
  clinic = await ClinicBrowser.start();
  await clinic.put('queues/general', { queueName: 'General medicine' });
  await clinic.put('queues/lab', { queueName: 'Laboratory' });
  await clinic.put('rooms/9', { active: true, roomName: 'Room nine' });
  await clinic.checkIn('general', 'Olga Petrova');
  await clinic.post('call-next', { queueId: 'general', roomId: '9' });
  await clinic.checkIn('general', 'Ravi Patel', { priority: 'Low' });
});

afterEach(() => clinic.closePages());
afterAll(() => clinic.remove());

keepsThePromisesOfScreens(() => clinic, {
  path: '/room',
  ready: '.here[data-visit] .here-ticket',
  options: { kept: { 'millrace-room': '9' } },
  spanish: 'Comenzar consulta',
  live: true,
});

const step = (name: string) => `.here button[aria-label^="${name}:"]`;
const here = '.here[data-visit] .here-ticket';

test('the room is chosen once, and patients are called, seen and completed, by keyboard alone', async () => {
  const { ticket } = await clinic.checkIn('general', 'Ana Díaz', { priority: 'Urgent' });
  const page = await clinic.open('/room');
  await connectionIs(page, 'live');
  await tabTo(page, '.places button[data-place="9"]');
  await tabTo(page, '[name="placeId"]');
  await page.keyboard.type('1');
  await page.keyboard.press('Enter');
  await page.waitForSelector(`.line li:has-text("${ticket}")`);
  await page.keyboard.press('F2');
  await page.waitForSelector(`${here}:has-text("${ticket}")`);
  await focusIs(page, '.here-ticket');

  await page.keyboard.press('F4');
  await page.waitForSelector('.notice:has-text("called again")');
  await page.keyboard.press('F8');
  await page.waitForSelector('.here[data-status="IN_CONSULTATION"]');
  expect(await page.textContent('.here-timer')).toContain('in consultation');
  expect(await seriousProblems(page)).toEqual([]);
  // The next one has to wait, and the button says why; just after it was pressed it would say that instead.
  await page.waitForSelector('button[aria-keyshortcuts="F2"][data-phase="ready"]');
  await page.keyboard.press('F2');
  await page.waitForSelector('.notice[data-kind="failed"]:has-text("The room holds another patient")');
  await tabTo(page, step('Complete'));
  await page.keyboard.press('Enter');
  await page.waitForSelector('.here:not([data-visit])');
});

test('a call is undone, an absent patient stands in line again, and the second time is given up', async () => {
  const { visitId, ticket } = await clinic.checkIn('general', 'Tomás Ruiz', { priority: 'Urgent' });
  const page = await clinic.open('/room', { kept: { 'millrace-room': '2' } });
  const call = async () => {
    await page.click(`.line [data-visit="${visitId}"] button`);
    await page.waitForSelector(`${here}:has-text("${ticket}")`);
  };
  await call();
  await page.click(step('Undo the call'));
  await page.waitForSelector(`.line [data-visit="${visitId}"]`);
  await call();
  await page.click(step('Did not come'));
  await page.waitForSelector(`.line [data-visit="${visitId}"]`);
  await call();
  await page.click(step('Did not come'));
  await page.waitForSelector('.here:not([data-visit])');
  await page.waitForSelector(`.line [data-visit="${visitId}"]`, { state: 'detached' });
});

test('a patient waits parked for a result, comes back, and is sent to another queue', async () => {
  const { visitId, ticket } = await clinic.checkIn('general', 'Lee Park', { priority: 'Urgent' });
  const page = await clinic.open('/room', { kept: { 'millrace-room': '3' } });
  const line = 'section[aria-label="Next in line"]';
  const parked = 'section[aria-label="Parked"]';
  const call = async () => {
    await page.click(`${line} [data-visit="${visitId}"] button`);
    await page.waitForSelector(`${here}:has-text("${ticket}")`);
  };
  await call();
  await page.click(step('Start consultation'));
  await page.waitForSelector('.here[data-status="IN_CONSULTATION"]');
  await page.click(step('Park'));
  await page.waitForSelector(`${parked} [data-visit="${visitId}"]`);
  await page.click(`${parked} [data-visit="${visitId}"] button`);
  await call();
  await page.click(step('Send to another queue'));
  await page.selectOption('dialog[open] [name="toQueueId"]', 'lab');
  await page.click('dialog[open] button[type="submit"]');
  await page.waitForSelector('.here:not([data-visit])');
  await page.waitForSelector(`${line} [data-visit="${visitId}"]:has-text("Laboratory")`);
});

test('a room that is not active calls nobody, and is activated here', async () => {
  const page = await clinic.open('/room', { kept: { 'millrace-room': '4' } });
  await connectionIs(page, 'live');
  await page.click('button:has-text("Deactivate the room")');
  await page.waitForSelector('.action:has-text("Call next"):has-text("not active")');
  // A press that comes too soon after the one before belongs to it, so it is pressed until it is taken.
  const activate = page.locator('button:text-is("Activate the room")');
  const deactivate = page.locator('button:text-is("Deactivate the room")');
  const pressed = async () => {
    if ((await activate.count()) > 0) await activate.click();
    return deactivate.count();
  };
  await expect.poll(pressed, { timeout: 20_000, interval: 700 }).toBe(1);
  await page.waitForSelector('.station-here > .action:first-child button[aria-disabled="false"]');
});

test('two rooms that press at once get one patient each', async () => {
  await clinic.checkIn('general', 'Ingrid Holm', { priority: 'Urgent' });
  await clinic.checkIn('general', 'Jan de Vries', { priority: 'Urgent' });
  const rooms = await Promise.all(['5', '6'].map((room) => clinic.open('/room', { kept: { 'millrace-room': room } })));
  for (const page of rooms) await page.waitForSelector('.line li:has-text("Jan de Vries")');
  await Promise.all(rooms.map((page) => page.keyboard.press('F2')));
  const tickets = await Promise.all(rooms.map((page) => page.textContent(here)));
  expect(new Set(tickets).size).toBe(2);
});
