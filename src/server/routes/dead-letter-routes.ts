import { Type } from 'typebox';
import { nullable, idParameter, limitParameter } from '../parameters.ts';
import type { RouteModule } from '../route-module.ts';

const letterSchema = Type.Object({
  id: Type.Integer(),
  projection: Type.String(),
  orderingKey: Type.String(),
  position: Type.Integer(),
  eventId: Type.String(),
  eventName: Type.String(),
  status: Type.Enum(['failed', 'waiting', 'retried', 'discarded', 'rebuilt'], {
    description: '`failed`: this event failed. `waiting`: it came behind a failed one of its key.',
  }),
  error: nullable(Type.String()),
  attempts: Type.Integer(),
  firstFailedAt: Type.String(),
  lastFailedAt: Type.String(),
  reason: nullable(Type.String()),
  actor: nullable(Type.String()),
});

const outcomeSchema = Type.Object({
  applied: Type.Integer({ description: 'Parked events of the key that were applied.' }),
  left: Type.Integer({ description: 'Parked events of the key that still wait.' }),
});

const letterId = Type.Object({ id: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }) });

/** Events that a projection could not apply. `onReplaced` hears when some were applied late. */
export function deadLetterRoutes(onReplaced: () => void): RouteModule {
  return (server, system) => {
    server.get(
      '/api/dead-letters',
      {
        schema: {
          tags: ['dead letters'],
          summary: 'Events that could not be applied',
          querystring: Type.Object({
            projection: Type.Optional(idParameter),
            open: Type.Optional(Type.Boolean({ description: 'Only those that wait, or only those that do not.' })),
            limit: limitParameter(1_000, 100),
          }),
          response: {
            200: Type.Object({
              count: Type.Integer({ description: 'All events that wait in dead letters.' }),
              deadLetters: Type.Array(letterSchema),
            }),
          },
        },
      },
      async (request) => {
        const { projection, open, limit } = request.query;
        const filter = {
          ...(projection === undefined ? {} : { projection }),
          ...(open === undefined ? {} : { open }),
          limit,
        };
        const [deadLetters, count] = await Promise.all([system.deadLetters.list(filter), system.deadLetters.count()]);
        return { count, deadLetters };
      },
    );

    server.post(
      '/api/dead-letters/:id/retry',
      {
        schema: {
          tags: ['dead letters'],
          summary: 'Apply the parked events of this key again',
          description: 'In order; stops at the first that fails again.',
          params: letterId,
          body: Type.Union([Type.Object({}), Type.Null()]),
          response: { 200: outcomeSchema },
        },
      },
      async (request) => {
        const outcome = await system.deadLetters.retry(request.params.id, request.context.actor);
        if (outcome.applied > 0) onReplaced();
        return outcome;
      },
    );

    server.post(
      '/api/dead-letters/:id/discard',
      {
        schema: {
          tags: ['dead letters'],
          summary: 'Give one event up, for good',
          description: 'The events behind it go on. A rebuild repeats the decision.',
          params: letterId,
          body: Type.Object({ reason: Type.String({ minLength: 1, maxLength: 1_000, pattern: String.raw`\S` }) }),
          response: { 200: outcomeSchema },
        },
      },
      async (request) => {
        const { id } = request.params;
        const outcome = await system.deadLetters.discard(id, request.context.actor, request.body.reason.trim());
        if (outcome.applied > 0) onReplaced();
        return outcome;
      },
    );
  };
}
