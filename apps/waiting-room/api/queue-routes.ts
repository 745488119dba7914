import { Type, type RunningSystem } from '#millrace';
import { minPositionOf, minPositionParameter, sendCommand, type MillraceServer } from '#millrace/server';
import { queueDecider } from '../domain/queue.ts';
import { refuse } from '../domain/refusals.ts';
import type { VisitStatus } from '../domain/visit.ts';
import { otherPatients, queues, waitingPatients } from './lists.ts';
import { patientSchema, queueAnswer, queueBody, queueParams, queueSchema, roomSchema } from './schemas.ts';

const limit = Type.Integer({ minimum: 1, maximum: 500, default: 100, description: 'Patients of each queue.' });
const statuses = [
  'WAITING',
  'CALLED',
  'IN_CONSULTATION',
  'COMPLETED',
  'NO_SHOW',
  'CANCELLED',
] as const satisfies VisitStatus[];
const tags = ['waiting room'];
const listQuery = Type.Object({ limit, ...minPositionParameter });

const monitorSchema = Type.Object({
  ...queueSchema.properties,
  generatedAt: Type.String(),
  patients: Type.Array(patientSchema, { description: 'Who waits, in the order of calling.' }),
});

/** The queues: their settings, their counts, who is in them. */
export function queueRoutes(server: MillraceServer, { readModels }: Pick<RunningSystem, 'readModels'>): void {
  server.put(
    '/api/waiting-room/queues/:queueId',
    {
      schema: {
        tags,
        summary: 'Name a queue or limit it',
        description: 'What is not given stays. Whoever waits already stays, too.',
        params: queueParams,
        body: queueBody,
        response: { 200: queueAnswer },
      },
    },
    (request, reply) => {
      const { queueId } = request.params;
      return sendCommand(request, reply, {
        decider: queueDecider,
        command: { queueId, ...request.body },
        answer: (events) => ({ queueId, changed: events.length > 0 }),
      });
    },
  );

  server.get(
    '/api/waiting-room/queues',
    {
      schema: {
        tags,
        summary: 'All queues',
        querystring: Type.Object(minPositionParameter),
        response: { 200: Type.Array(queueSchema) },
      },
    },
    (request) => queues(readModels, null, minPositionOf(request.query)),
  );

  server.get(
    '/api/waiting-room/queues/:queueId/patients',
    {
      schema: {
        tags,
        summary: 'The patients of a queue',
        description: 'Who waits, in the order of calling; or those of another status, the last who came first.',
        params: queueParams,
        querystring: Type.Object({
          status: Type.Union(
            statuses.map((status) => Type.Literal(status)),
            { default: 'WAITING' },
          ),
          limit,
          ...minPositionParameter,
        }),
        response: { 200: Type.Array(patientSchema) },
      },
    },
    async (request) => {
      const { queueId } = request.params;
      const { status } = request.query;
      const when = minPositionOf(request.query);
      if (status !== 'WAITING') return otherPatients(readModels, queueId, status, request.query.limit, when);
      return (await waitingPatients(readModels, queueId, request.query.limit, when)).get(queueId) ?? [];
    },
  );

  server.get(
    '/api/waiting-room/rooms',
    {
      schema: {
        tags,
        summary: 'The rooms that have called',
        querystring: Type.Object(minPositionParameter),
        response: { 200: Type.Array(roomSchema) },
      },
    },
    (request) =>
      readModels.query(
        `select room_id as "roomId", occupied, visit_id as "visitId", queue_id as "queueId", ticket, status
         from rooms_view order by room_key limit 1000`,
        [],
        minPositionOf(request.query),
      ),
  );

  server.get(
    '/api/waiting-room/monitor',
    {
      schema: {
        tags,
        summary: 'All queues at a glance',
        querystring: listQuery,
        response: {
          200: Type.Object({ generatedAt: Type.String(), waiting: Type.Integer(), queues: Type.Array(monitorSchema) }),
        },
      },
    },
    async (request) => {
      const found = await monitors(readModels, null, request.query);
      const waiting = found.reduce((sum, queue) => sum + queue.currentPatientCount, 0);
      return { generatedAt: new Date().toISOString(), waiting, queues: found };
    },
  );

  server.get(
    '/api/v1/waiting-room/:queueId/monitor',
    {
      schema: {
        tags,
        summary: 'One queue at a glance',
        params: queueParams,
        querystring: listQuery,
        response: { 200: monitorSchema },
      },
    },
    async (request) => {
      const [monitor] = await monitors(readModels, request.params.queueId, request.query);
      if (monitor === undefined) throw refuse('QUEUE_NOT_FOUND', { field: 'queueId', problem: 'is unknown' });
      return monitor;
    },
  );
}

async function monitors(
  readModels: RunningSystem['readModels'],
  queueId: string | null,
  query: { readonly limit: number; readonly minPosition?: number },
) {
  const when = minPositionOf(query);
  const [found, patients] = await Promise.all([
    queues(readModels, queueId, when),
    waitingPatients(readModels, queueId, query.limit, when),
  ]);
  const generatedAt = new Date().toISOString();
  return found.map((queue) => ({ ...queue, generatedAt, patients: patients.get(queue.queueId) ?? [] }));
}
