import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WireProxy } from '../chaos/wire-proxy.ts';
import { busyQueue } from '../support/busy-clinic.ts';
import { startBrowser } from '../support/chromium.ts';
import { StaffPage, type StationView } from '../support/clinic-screens.ts';
import { DayLedger, type LoggedEvent } from '../support/day-ledger.ts';
import { millraceProgram, MillracePlace } from '../support/millrace-process.ts';

const waitingRoom = fileURLToPath(new URL('../../apps/waiting-room/app.ts', import.meta.url));
const buildWeb = fileURLToPath(new URL('../../scripts/build-web.ts', import.meta.url));

/**
 * The busiest day, on the screens: six receptionists, four cashiers and ten doctors with a browser each, a hundred
 * patients at once, and the display on the wall. In the middle every connection is cut, the server is restarted, and four rooms are shut. Whatever a
 * screen shows then and at the end is what the events say.
 */
const patients = 100;
const desks = 4;
const rooms = 10;
const roomsLeft = 6;
const receptionists = 6;
const priorities = ['Low', 'Medium', 'Medium', 'High', 'Medium', 'Urgent'] as const;

let place: MillracePlace;
let server: ReturnType<MillracePlace['spawn']>;
let wire: WireProxy;
let url: string;
let browser: Browser;

async function start(): Promise<void> {
  server = place.spawn(process.execPath, [millraceProgram, 'start', '--app', waitingRoom]);
  await place.ready(server);
}

async function stop(): Promise<void> {
  const closed = once(server, 'close');
  server.kill('SIGTERM');
  await closed;
}

