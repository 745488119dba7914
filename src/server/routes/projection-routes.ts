import { Type } from 'typebox';
import type { ProjectionStatus } from '../../running-system.ts';
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

/** How far the read models are. */
export const projectionRoutes: RouteModule = (server, system) => {
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
};

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
