import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { application } from '../../apps/waiting-room/app.ts';
import { defineProjection, rows, type JsonObject } from '../../src/index.ts';
import type { Application } from '../../src/server/index.ts';
import { eventually } from '../support/example-databases.ts';
import { GrpcClinic } from '../support/grpc-clinic.ts';
import { keptLog } from '../support/kept-log.ts';

/** A read model that fails on one patient. */
const poison = defineProjection({
  id: 'poison',
  schema: new URL('../support/poison.sql', import.meta.url),
  rows: [
    rows<{ readonly stream: string; readonly name: string }>({
      table: 'poisoned',
      key: 'stream',
      columns: { stream: 'text', name: 'text' },
      on: {
        PatientCheckedIn: (_row, event) => {
          if (patientOf(event.data) === 'Poison Example') throw new Error('no way for Poison Example');
          return { stream: event.stream, name: 'x' };
        },
      },
    }),
  ],
  exposes: ['poisoned'],
});

function patientOf({ patientName }: JsonObject): unknown {
  return patientName;
}

const { system } = application;
const app: Application = { ...application, system: { ...system, projections: [...system.projections, poison] } };

const kept = keptLog('asked');
let clinic: GrpcClinic;
beforeAll(async () => {
  clinic = await GrpcClinic.start('demo', { systemLog: kept.systemLog, logger: kept.logger, app });
}, 120_000);
afterAll(() => clinic.stop());

async function checkIn(patient: string, correlationId?: string, queueId = 'queue-1'): Promise<number> {
  const answer = await fetch(`${clinic.server.url}/api/waiting-room/check-in`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      ...(correlationId === undefined ? {} : { 'x-correlation-id': correlationId }),
    },
    body: JSON.stringify({
      ...{
        queueId,
        patientId: patient.replace(' ', '-'),
        patientName: patient,
        consultationType: 'General',
        priority: 'Medium',
      },
    }),
  });
  const { position } = (await answer.json()) as { readonly position?: number };
  return position ?? 0;
}

/** The log is written when the last projection has the event. */
async function wayOf(query: string, projections: number): Promise<readonly string[]> {
  await eventually(
    'every projection has told',
    () => kept.find(`${query} and Message contains "processed"`).length >= projections,
  );
  return kept.find(query).map(({ values }) => `${String(values['Component'])}: ${String(values['Message'])}`);
}

describe('the log', () => {
  test('S023, S081, S253, S378, S389: CorrelationId = "abc-123" finds the whole way of a request', async () => {
    const position = await checkIn('Ann Example', 'abc-123');
    const way = await wayOf('CorrelationId = "abc-123"', app.system.projections.length);
    expect(way.map((line) => line.replaceAll(/[\d.]+ ?ms/g, 'n ms'))).toEqual(
      expect.arrayContaining([
        'Api: POST /api/waiting-room/check-in answered with 201 in n ms',
        'Commands: Command check-in came to 1 events in n ms',
        `EventStore: Event PatientCheckedIn appended at ${position}`,
        'OutboxWorker: Event PatientCheckedIn published. OutboxDuration: n ms',
        'ProjectionWorker: Event PatientCheckedIn processed. OutboxDuration: n ms, ProjectionDuration: n ms',
      ]),
    );
    expect(way).toHaveLength(4 + app.system.projections.length);
  });

  test('S038, S250: "Event processed" says id, type and where the time went, and the parts are the whole', async () => {
    await checkIn('Ben Example', 'parts');
    await wayOf('CorrelationId = "parts"', app.system.projections.length);
    const [line] = kept.find(
      'CorrelationId = "parts" and Projection = "waiting-room" and EventType = "PatientCheckedIn"',
    );
    const { OutboxDurationMs, TransitDurationMs, ProjectionDurationMs, ProcessingDurationMs } = line?.values ?? {};
    expect(line?.values).toMatchObject({
      EventId: expect.stringMatching(/^[0-9a-f-]{36}$/) as unknown,
      AggregateId: expect.stringMatching(/^visit-/) as unknown,
      TraceId: '0af7651916cd43dd8448eb211c80319c',
      SpanId: 'b7ad6b7169203331',
    });
    const sum = Number(OutboxDurationMs) + Number(TransitDurationMs) + Number(ProjectionDurationMs);
    expect(Math.abs(sum - Number(ProcessingDurationMs))).toBeLessThan(0.01);
  });

  test('a request that nobody asked about leaves no line, unless it is slow', async () => {
    const before = kept.lines.length;
    const position = await checkIn('Cem Example');
    await clinic.system.readModels.query('select 1 as one', [], { minPosition: position });
    await checkIn('Dan Example', 'after');
    await wayOf('CorrelationId = "after"', app.system.projections.length);
    const since = kept.lines.slice(before);
    expect(since.filter((line) => !line.includes('"after"'))).toEqual([]);
  });

  test('a command that is refused says with which code', async () => {
    await checkIn('Eve Example', 'twice');
    await checkIn('Eve Example', 'twice-again');
    await eventually(
      'the answer is logged',
      () => kept.find('CorrelationId = "twice-again" and Component = "Api"').length > 0,
    );
    const [refused] = kept.find('CorrelationId = "twice-again" and Component = "Commands"');
    expect(refused?.values).toMatchObject({
      CommandName: 'check-in',
      Code: expect.stringMatching(/^[A-Z_]+$/) as unknown,
    });
  });

  test('S080, S459, S520, S521: EventType = "ProjectionError" finds the event that a projection could not take', async () => {
    const position = await checkIn('Poison Example', 'poison');
    await eventually('it is parked', () => kept.find('EventType = "ProjectionError"').length > 0);
    const found = kept.find('ServiceType = "ProjectionWorker" AND Level = "Error"');
    expect(found).toEqual(kept.find('EventType = "ProjectionError"'));
    expect(found).toHaveLength(1);
    expect(found[0]?.values).toMatchObject({
      Projection: 'poison',
      EventName: 'PatientCheckedIn',
      Position: position,
      CorrelationId: 'poison',
      ErrorType: 'Error',
    });
    expect(found[0]?.text).toContain('logs.test.ts');
    expect(found[0]?.text).not.toContain('Poison Example');
    expect(kept.find('CorrelationId = "poison" and Message contains "processed" and Projection = "poison"')).toEqual(
      [],
    );
  });
});

