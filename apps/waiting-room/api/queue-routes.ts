import { MillraceError, Type, type RunningSystem } from '#millrace';
import { minPositionOf, minPositionParameter, readDate, sendCommand, type MillraceServer } from '#millrace/server';
import { queueStateDecider, type QueueState } from '../domain/queue-state.ts';
import { queueDecider } from '../domain/queue.ts';
import { refuse } from '../domain/refusals.ts';
import { isWaiting, visitStatuses } from '../domain/status.ts';
import { otherPatients, queues, waitingPatients } from './lists.ts';
import { patientSchema, queueAnswer, queueBody, queueParams, queueSchema, queueStateBody } from './schemas.ts';

const limit = Type.Integer({ minimum: 1, maximum: 500, default: 100, description: 'Patients of each queue.' });
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
        summary: 'Name a queue, limit it, or give it stages',
        description: 'What is not given stays. Whoever waits already stays, too, on the way that the queue had then.',
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

  // POST is what screens send; PUT came first and says the same.
  for (const method of ['PUT', 'POST'] as const) {
    server.route({
      method,
      url: '/api/waiting-room/queues/:queueId/state',
      schema: {
        tags,
        summary: 'Open, pause or close a queue',
        description:
          'OPEN takes in and calls, PAUSED does neither, CLOSED only calls those who wait. A pause with `until` ends by ' +
          'itself.',
        params: queueParams,
        body: queueStateBody,
        response: { 200: queueAnswer },
      },
      handler: (request, reply) => {
        const { queueId } = request.params;
        const { state, reason, until } = request.body;
        const command = { queueId, to: state, reason, until: untilOf(state, until) };
        return sendCommand(request, reply, {
          decider: queueStateDecider,
          command,
          answer: (events) => ({ queueId, changed: events.length > 0 }),
        });
      },
    });
  }

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
            visitStatuses.map((status) => Type.Literal(status)),
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
      if (!isWaiting(status)) return otherPatients(readModels, queueId, status, request.query.limit, when);
      return (await waitingPatients(readModels, queueId, status, request.query.limit, when)).get(queueId) ?? [];
    },
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

/** A moment to come, and only of a pause. */
function untilOf(state: QueueState, until: string | undefined): number | undefined {
  if (until === undefined) return undefined;
  const at = readDate('until', until, 'first').getTime();
  if (state !== 'PAUSED') throw wrongField('until', 'goes with PAUSED only');
  if (at <= Date.now()) throw wrongField('until', 'must lie in the future');
  return at;
}

function wrongField(field: string, problem: string): MillraceError {
  return new MillraceError('REQUEST_INVALID', `The body is wrong in: ${field}.`, { fields: [{ field, problem }] });
}

async function monitors(
  readModels: RunningSystem['readModels'],
  queueId: string | null,
  query: { readonly limit: number; readonly minPosition?: number },
) {
  const when = minPositionOf(query);
  const [found, patients] = await Promise.all([
    queues(readModels, queueId, when),
    waitingPatients(readModels, queueId, 'WAITING', query.limit, when),
  ]);
  const generatedAt = new Date().toISOString();
  return found.map((queue) => ({ ...queue, generatedAt, patients: patients.get(queue.queueId) ?? [] }));
}
