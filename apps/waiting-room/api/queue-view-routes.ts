import { Type, type RunningSystem } from '#millrace';
import { minPositionOf, minPositionParameter, nullable, type MillraceServer } from '#millrace/server';
import { refuse } from '../domain/refusals.ts';
import { queues, waitingPatients } from './lists.ts';
import { displayCalls, openCalls, recentlyEnded } from './queue-views.ts';
import { patientSchema, queueParams } from './schemas.ts';

const tags = ['queue views'];
const moment = Type.String({ description: 'ISO 8601, UTC.' });
const query = Type.Object(minPositionParameter);

const queueState = Type.Object({
  queueId: Type.String(),
  queueName: Type.String(),
  generatedAt: moment,
  state: Type.String({ description: 'OPEN, PAUSED or CLOSED.' }),
  currentCount: Type.Integer({ description: 'Patients who wait, whatever for.' }),
  maxCapacity: nullable(Type.Integer()),
  availableSpots: nullable(Type.Integer({ description: 'null without a capacity.' })),
  occupancyPercent: nullable(Type.Number()),
  isAtCapacity: Type.Boolean(),
  patientsInQueue: Type.Array(patientSchema, {
    description: 'Who waits for the consultation, in the order of calling.',
  }),
});

const nextTurn = Type.Object({
  queueId: Type.String(),
  generatedAt: moment,
  next: Type.Union([patientSchema, Type.Null()], { description: 'Who is called next; null when nobody waits.' }),
  called: Type.Array(patientSchema, { description: 'Who was called and is at a desk or in a room, the last first.' }),
});

const history = Type.Object({
  queueId: Type.String(),
  generatedAt: moment,
  visits: Type.Array(patientSchema, { description: 'Visits that ended in the last 24 hours, the last first.' }),
});

/** What everybody in the room may see: tickets and where to go, and nothing about anybody. */
const publicDisplay = Type.Object({
  queueId: Type.String(),
  generatedAt: moment,
  currentTurn: nullable(Type.String({ description: 'The ticket that was called last; null when none is called.' })),
  upcomingTurns: Type.Array(Type.String(), { description: 'The next ten tickets.' }),
  activeCalls: Type.Array(
    Type.Object({
      turnNumber: Type.String(),
      destination: Type.String({ description: 'The room or desk.' }),
      status: Type.Enum(['Called', 'AtCashier', 'InConsultation']),
    }),
  ),
});

const mostPatients = 500;
const upcoming = 10;

/** One queue seen in several ways, each over the read model of the lists. */
export function queueViewRoutes(server: MillraceServer, { readModels }: Pick<RunningSystem, 'readModels'>): void {
  const known = async (queueId: string, when: { readonly minPosition?: number }) => {
    const [queue] = await queues(readModels, queueId, when);
    if (queue === undefined) throw refuse('QUEUE_NOT_FOUND', { field: 'queueId', problem: 'is unknown' });
    return queue;
  };
  const waiting = async (queueId: string, limit: number) =>
    (await waitingPatients(readModels, queueId, 'WAITING', limit)).get(queueId) ?? [];
  const now = () => new Date().toISOString();

  server.get(
    '/api/v1/waiting-room/:queueId/queue-state',
    {
      schema: {
        tags,
        summary: 'How full a queue is',
        params: queueParams,
        querystring: query,
        response: { 200: queueState },
      },
    },
    async (request) => {
      const { queueId } = request.params;
      const { queueName, state, currentPatientCount, maxCapacity, utilisationPercent } = await known(
        queueId,
        minPositionOf(request.query),
      );
      const left = maxCapacity === null ? null : Math.max(0, maxCapacity - currentPatientCount);
      return {
        ...{ queueId, queueName, generatedAt: now(), state, currentCount: currentPatientCount, maxCapacity },
        ...{ availableSpots: left, occupancyPercent: utilisationPercent, isAtCapacity: left === 0 },
        patientsInQueue: await waiting(queueId, mostPatients),
      };
    },
  );

  server.get(
    '/api/v1/waiting-room/:queueId/next-turn',
    {
      schema: {
        tags,
        summary: 'Who is next, and who is called',
        params: queueParams,
        querystring: query,
        response: { 200: nextTurn },
      },
    },
    async (request) => {
      const { queueId } = request.params;
      await known(queueId, minPositionOf(request.query));
      const [[next], called] = await Promise.all([waiting(queueId, 1), openCalls(readModels, queueId)]);
      return { queueId, generatedAt: now(), next: next ?? null, called };
    },
  );

  server.get(
    '/api/v1/waiting-room/:queueId/recent-history',
    {
      schema: {
        ...{ tags, summary: 'Who was seen last', params: queueParams, response: { 200: history } },
        querystring: Type.Object({
          limit: Type.Integer({ minimum: 1, maximum: 200, default: 20 }),
          ...minPositionParameter,
        }),
      },
    },
    async (request) => {
      const { queueId } = request.params;
      await known(queueId, minPositionOf(request.query));
      return { queueId, generatedAt: now(), visits: await recentlyEnded(readModels, queueId, request.query.limit) };
    },
  );

  server.get(
    '/api/v1/waiting-room/:queueId/public-display',
    {
      schema: {
        ...{ tags, summary: 'What a display shows of one queue', params: queueParams, querystring: query },
        description: 'Tickets and where to go. No name, no id, no kind of consultation.',
        response: { 200: publicDisplay },
      },
    },
    async (request) => {
      const { queueId } = request.params;
      await known(queueId, minPositionOf(request.query));
      const [next, activeCalls] = await Promise.all([waiting(queueId, upcoming), displayCalls(readModels, queueId)]);
      return {
        queueId,
        generatedAt: now(),
        currentTurn: activeCalls[0]?.turnNumber ?? null,
        upcomingTurns: next.map(({ ticket }) => ticket),
        activeCalls,
      };
    },
  );
}