beforeAll(async () => {
  const built = spawnSync(process.execPath, [buildWeb], { stdio: 'inherit' });
  if (built.status !== 0) throw new Error('The pages were not built.');
  place = await MillracePlace.make();
  [browser] = await Promise.all([startBrowser(), start()]);
  wire = await WireProxy.open([Number(new URL(place.url).port)]);
  url = new URL(wire.url(place.url)).origin;
  const answer = await fetch(`${place.url}/api/waiting-room/queues/${busyQueue}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ queueName: 'General', stages: { cashier: true } }),
  });
  expect(answer.status).toBe(200);
}, 120_000);

afterAll(async () => {
  await browser.close();
  await wire.close();
  await stop();
  await place.remove();
}, 60_000);

/** The day so far, from the log. */
const ledger = async (): Promise<DayLedger> => DayLedger.of(await eventsSoFar(), rooms);

async function eventsSoFar(): Promise<readonly LoggedEvent[]> {
  const events: LoggedEvent[] = [];
  for (let after: number | null = 0; after !== null;) {
    const response = await fetch(`${place.url}/api/events/${busyQueue}?limit=1000&after=${after}`);
    const page = (await response.json()) as { events: LoggedEvent[]; next: number | null };
    events.push(...page.events);
    after = page.next;
  }
  return events;
}

/** How many have been seen to the end. */
async function completed(): Promise<number> {
  const response = await fetch(`${place.url}/api/v1/waiting-room/${busyQueue}/monitor?limit=1`);
  const monitor = (await response.json()) as { byStatus?: { completed: number } };
  return monitor.byStatus?.completed ?? 0;
}

const until = (count: number) =>
  expect.poll(completed, { timeout: 240_000, interval: 500 }).toBeGreaterThanOrEqual(count);

/** A few at a time: twenty pages that load at once are slower than one after the other. */
async function opened(count: number, make: (n: number) => Promise<StaffPage>): Promise<readonly StaffPage[]> {
  const pages: StaffPage[] = [];
  for (let n = 0; n < count; n += 2) {
    pages.push(...(await Promise.all([n, n + 1].filter((one) => one < count).map((one) => make(one)))));
  }
  return pages;
}

test('every screen says what the log says, while connections drop, rooms shut and the server restarts', async () => {
  const open = (path: string, name: string, kept: Record<string, string> = {}) =>
    StaffPage.open(browser, `${url}${path}`, name, kept);
  const reception = await opened(receptionists, (n) => open('/reception', `reception ${n}`));
  const cashiers = await opened(desks, (n) => open('/cashier', `desk desk-${n}`, { desk: `desk-${n}` }));
  const doctors = await opened(rooms, (n) => open('/room', `room room-${n}`, { room: `room-${n}` }));
  const wall = await open('/display', 'display');
  const wrong: string[] = [];
  wall.page.on('pageerror', ({ message }) => wrong.push(message));
  const stations = [...cashiers, ...doctors];
  const staff = [...reception, ...stations];

  /** Nobody moves: then each screen shows the seats and lines that the events make. */
  const everyScreenAgrees = async (): Promise<void> => {
    await Promise.all(staff.map((one) => one.live()));
    for (const one of staff) {
      // Both anew at each try: what was under way when everybody stopped may still arrive.
      await expect
        .poll(async () => difference(one, await ledger(), await seenOn(one)), { timeout: 30_000, interval: 200 })
        .toBeUndefined();
    }
    await wall.live();
    await expect
      .poll(async () => displayDifference(await eventsSoFar(), await seenOnDisplay(wall)), {
        timeout: 30_000,
        interval: 200,
      })
      .toBeUndefined();
    expect((await ledger()).problems).toEqual([]);
  };

  const everybody = Array.from({ length: patients }, (_, n) => ({
    id: `BUSY-${n}`,
    name: `Patient ${n}`,
    priority: priorities[n % priorities.length] ?? 'Medium',
  }));
  await Promise.all([
    ...reception.map((desk, first) => desk.checkIn(everybody.filter((_, n) => n % receptionists === first))),
    ...cashiers.map((desk) => desk.work({ AT_CASHIER: 'F8' })),
    ...doctors.map((room) => room.work({ CALLED: 'F8', IN_CONSULTATION: 'F9' })),
  ]);

  // Every connection is cut while everybody works.
  await until(20);
  wire.cut();
  await until(30);
  await Promise.all(staff.map((one) => one.works(false)));
  await everyScreenAgrees();

  // The server restarts; the screens stay, and go on without a reload.
  const pages = [...staff, wall];
  await Promise.all(pages.map((one) => one.page.evaluate('window.sameAsBefore = true')));
  await stop();
  await start();
  await everyScreenAgrees();
  await Promise.all(staff.map((one) => one.works(true)));

  // Four rooms finish with whom they have, and are shut on their own screens.
  const shut = doctors.slice(roomsLeft);
  await Promise.all(
    shut.map(async (room) => {
      await room.callNobody();
      await expect.poll(() => room.isDone(), { timeout: 60_000, interval: 500 }).toBe(true);
      const answered = room.page.waitForResponse((answer) => answer.url().includes('/api/waiting-room/rooms/room-'));
      await room.page.evaluate(`document.querySelector('.station-here > .action:last-child button').click()`);
      expect((await answered).status()).toBe(200);
    }),
  );
  const shutAt = (await ledger()).turns;

  await until(patients);
  const end = await ledger();
  expect(end.atTheEnd(patients, { atCashier: false })).toEqual([]);
  for (const { name } of shut) expect([name, end.turns.get(name)]).toEqual([name, shutAt.get(name)]);
  const tickets = (await Promise.all(reception.map((desk) => desk.tickets()))).flat();
  expect(tickets.toSorted()).toEqual(end.visits.map(({ ticket }) => ticket).toSorted());
  await everyScreenAgrees();
  expect(await seenOnDisplay(wall)).toEqual({ calls: [], next: [] });
  expect(wrong).toEqual([]);
  for (const one of pages) expect(await one.page.evaluate('window.sameAsBefore')).toBe(true);
  await Promise.all(pages.map((one) => one.close()));
}, 900_000);

interface Display {
  /** `G-001 room-3`, as they stand from the top. */
  readonly calls: readonly string[];
  readonly next: readonly string[];
}

async function seenOnDisplay({ page }: StaffPage): Promise<Display> {
  // The expression has this shape.
  return (await page.evaluate(`({
    calls: [...document.querySelectorAll('.display-calls li')].map((row) =>
      [...row.children].map(({ textContent }) => textContent).join(' ')),
    next: [...document.querySelectorAll('.display-next li')].map(({ textContent }) => textContent),
  })`)) as Display;
}

/** What the display shows beside what the log says; undefined when they are the same. */
function displayDifference(events: readonly LoggedEvent[], seen: Display): object | undefined {
  const day = DayLedger.of(events, rooms);
  const seated = new Map<string, string>();
  for (const { type, aggregateId, data } of events) {
    const said = (field: string): unknown => Reflect.get(Object(data), field);
    const place = type === 'PatientCalled' ? said('roomId') : type === 'PatientCalledAtCashier' ? said('deskId') : '';
    if (place !== '') seated.set(aggregateId, `${String(said('calledAt'))} ${String(place)}`);
  }
  const statuses = ['CALLED', 'IN_CONSULTATION', 'AT_CASHIER'];
  const calls = day.visits
    .filter(({ status }) => statuses.includes(status))
    .map(({ visitId, ticket }) => {
      const [calledAt = '', place = ''] = seated.get(visitId)?.split(' ') ?? [];
      return { calledAt, line: `${ticket} ${place}` };
    })
    // The newest first; it shows six of them.
    .toSorted((one, other) => other.calledAt.localeCompare(one.calledAt) || one.line.localeCompare(other.line))
    .map(({ line }) => line)
    .slice(0, 6);
  const next = day
    .line('WAITING')
    .map(({ ticket }) => ticket)
    .slice(0, 8);
  const should = { calls, next };
  return JSON.stringify(should) === JSON.stringify(seen) ? undefined : { should, seen };
}

type Seen = { readonly list: readonly string[] } | StationView;

async function seenOn(one: StaffPage): Promise<Seen> {
  return one.name.startsWith('reception') ? { list: await one.listed() } : one.view();
}

/** What a screen shows beside what it should show; undefined when they are the same. */
function difference({ name }: StaffPage, now: DayLedger, seen: Seen): object | undefined {
  const idsOf = (status: string) => now.line(status).map(({ visitId }) => visitId);
  if ('list' in seen) {
    const waiting = [...idsOf('WAITING'), ...idsOf('WAITING_CASHIER')].toSorted();
    // It lists sixty and says how many more there are.
    const isSame = waiting.length > 60 || waiting.join() === seen.list.toSorted().join();
    return isSame ? undefined : { name, waiting, ...seen };
  }
  const { visitId = '', status = '' } = now.at(name) ?? {};
  const line = idsOf(name.startsWith('desk') ? 'WAITING_CASHIER' : 'WAITING').slice(0, 12);
  const should = { visitId, status, line };
  return JSON.stringify(should) === JSON.stringify(seen) ? undefined : { name, should, seen };
}
