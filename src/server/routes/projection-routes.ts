import { Type } from 'typebox';
import { MillraceError } from '../../errors.ts';
import type { ProjectionStatus, RebuildProgress, RunningSystem } from '../../running-system.ts';
import { idParameter, nullable } from '../parameters.ts';
import type { RouteModule } from '../route-module.ts';

const statusSchema = Type.Object({
  projectionId: Type.String(),
  isHealthy: Type.Boolean(),
  state: Type.Enum(['live', 'rebuilding']),
  generation: Type.Integer({ description: 'Counts up with every rebuild.' }),
  position: Type.Integer({ description: 'The last event of the log that is in the read model.' }),
  eventId: nullable(Type.String()),
  headPosition: Type.Integer({ description: 'The last event of the log.' }),
  behind: Type.Integer({ description: 'Events between the two.' }),
  lagMs: Type.Number({ description: 'Age of the oldest event that is not applied; 0 when there is none.' }),
  parked: Type.Integer({ description: 'Events that wait in dead letters.' }),
  lastUpdatedAt: Type.String(),
  errorMessage: nullable(Type.String()),
});

const progressSchema = Type.Object({
  projection: Type.String(),
  state: Type.Enum(['running', 'done', 'failed']),
  position: Type.Integer(),
  target: Type.Integer(),
  eventsPerSecond: Type.Number(),
  secondsLeft: nullable(Type.Number()),
  startedAt: Type.String(),
  error: nullable(Type.String()),
});

const rebuildsSchema = Type.Object({ rebuilds: Type.Array(progressSchema) });

/** A rebuild that cannot start says so within this time; later failures stand in its progress. */
const refusalMs = 250;

/** How far the read models are, and building them anew. `onReplaced` hears of every rebuild that was swapped in. */
export function projectionRoutes(onReplaced: () => void): RouteModule {
  return (server, system) => {
    server.get(
      '/api/projections/health',
      {
        schema: {
          tags: ['projections'],
          summary: 'How far the read models are',
          response: {
            200: Type.Object({ isHealthy: Type.Boolean(), projections: Type.Array(statusSchema) }),
          },
        },
      },
      async () => {
        const projections = (await system.projections.list()).map(shown);
        return { isHealthy: projections.every(({ isHealthy }) => isHealthy), projections };
      },
    );

    server.get(
      '/api/projections/:id/checkpoint',
      {
        schema: {
          tags: ['projections'],
          summary: 'The checkpoint of one read model',
          params: Type.Object({ id: idParameter }),
          response: { 200: statusSchema },
        },
      },
      async (request) => shown(await system.projections.get(request.params.id)),
    );

    server.get(
      '/api/projections/rebuild',
      {
        schema: {
          tags: ['projections'],
          summary: 'How far the rebuilds of this process are',
          response: { 200: rebuildsSchema },
        },
      },
      () => ({ rebuilds: progressOf(system, idsOf(system)) }),
    );

    server.post(
      '/api/projections/rebuild',
      {
        schema: {
          tags: ['projections'],
          summary: 'Build read models anew',
          description:
            'Beside the live one, which is read until the new one is swapped in. Without a body: all of them, one ' +
            'after the other. Answers 202 at once, or 200 at the end with `wait=true`.',
          querystring: Type.Object({ wait: Type.Boolean({ default: false }) }),
          body: Type.Union([Type.Object({ projection: Type.Optional(idParameter) }), Type.Null()]),
          response: { 200: rebuildsSchema, 202: rebuildsSchema },
        },
      },
      async (request, reply) => {
        const named = request.body?.projection;
        const ids = named === undefined ? idsOf(system) : [named];
        if (!ids.every((id) => idsOf(system).includes(id))) {
          throw new MillraceError('PROJECTION_UNKNOWN', 'There is no projection of that name.');
        }
        const work = rebuild(system, ids, onReplaced);
        if (request.query.wait) {
          await work;
          return reply.code(200).send({ rebuilds: progressOf(system, ids) });
        }
        work.catch((error: unknown) => request.log.error({ err: error }, 'rebuild failed'));
        await refusedWithin(work, refusalMs);
        return reply.code(202).send({ rebuilds: progressOf(system, ids) });
      },
    );
  };
}

function idsOf(system: RunningSystem): string[] {
  return system.definition.projections.map(({ id }) => id);
}

async function rebuild(system: RunningSystem, ids: readonly string[], onReplaced: () => void): Promise<void> {
  for (const id of ids) {
    await system.projections.rebuild(id);
    onReplaced();
  }
}

/** Rejects when the work is refused in that time; resolves when it goes on or is done. */
async function refusedWithin(work: Promise<void>, milliseconds: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const underWay = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  try {
    await Promise.race([work, underWay]);
  } finally {
    clearTimeout(timer);
  }
}

function progressOf(system: RunningSystem, ids: readonly string[]): RebuildProgress[] {
  return ids.flatMap((id) => system.projections.rebuildProgress(id) ?? []);
}

function shown(status: ProjectionStatus) {
  return {
    projectionId: status.id,
    isHealthy: status.healthy,
    state: status.state,
    generation: status.generation,
    position: status.position,
    eventId: status.eventId,
    headPosition: status.headPosition,
    behind: status.behind,
    lagMs: status.lagMs,
    parked: status.parked,
    lastUpdatedAt: status.updatedAt,
    errorMessage: status.error,
  };
}
