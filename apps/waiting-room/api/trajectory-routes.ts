import { Type, type RunningSystem } from '#millrace';
import { forward, nullable, type MillraceServer } from '#millrace/server';
import { patientTag } from '../domain/names.ts';
import { refuse } from '../domain/refusals.ts';
import { patientKeyOf } from './patient-key.ts';
import { queueIdSchema, visitIdSchema } from './schemas.ts';
import { trajectoryOf, type Trajectory } from './trajectory.ts';

const tags = ['patient trajectories'];

const trajectory = Type.Object({
  trajectoryId: Type.String({ description: 'The id of the visit.' }),
  patientId: Type.String(),
  queueId: Type.String({ description: 'Where the visit is, or ended.' }),
  state: Type.Enum(['active', 'finished', 'cancelled']),
  openedAt: Type.String(),
  closedAt: nullable(Type.String()),
  stages: Type.Array(
    Type.Object({
      at: Type.String(),
      event: Type.String(),
      status: Type.String(),
      queueId: Type.String(),
      roomId: nullable(Type.String()),
      deskId: nullable(Type.String()),
    }),
  ),
});

/** Visits of one patient that are answered, the newest; and events by which they are found. */
const mostVisits = 50;
const mostEvents = 5_000;
const queuesAtOnce = 50;

/** The read model that a rebuild is asked for. */
const projection = 'waiting-room';

/**
 * Visits of a patient as the log has them: found by the patient's pseudonym, so that no table has to keep who came when.
 * There is nothing to rebuild in them; a rebuild is one of the read model that the lists show.
 */
export function trajectoryRoutes(server: MillraceServer, system: RunningSystem, patientKeySecret: string): void {
  const visit = async (stream: string): Promise<Trajectory | undefined> =>
    trajectoryOf(await system.log.query([{ stream }]), system.registry);

  server.get(
    '/api/patient-trajectories',
    {
      schema: {
        tags,
        summary: 'The visits of a patient, the newest first',
        description: 'Of one queue or of all. Walk-ins without an id of their own are found by their visit alone.',
        querystring: Type.Object({
          patientId: Type.String({ pattern: '^[A-Za-z0-9.-]{1,20}$' }),
          queueId: Type.Optional(queueIdSchema),
        }),
        response: { 200: Type.Object({ trajectories: Type.Array(trajectory) }) },
      },
    },
    async (request) => {
      const { patientId, queueId } = request.query;
      const queueIds = queueId === undefined ? await allQueues(system) : [queueId];
      const streams = new Map<string, number>();
      for (let from = 0; from < queueIds.length; from += queuesAtOnce) {
        const queries = queueIds
          .slice(from, from + queuesAtOnce)
          .map((id) => ({ tags: [patientTag(patientKeyOf(patientKeySecret, id, patientId))] }));
        for (const { stream, position } of await system.log.query(queries, { limit: mostEvents })) {
          streams.set(stream, position);
        }
      }
      const newest = [...streams].toSorted(([, one], [, other]) => other - one).slice(0, mostVisits);
      const found = await Promise.all(newest.map(([stream]) => visit(stream)));
      return { trajectories: found.flatMap((one) => (one === undefined ? [] : [shown(one)])) };
    },
  );

  server.get(
    '/api/patient-trajectories/:trajectoryId',
    {
      schema: {
        tags,
        summary: 'One visit, stage by stage',
        params: Type.Object({ trajectoryId: visitIdSchema }),
        response: { 200: trajectory },
      },
    },
    async (request) => {
      const found = await visit(request.params.trajectoryId);
      if (found === undefined) throw refuse('TRAJECTORY_NOT_FOUND', { field: 'trajectoryId', problem: 'is unknown' });
      return shown(found);
    },
  );

  for (const [path, summary] of [
    ['/api/patient-trajectories/rebuild', 'As POST /api/projections/rebuild of the waiting room'],
    ['/api/v1/waiting-room/:queueId/rebuild', 'As POST /api/projections/rebuild of the waiting room, all queues'],
  ] as const) {
    server.post(
      path,
      {
        schema: {
          tags,
          summary,
          description: 'With `dryRun` or `jobId`: how far the newest rebuild is, and nothing is begun.',
          body: Type.Union([
            Type.Object({
              dryRun: Type.Optional(Type.Boolean()),
              jobId: Type.Optional(Type.Integer({ minimum: 1, description: 'The `operation` of a rebuild.' })),
              reason: Type.Optional(Type.String({ maxLength: 1_000 })),
            }),
            Type.Null(),
          ]),
        },
      },
      (request, reply) => {
        const { dryRun = false, jobId, reason } = request.body ?? {};
        if (dryRun || jobId !== undefined) {
          return forward(request, reply, { method: 'GET', url: `/api/projections/${projection}/rebuild` });
        }
        const body = { projection, ...(reason === undefined ? {} : { reason }) };
        return forward(request, reply, { method: 'POST', url: '/api/projections/rebuild', body });
      },
    );
  }
}

async function allQueues({ readModels }: Pick<RunningSystem, 'readModels'>): Promise<readonly string[]> {
  const rows = await readModels.query<{ queue_id: string }>(
    'select queue_id from waiting_queue_view order by queue_id limit 1000',
  );
  return rows.map(({ queue_id }) => queue_id);
}

/** With lists that the serializer may keep. */
const shown = (one: Trajectory) => ({ ...one, stages: [...one.stages] });
