import { afterAll, beforeAll, expect, test } from 'vitest';
import { WireProxy } from '../chaos/wire-proxy.ts';
import { busyQueue, cashier, doctor, Hands, receptionist, type Day } from '../support/busy-clinic.ts';
import { DayLedger, type LoggedEvent } from '../support/day-ledger.ts';
import { LiveRows } from '../support/live-rows.ts';
import { WaitingRoomProcesses } from '../support/waiting-room-processes.ts';

/**
 * The busiest day: a hundred patients at once, six receptionists, four cashiers, ten doctors in ten rooms, of which
 * four shut in the middle, through two processes; and every connection is cut once, commands under way included.
 */
let clinic: WaitingRoomProcesses;
let wire: WireProxy;
let screens: readonly LiveRows[] = [];
const rooms = 10;
const roomsLeft = 6;

beforeAll(async () => {
  clinic = await WaitingRoomProcesses.start();
  wire = await WireProxy.open([Number(new URL(clinic.url).port)]);
});
afterAll(async () => {
  await Promise.all(screens.map((screen) => screen.close()));
  await wire.close();
  await clinic.stop();
});

async function eventsOfTheDay(): Promise<readonly LoggedEvent[]> {
  const recorded = await clinic.system.log.read({ limit: 100_000 });
  return recorded.map((event) => {
    const { position, type, stream, data } = clinic.system.registry.decode(event);
    return { position, type, aggregateId: stream, data };
  });
}

test('nobody is lost, claimed twice or overtaken when rooms shut and every connection drops', async () => {
  const day: Day = { patients: 100, arrived: 0, completed: 0 };
  const url = new URL(wire.url(clinic.url)).origin;
  const throughTheWire = new Hands(() => url);
  const elsewhere = new Hands(() => clinic.secondUrl);
  const stages = { cashier: true };
  const set = await throughTheWire.send('PUT', `/api/waiting-room/queues/${busyQueue}`, { stages });
  expect(set.status).toBe(200);
  screens = await Promise.all([
    LiveRows.open(`${url}/ws/waiting-room`, { patients: 'visit_id', queues: 'queue_id' }),
    LiveRows.open(`${url}/ws/public-display?siteId=main`, { calls: 'call_id' }),
  ]);
  const [staff, display] = screens;

  const isOpen = (room: number) => () => room < roomsLeft || day.completed < 40;
  const shut = async (room: number): Promise<void> => {
    const path = `/api/waiting-room/rooms/room-${room}`;
    const { status } = await throughTheWire.send('PUT', path, { active: false });
    expect(status).toBe(200);
    const refused = await elsewhere.post('call-next', { queueId: busyQueue, roomId: `room-${room}` });
    expect(['ROOM_INACTIVE', 'QUEUE_EMPTY']).toContain(refused.body['code']);
  };
  const cut = async (): Promise<void> => {
    await expect.poll(() => day.completed, { timeout: 60_000, interval: 5 }).toBeGreaterThan(20);
    wire.cut();
  };
  await Promise.all([
    cut(),
    ...Array.from({ length: 6 }, (_, n) => receptionist(throughTheWire, day, n, 6)),
    ...Array.from({ length: 4 }, (_, n) => cashier(n % 2 === 0 ? throughTheWire : elsewhere, day, `desk-${n}`)),
    ...Array.from({ length: rooms }, async (_, n) => {
      await doctor(n % 2 === 0 ? throughTheWire : elsewhere, day, `room-${n}`, isOpen(n));
      if (n >= roomsLeft) await shut(n);
    }),
  ]);

  const ledger = DayLedger.of(await eventsOfTheDay(), rooms);
  expect(ledger.atTheEnd(day.patients, { atCashier: false })).toEqual([]);
  expect(ledger.counts).toEqual({ COMPLETED: day.patients });

  // Every screen came back and says what the log says.
  const { position } = await clinic.system.log.head();
  for (const screen of screens) {
    await expect.poll(() => screen.position, { timeout: 10_000 }).toBe(position);
    expect([screen.connections, screen.resets]).toEqual([2, 0]);
  }
  const shown = [...(staff?.rows.get('patients')?.values() ?? [])];
  expect(new Map(shown.map((row) => [row['visit_id'], [row['ticket'], row['status']]]))).toEqual(
    new Map(ledger.visits.map(({ visitId, ticket, status }) => [visitId, [ticket, status]])),
  );
  expect(staff?.rows.get('queues')?.get(busyQueue)).toMatchObject({
    ...{ completed: String(day.patients), waiting: '0', called: '0' },
  });
  const called = [...(display?.rows.get('calls')?.values() ?? [])];
  expect(new Set(called.map(({ ticket }) => ticket))).toEqual(new Set(ledger.visits.map(({ ticket }) => ticket)));
  expect(called.filter(({ status }) => status !== 'DONE')).toEqual([]);
}, 180_000);
