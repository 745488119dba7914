import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { application } from '../../apps/waiting-room/app.ts';
import { clinicAccess } from '../../apps/waiting-room/access.ts';
import { defineProjection, rows, Type, type JsonObject } from '../../src/index.ts';
import type { Application } from '../../src/server/index.ts';
import { startTracing } from '../../src/telemetry/start-tracing.ts';
import type { RunningTracing } from '../../src/tracing.ts';
import { passOn } from '../../src/cli/logs/server-logger.ts';
import { canariesIn, columnsWithCanaries } from '../support/canaries.ts';
import { CanaryDay } from '../support/canary-day.ts';
import { eventually } from '../support/example-databases.ts';
import { GrpcClinic } from '../support/grpc-clinic.ts';
import { OtlpReceiver } from '../support/otlp-receiver.ts';
import { keptLog } from '../support/kept-log.ts';

/**
 * Names, ids, notes and reasons that stand nowhere else go through a whole day of the real system, and are then looked for
 * everywhere. They may be found where they are declared to be, and in no other place.
 */

/** A read model that fails on patients: one handler throws what it was given, one writes what the database refuses. */
const poison = defineProjection({
  id: 'poison',
  schema: new URL('../support/poison.sql', import.meta.url),
  rows: [
    rows<{ readonly stream: string; readonly name: string }>({
      table: 'poisoned',
      key: 'stream',
      columns: { stream: 'text', name: 'text' },
      on: {
        PatientCheckedIn: (_row, event) => ({ stream: event.stream, name: nameOf(event.data) }),
        PatientCancelled: (_row, event) => {
          throw new Error(`no way for ${JSON.stringify(event.data)}`, { cause: new Error(JSON.stringify(event.data)) });
        },
      },
    }),
  ],
  exposes: ['poisoned'],
});

function nameOf({ patientName, queueId }: JsonObject): string {
  // The first one alone is too long for the table: what else the patient does waits behind it.
  return queueId === 'limited-queue' ? 'x' : JSON.stringify(patientName);
}

const { system } = application;
const mayBreak = { 'POST /api/test/defect': ['operator'], 'POST /api/test/query': ['operator'] };
/** The waiting room with a read model that fails on patients, and routes with defects that quote them. */
const poisoned: Application = {
  ...application,
  system: { ...system, projections: [...system.projections, poison] },
  access: { ...clinicAccess, permissions: { ...clinicAccess.permissions, ...mayBreak } },
  routes: async (server, running) => {
    await application.routes?.(server, running);
    const schema = { body: Type.Object({ as: Type.String() }) };
    server.post('/api/test/defect', { schema }, ({ body }) => {
      throw new TypeError(`no way for ${body.as}`, { cause: new Error(body.as) });
    });
    server.post('/api/test/query', { schema }, ({ body }) => running.readModels.query('select $1::int', [body.as]));
  },
};

/** Columns that may hold something personal, what, and why. Everything that is found elsewhere is a leak. */
const declared: { readonly [column: string]: { readonly holds: readonly string[]; readonly why: string } } = {
  'waiting_room_events.payload': {
    holds: [
      ...['name', 'otherName', 'patientId', 'otherId', 'notes', 'speciality', 'cancelReason', 'priorityReason'],
      ...['waiveReason', 'staffName'],
    ],
    why: 'the record itself; the definitions of the events declare which fields are personal, and whose',
  },
  'command_keys.answer': { holds: ['otherId'], why: 'a repeated check-in is answered as the first: with the id given' },
  'visits.patient_name': { holds: ['name', 'otherName'], why: 'staff call patients by name' },
  'visits.patient_id': { holds: ['patientId', 'otherId'], why: 'staff compare ids' },
  'visits.notes': { holds: ['notes'], why: 'for who treats the patient' },
  'visits.consultation_type': { holds: ['speciality'], why: 'rooms differ in what they do' },
  'visit_times.consultation_type': { holds: ['speciality'], why: 'figures by kind of consultation, of nobody' },
  'places.staff_name': { holds: ['staffName'], why: 'who works in a room' },
  'accounts.display_name': { holds: ['staffName'], why: 'the name of an account' },
  'changes.details': { holds: ['staffName'], why: 'what was changed about an account' },
};

/** As it would stand in the log files and go to Seq, with every step of every way. */
const kept = keptLog('all');
const logged = kept.lines;
/** What the server's parts hand to a logger of pino's, before the table decides. */
const raw: string[] = [];
let clinic: GrpcClinic;
let day: CanaryDay;
let receiver: OtlpReceiver;
let tracing: RunningTracing;

