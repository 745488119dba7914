import { Type, type RunningSystem, type StoredEvent } from '#millrace';
import { minPositionOf, minPositionParameter, type MillraceServer } from '#millrace/server';
import { visitEventOf } from '../domain/events.ts';
import { refuse } from '../domain/refusals.ts';
import { statusAfter } from '../domain/status.ts';
import { patientsSql, shownPatient, type PatientRow } from './lists.ts';
import { looksAlike, sameId } from './looks-alike.ts';
import { patientSchema, queueIdSchema, visitIdSchema } from './schemas.ts';
import type { VisitLinks } from './visit-link.ts';

const tags = ['waiting room'];
const openSql = patientsSql('open-patients.sql');
const visitSql = patientsSql('one-visit.sql');
const mostFound = 50;
const visitParams = Type.Object({ visitId: visitIdSchema });

/** What an event says besides the visit, as far as staff need it to follow the visit. */
const shownDetails = [
  ...['roomId', 'deskId', 'priority', 'reason', 'ticket', 'siteId', 'fromQueueId', 'toQueueId', 'attempt', 'attempts'],
  ...['absence', 'absences', 'answerBy', 'patientId'],
];

const timelineEntry = Type.Object({
  at: Type.String(),
  type: Type.String(),
  by: Type.String({ description: 'Who did it; `timers …` for what happened because time had passed.' }),
  details: Type.Record(Type.String(), Type.Union([Type.String(), Type.Number()]), {
    description: 'What the event says besides; `status` where it gave the visit another one.',
  }),
});

/** Looking a patient or a visit up. */
export function recordRoutes(
  server: MillraceServer,
  { readModels, log, registry }: Pick<RunningSystem, 'readModels' | 'log' | 'registry'>,
  links: VisitLinks,
): void {
  server.post(
    '/api/waiting-room/find-patients',
    {
      schema: {
        tags,
        summary: 'Patients who are here and look like this one',
        description:
          'By id, or by a name that is nearly the same. A POST, so that no name stands in an address. Changes nothing.',
        body: Type.Object({
          queueId: Type.Optional(queueIdSchema),
          patientId: Type.Optional(Type.String({ minLength: 1, maxLength: 20 })),
          patientName: Type.Optional(Type.String({ minLength: 1, maxLength: 120 })),
        }),
        response: { 200: Type.Object({ patients: Type.Array(patientSchema) }) },
      },
    },
    async (request) => {
      const { queueId, patientId, patientName } = request.body;
      if (patientId === undefined && patientName === undefined) return { patients: [] };
      const rows = await readModels.query<PatientRow>(openSql, [queueId ?? null]);
      const found = rows.filter(
        (row) =>
          (patientId !== undefined && sameId(row.patientId, patientId)) ||
          (patientName !== undefined && looksAlike(row.patientName, patientName)),
      );
      return { patients: found.slice(0, mostFound).map((row) => shownPatient(row, null)) };
    },
  );

  server.get(
    '/api/waiting-room/visits/:visitId',
    {
      schema: {
        tags,
        summary: 'A visit, and everything that happened to it',
        params: visitParams,
        querystring: Type.Object(minPositionParameter),
        response: { 200: Type.Object({ visit: patientSchema, timeline: Type.Array(timelineEntry) }) },
      },
    },
    async (request) => {
      const { visitId } = request.params;
      const [rows, recorded] = await Promise.all([
        readModels.query<PatientRow>(visitSql, [visitId], minPositionOf(request.query)),
        log.query([{ stream: visitId }]),
      ]);
      const [row] = rows;
      if (row === undefined) throw refuse('VISIT_NOT_FOUND', { field: 'visitId', problem: 'is unknown' });
      return { visit: shownPatient(row, null), timeline: recorded.map((event) => entryOf(registry.decode(event))) };
    },
  );

  server.get(
    '/api/waiting-room/visits/:visitId/link',
    {
      schema: {
        tags,
        summary: "The link to the patient's own page",
        params: visitParams,
        response: { 200: Type.Object({ link: Type.String() }) },
      },
    },
    async (request) => {
      const { visitId } = request.params;
      const [first] = await log.query([{ stream: visitId }], { limit: 1 });
      if (first === undefined) throw refuse('VISIT_NOT_FOUND', { field: 'visitId', problem: 'is unknown' });
      return { link: links.linkOf(visitId) };
    },
  );
}

function entryOf(event: StoredEvent) {
  const { type, data, metadata, occurredAt } = event;
  const details: Record<string, string | number> = {};
  const known = visitEventOf(event);
  const status = known === undefined ? undefined : statusAfter(known);
  // By it a reader knows how long the visit stood where.
  if (status !== undefined) details['status'] = status;
  for (const name of shownDetails) {
    const value = data[name];
    if (typeof value === 'string' || typeof value === 'number') details[name] = value;
  }
  return { at: new Date(occurredAt).toISOString(), type, by: metadata.actor, details };
}
