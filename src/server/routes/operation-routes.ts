import { Type } from 'typebox';
import type { Operation } from '../../running-system.ts';
import { idParameter, limitParameter, nullable } from '../parameters.ts';
import type { RouteModule } from '../route-module.ts';

const operationSchema = Type.Object({
  id: Type.Integer(),
  kind: Type.String(),
  projection: Type.String(),
  input: Type.Record(Type.String(), Type.Unknown()),
  actor: Type.String({ description: 'Who asked for it.' }),
  reason: nullable(Type.String()),
  requestedAt: Type.String(),
  state: Type.Enum(['requested', 'running', 'done', 'failed', 'abandoned']),
  errorCode: nullable(Type.String()),
  errorMessage: nullable(Type.String()),
  startedAt: nullable(Type.String()),
  finishedAt: nullable(Type.String()),
  runner: nullable(Type.String({ description: 'The process that does it: host, process id and instance.' })),
});

/** What operators asked for, and what became of it. */
export const operationRoutes: RouteModule = (server, system) => {
  server.get(
    '/api/operations',
    {
      schema: {
        tags: ['projections'],
        summary: 'What operators asked for, with who and why',
        description: 'Rebuilds and what was asked of them, retries and discards of dead letters. The newest first.',
        querystring: Type.Object({
          projection: Type.Optional(idParameter),
          open: Type.Optional(Type.Boolean({ description: 'Only those that are not over, or only those that are.' })),
          limit: limitParameter(1_000, 100),
        }),
        response: { 200: Type.Object({ operations: Type.Array(operationSchema) }) },
      },
    },
    async (request) => {
      const { projection, open, limit } = request.query;
      const operations = await system.operations.list({
        ...(projection === undefined ? {} : { projection }),
        ...(open === undefined ? {} : { open }),
        limit,
      });
      return { operations: operations.map(shown) };
    },
  );
};

function shown({ error, ...operation }: Operation) {
  const { id, kind, projection, input, actor, reason, requestedAt, state, startedAt, finishedAt, runner } = operation;
  return {
    ...{ id, kind, projection, input: { ...input }, actor, reason, requestedAt, state },
    errorCode: error?.code ?? null,
    errorMessage: error?.message ?? null,
    ...{ startedAt, finishedAt, runner },
  };
}