beforeAll(async () => {
  receiver = await OtlpReceiver.start();
  tracing = await startTracing({ endpoint: receiver.url, service: 'clinic', sampler: 'always_on', ratio: 1 });
  const { systemLog, log } = kept;
  // An application that serves by itself may have pino write as it likes.
  const write = (line: string) => {
    raw.push(line);
    passOn(log, line);
  };
  const logger = pino({ level: 'trace' }, { write });
  clinic = await GrpcClinic.start('required', { systemLog, logger, app: poisoned, tracing });
  day = new CanaryDay(clinic);
  await day.live();
  await eventually('what is poison is parked', async () => (await clinic.system.deadLetters.count()) > 3);
  await eventually('the ledger is written', async () => {
    const { pendingCount, count } = await clinic.system.lag.statistics();
    return count > 0 && pendingCount === 0;
  });
}, 120_000);
afterAll(async () => {
  await clinic.stop();
  await tracing.stop();
  await receiver[Symbol.asyncDispose]();
});

/** The texts with canaries in them, cut short, with what they hold. */
function leaks(texts: readonly string[], holds: readonly string[] = []): string[] {
  return texts.flatMap((text) => {
    const found = canariesIn(text).filter((canary) => !holds.includes(canary));
    return found.length === 0 ? [] : [`${found.join(', ')}: ${text.slice(0, 400)}`];
  });
}

test('the day was one: staff have seen everything that was planted, and much was refused', () => {
  const seen = canariesIn(day.overheard.toStaff.join('\n'));
  expect(seen).toEqual(expect.arrayContaining(['name', 'otherName', 'patientId', 'notes', 'speciality', 'staffName']));
  expect(day.overheard.refusals.length).toBeGreaterThan(25);
  expect(day.overheard.publicly.length).toBeGreaterThan(20);
});

describe('nobody reads anything personal', () => {
  test('S390: in what is answered without a sign-in, nor in figures for operators', () => {
    expect(leaks(day.overheard.publicly)).toEqual([]);
  });

  test('in refusals, by HTTP or gRPC', () => {
    expect(leaks(day.overheard.refusals)).toEqual([]);
  });

  test('in the log, whatever its level', () => {
    expect(logged.filter((line) => line.includes('INTERNAL_ERROR')).length).toBeGreaterThanOrEqual(2);
    for (const text of [
      'answered with',
      'came to',
      'was refused',
      'appended',
      'published',
      'processed',
      'could not take',
    ]) {
      expect(kept.find(`Message contains "${text}"`).length, text).toBeGreaterThan(0);
    }
    expect(raw.filter((line) => line.includes('INTERNAL_ERROR')).length).toBeGreaterThanOrEqual(2);
    expect(leaks([...logged, ...raw])).toEqual([]);
  });

  test('in spans of traces', async () => {
    // What was parked shows in them.
    await receiver.until('the spans', (spans) => spans.filter(({ name }) => name === 'apply poison').length > 3);
    expect(receiver.spans.length).toBeGreaterThan(200);
    expect(receiver.bodies.filter((body) => canariesIn(body.toString()).length > 0)).toEqual([]);
  });

  test('in why an event is parked', async () => {
    const letters = await clinic.system.deadLetters.list({ limit: 1_000 });
    expect(letters.map(({ error }) => error).filter((error) => error !== null).length).toBeGreaterThan(1);
    expect(leaks(letters.map((letter) => JSON.stringify(letter)))).toEqual([]);
  });

  test('in stream names, tags and metadata of events', async () => {
    const events = await clinic.system.log.read({ limit: 10_000 });
    expect(events.length).toBeGreaterThan(25);
    expect(leaks(events.map(({ stream, tags, metadata }) => JSON.stringify([stream, tags, metadata])))).toEqual([]);
  });
});

describe.each([
  ['event store', () => clinic.urls.eventStoreUrl],
  ['read-model database', () => clinic.urls.readModelsUrl],
])('in the %s', (_name, url) => {
  test('something personal stands in the columns that are declared to hold it, and in no other', async () => {
    const found = await columnsWithCanaries(url());
    const undeclared = [...found].flatMap(([column, holds]) => {
      const more = [...holds].filter((canary) => declared[column]?.holds.includes(canary) !== true);
      return more.length === 0 ? [] : [`${column}: ${more.join(', ')}`];
    });
    expect(undeclared).toEqual([]);
  });
});

test('no column is declared that holds nothing of what it is declared for', async () => {
  const both = [clinic.urls.eventStoreUrl, clinic.urls.readModelsUrl].map((url) => columnsWithCanaries(url));
  const found = new Map((await Promise.all(both)).flatMap((columns) => [...columns]));
  const empty = Object.entries(declared).flatMap(([column, { holds }]) =>
    holds.filter((canary) => found.get(column)?.has(canary) !== true).map((canary) => `${column}: ${canary}`),
  );
  expect(empty).toEqual([]);
});
