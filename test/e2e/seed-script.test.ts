import { readFile } from 'node:fs/promises';
import http from 'node:http';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { millraceProgram, MillracePlace } from '../support/millrace-process.ts';

const app = fileURLToPath(new URL('../../apps/waiting-room/app.ts', import.meta.url));
const data = fileURLToPath(new URL('../../apps/waiting-room/data.json', import.meta.url));

type Answer = Record<string, unknown>;

/**
 * What the seed documents tell their readers to type, against a fresh start: the five steps (S558), the daily checklist's
 * fields (S354, S355), every route they name, and the load test with one body (S152 with C33).
 */
describe('the seed documents’ scripts against a fresh start', () => {
  let place: MillracePlace;

  beforeAll(async () => {
    place = await MillracePlace.make();
    await place.ready(place.spawn(process.execPath, [millraceProgram, 'start', '--app', app]));
  }, 60_000);
  afterAll(() => place.remove());

  const get = async (path: string): Promise<{ status: number; body: Answer }> => {
    const response = await fetch(`${place.url}${path}`);
    return { status: response.status, body: (await response.json()) as Answer };
  };
  const checkIn = (body: object, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(`${place.url}/api/waiting-room/check-in`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
  const johnDoe = {
    queueId: 'queue-1',
    patientId: 'patient-1',
    patientName: 'John Doe',
    priority: 'HIGH',
    consultationType: 'Cardiology',
  };

  it('S558: the five steps work as written, one after the other', async () => {
    // 1. Create a patient check-in
    const first = await checkIn(johnDoe);
    expect(first.status).toBe(201);
    const { position } = (await first.json()) as { position: number };
    expect(position).toBe(1);

    // 2. Check event in EventStore
    const { body: stored } = await get('/api/events/queue-1');
    expect(stored).toMatchObject({ count: 1, events: [{ type: 'PatientCheckedIn', position: 1, version: 1 }] });

    // 3. Verify outbox dispatch (empty within the second that S149 gives)
    await vi.waitFor(async () => expect(await get('/api/outbox/pending')).toMatchObject({ body: { count: 0 } }), 1000);

    // 4. Check read model in projection
    const { body: monitor } = await get('/api/waiting-room/monitor?minPosition=1');
    expect(monitor).toMatchObject({
      waiting: 1,
      queues: [
        {
          queueId: 'queue-1',
          currentPatientCount: 1,
          patients: [{ patientId: 'patient-1', priority: 'High', positionInQueue: 1 }],
        },
      ],
    });

    // 5. View lag metrics
    await vi.waitFor(async () => {
      const { body: lag } = await get('/api/metrics/lag?eventName=PatientCheckedIn');
      expect(lag).toMatchObject({ eventName: 'PatientCheckedIn', count: 1, processedCount: 1 });
      expect(lag['avgLagMs']).toBeGreaterThan(0);
    }, 5000);
  });

  it('S145: the way of one event, with parts that add up to the total', async () => {
    const { body: stored } = await get('/api/events/queue-1');
    const [event] = stored['events'] as { eventId: string }[];
    const { body: lag } = await get(`/api/metrics/lag/${event?.eventId ?? ''}`);
    const parts = ['outboxWaitMs', 'outboxDispatchDurationMs', 'transitMs', 'projectionProcessingDurationMs'].map(
      (name) => Number(lag[name]),
    );
    expect(parts.every((part) => part >= 0)).toBe(true);
    expect(parts.reduce((sum, part) => sum + part, 0)).toBeCloseTo(Number(lag['totalLagMs']), 3);
  });

  it('answers every route that a seed names', async () => {
    const routes = [
      ...[
        '/health',
        '/health/live',
        '/health/ready',
        '/health/startup',
        '/api/projections/health',
        '/api/outbox/pending',
      ],
      ...['/api/waiting-room/monitor', '/api/v1/waiting-room/queue-1/monitor', '/api/events/queue-1', '/openapi.json'],
      ...[
        '/api/projections/waiting-room/checkpoint',
        '/api/metrics/lag',
        '/api/metrics/lag?sample=1000',
        '/api/metrics/lag/slowest',
      ],
      '/api/metrics/lag?eventName=PatientCheckedIn&from=2026-02-19&to=2026-02-20',
    ];
    for (const route of routes) expect((await get(route)).status, route).toBe(200);
    const metrics = await (await fetch(`${place.url}/metrics`)).text();
    // S040–S042: what the seeds' PromQL asks for has samples.
    for (const sample of [
      'event_processing_lag_ms{event_name="PatientCheckedIn"}',
      'outbox_pending_count 0',
      'event_processing_duration_seconds_bucket{le="0.001",projection="waiting-room"}',
      'event_processing_lag_seconds_bucket{le="0.01",event_name="PatientCheckedIn"}',
    ]) {
      expect(metrics).toContain(sample);
    }
    for (const page of ['/', '/docs']) expect((await fetch(`${place.url}${page}`)).status, page).toBe(200);
    const rebuilt = await fetch(`${place.url}/api/projections/rebuild?wait=true`, { method: 'POST' });
    expect(rebuilt.ok, await rebuilt.text()).toBe(true);
    expect((await get('/api/waiting-room/monitor')).body).toMatchObject({ waiting: 1 });
  });

  it('S354, S355: the daily checklist finds avgLagMs and count', async () => {
    expect((await get('/api/metrics/lag')).body).toHaveProperty('avgLagMs', expect.any(Number));
    expect((await get('/api/outbox/pending')).body).toHaveProperty('count', 0);
  });

  it('an Idempotency-Key replays the same answer, and is refused with another body', async () => {
    const body = { ...johnDoe, patientId: 'patient-2' };
    const headers = { 'Idempotency-Key': 'key-1' };
    const [first, second] = await Promise.all([checkIn(body, headers), checkIn(body, headers)]);
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(await first.json()).toEqual(await second.json());
    const replayed = [first, second].filter((response) => response.headers.get('idempotency-replayed') === 'true');
    expect(replayed).toHaveLength(1);
    const other = await checkIn({ ...body, priority: 'LOW' }, headers);
    expect(other.status).toBe(422);
    expect(await other.json()).toMatchObject({ code: 'KEY_REUSED' });
  });

  it('S152 with C33: one body without a patientId, posted again and again: nothing but 201', async () => {
    const statuses = await postMany(place.port, await readFile(data, 'utf8'), 2000, 100);
    expect(statuses).toEqual({ 201: 2000 });
  });

  it('C33: one body with a patientId, posted again and again: the first 201, the others 409', async () => {
    const statuses = await postMany(place.port, JSON.stringify({ ...johnDoe, patientId: 'patient-3' }), 200, 20);
    expect(statuses).toEqual({ 201: 1, 409: 199 });
  });
});

/** What `ab -n total -c callers -p file` does: the same body over and over, on a few connections. */
async function postMany(port: number, body: string, total: number, callers: number): Promise<Record<number, number>> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: callers });
  const statuses: Record<number, number> = {};
  let left = total;
  const post = (): Promise<number> =>
    new Promise((resolve, reject) => {
      const headers = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) };
      const request = http.request(
        { port, agent, method: 'POST', path: '/api/waiting-room/check-in', headers },
        (response) => {
          response.resume();
          response.on('end', () => resolve(response.statusCode ?? 0));
        },
      );
      request.on('error', reject);
      request.end(body);
    });
  await Promise.all(
    Array.from({ length: callers }, async () => {
      while (left-- > 0) {
        const status = await post();
        statuses[status] = (statuses[status] ?? 0) + 1;
      }
    }),
  );
  agent.destroy();
  return statuses;
}