describe('with another setting the log', () => {
  test('S039, S079, S251, S458: has what is slow whoever asked: ProcessingDurationMs > 500', () => {
    const slow = keptLog('asked', 500);
    const arrival = (position: number, ageMs: number, waited: number) => ({
      event: {
        ...{ id: `id-${position}`, stream: 's', type: 'PatientCheckedIn', position, occurredAt: 10_000 - ageMs },
        metadata: { correlationId: '019aa000-0000-7000-8000-000000000000' },
      },
      handedAt: 10_000 - ageMs + waited,
      receivedAt: 9_999,
    });
    slow.systemLog.way.applied({
      ...{ projection: 'waiting-room', primary: true, withheld: new Set<number>(), committedAt: 10_000 },
      arrivals: [arrival(1, 499, 1), arrival(2, 501, 1), arrival(3, 1_500, 1_200)],
    });
    const found = (query: string) => slow.find(query).map(({ values }) => values['Position']);
    expect(found('ProcessingDurationMs > 500')).toEqual([2, 3]);
    expect(found('OutboxDurationMs > 1000 AND EventType = "PatientCheckedIn"')).toEqual([3]);
    expect(slow.lines).toHaveLength(2);
  });

  test('all has every way, none has no way, and failures are told in any', () => {
    const event = {
      ...{ id: 'id', stream: 's', version: 1, type: 'T', position: 1, occurredAt: 1, schemaVersion: 1, tags: [] },
      payload: '{}',
      metadata: '{"correlationId":"019aa000-0000-7000-8000-000000000000","actor":"a"}',
    };
    for (const [mode, lines] of [
      ['none', 0],
      ['asked', 0],
      ['all', 2],
    ] as const) {
      const one = keptLog(mode);
      one.systemLog.way.appended([event]);
      one.systemLog.way.published([event], 2, 3, new Set());
      expect(one.lines).toHaveLength(lines);
      one.systemLog.way.projectionFailed('p', { ...event, metadata: { correlationId: 'c' } }, new Error('x'));
      expect(one.lines).toHaveLength(lines + 1);
    }
  });
});

test('S252, S460, S510: ServiceType = "OutboxWorker" AND Level = "Error" finds why the relay does not get on', async () => {
  const client = new pg.Client({ connectionString: clinic.urls.eventStoreUrl });
  await client.connect();
  try {
    await client.query('alter table relay_cursors rename to relay_cursors_away');
    await checkIn('Fay Example');
    await eventually(
      'the relay has failed',
      () => kept.find('Component = "OutboxWorker" AND Level = "Error"').length > 0,
    );
    const [line] = kept.find('ServiceType = "OutboxWorker" AND Level = "Error"');
    expect(line?.values).toMatchObject({ Component: 'OutboxWorker', Part: 'relay', Code: '42P01' });
  } finally {
    await client.query('alter table relay_cursors_away rename to relay_cursors');
    await client.end();
  }
});
