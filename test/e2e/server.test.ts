import { Type } from 'typebox';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { checkInToUnlimitedQueue } from '../../apps/waiting-room/domain/check-in-unlimited.ts';
import { waitingRoom } from '../../apps/waiting-room/system.ts';
import { newEventId } from '../../src/events/event-id.ts';
import { migrateSystem } from '../../src/migrate-system.ts';
import type { RunningSystem } from '../../src/running-system.ts';
import { sendCommand, startServer, type Application, type RunningServer } from '../../src/server/index.ts';
import { startSystem } from '../../src/start-system.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

let tickets = 100;

/** The server in front of a system on real databases: one route, one feed, and the routes of the platform. */
const application: Application = {
  system: waitingRoom,
  routes: (server) => {
    server.post('/visits/:id', { schema: { params: Type.Object({ id: Type.String() }) } }, (request, reply) =>
      sendCommand(request, reply, {
        decider: checkInToUnlimitedQueue,
        command: {
          visitId: request.params.id,
          queueId: 'queue-1',
          patientId: 'p-1',
          patientKey: null,
          patientName: 'Jane Roe',
          priority: 'High',
          consultationType: 'Cardiology',
          notes: null,
          settingsPosition: 0,
          ...{ siteId: 'main', day: '2026-01-01', ticket: `Q-${++tickets}`, firstOfDay: false },
        },
        status: 201,
      }),
    );
  },
  live: [
    {
      name: 'visits',
      webSocketPath: '/ws/visits',
      ssePath: '/visits/live',
      views: [
        {
          name: 'visits',
          relation: 'visits_view',
          positionColumn: 'updated_position',
          columns: ['visit_id', 'status'],
          filter: { parameter: 'queueId', column: 'queue_id' },
        },
      ],
    },
  ],
};

let databases: TestDatabase[];
let system: RunningSystem;
let server: RunningServer;

beforeAll(async () => {
  databases = await Promise.all([createTestDatabase(), createTestDatabase()]);
  const [eventStore, readModels] = databases;
  const urls = { eventStoreUrl: eventStore?.url ?? '', readModelsUrl: readModels?.url ?? '' };
  await migrateSystem(waitingRoom, urls);
  system = await startSystem(waitingRoom, urls);
  server = await startServer(application, system, { host: '127.0.0.1', port: 0 });
});

afterAll(async () => {
  await server.stop();
  await system.stop();
  await Promise.all(databases.map((database) => database.drop()));
});

const json = async (path: string, init?: RequestInit): Promise<unknown> =>
  (await fetch(`${server.url}${path}`, init)).json();

test('S001, S003, S005, S006, S009, S023, S028, S169, S342, S391, S394, S411: an event is seen at every station of its way, over HTTP', async () => {
  const visit = `visit-${newEventId()}`;
  const messages: unknown[] = [];
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/ws/visits?queueId=queue-1&after=0`);
  socket.on('message', (data: Buffer) => messages.push(JSON.parse(data.toString())));
  await expect.poll(() => messages).toEqual([{ type: 'hello', position: 0 }]);

  const headers = { 'idempotency-key': 'one', 'x-correlation-id': 'journey-1' };
  const first = await fetch(`${server.url}/visits/${visit}`, { method: 'POST', headers });
  expect(first.status).toBe(201);
  expect(await first.json()).toMatchObject({ position: 1 });
  const again = await fetch(`${server.url}/visits/${visit}`, { method: 'POST', headers });
  expect(again.headers.get('idempotency-replayed')).toBe('true');
  expect(await again.json()).toMatchObject({ position: 1 });

  await expect
    .poll(() => messages.at(-1))
    .toEqual({
      type: 'rows',
      view: 'visits',
      position: 1,
      rows: [{ visit_id: visit, status: 'WAITING', updated_position: 1 }],
    });
  const { count, events } = await eventsOf(visit);
  expect(count).toBe(1);
  expect(events[0]).toMatchObject({ type: 'PatientCheckedIn', metadata: { correlationId: 'journey-1' } });
  await expect.poll(() => json('/api/outbox/pending')).toMatchObject({ count: 0, events: [] });
  await expect.poll(() => json(`/api/metrics/lag/${events[0]?.eventId}`)).toMatchObject({ status: 'PROCESSED' });
  await expect.poll(() => json('/api/metrics/lag?eventName=PatientCheckedIn')).toMatchObject({ processedCount: 1 });
  await expect
    .poll(() => json('/api/projections/health'))
    .toMatchObject({
      isHealthy: true,
      projections: [
        { position: 1, behind: 0 },
        { position: 1, behind: 0 },
        { position: 1, behind: 0 },
      ],
    });
  expect(await json('/health')).toMatchObject({ status: 'healthy', ready: true });
  const metrics = await (await fetch(`${server.url}/metrics`)).text();
  expect(metrics).toContain('events_dispatched_total 1');
  expect(metrics).toContain('event_processing_lag_ms{event_name="PatientCheckedIn"}');

  expect(await json('/api/projections/rebuild?wait=true', { method: 'POST' })).toMatchObject({
    rebuilds: [{ state: 'done' }, { state: 'done' }, { state: 'done' }],
  });
  await expect.poll(() => messages.at(-1)).toMatchObject({ type: 'reset', reason: 'read-model-replaced' });
  expect(await json('/api/projections/none/checkpoint')).toMatchObject({ code: 'PROJECTION_UNKNOWN' });
  expect(await json('/api/dead-letters/7/retry', { method: 'POST' })).toMatchObject({ code: 'DEAD_LETTER_UNKNOWN' });
  socket.terminate();
});

/** The events of the stream, or of what the application makes of the id. */
async function eventsOf(id: string): Promise<{ count: number; events: { eventId: string }[] }> {
  const stream = (await system.log.read()).find((event) => event.payload.includes(id))?.stream ?? id;
  // The shape is compared by the test.
  return (await json(`/api/events/${stream}`)) as { count: number; events: { eventId: string }[] };
}
