import { Type } from 'typebox';
import { nullable, idParameter, limitParameter } from '../parameters.ts';
import type { RouteModule } from '../route-module.ts';
import {
  afterParameter,
  given,
  letterId,
  openParameter,
  optionalReason,
  optionalReasonBody,
  reasonBody,
} from './dead-letter-routes.ts';
import { eventSchema, shownAsFarAsKnown } from './event-shape.ts';

const statuses = ['FAILED', 'PENDING', 'MANUAL', 'DISCARDED'] as const;

const refusedFields = {
  id: Type.Integer(),
  destination: Type.String({ description: 'The broker.' }),
  orderingKey: Type.String({ description: 'The stream.' }),
  position: Type.Integer(),
  eventId: Type.String(),
  eventName: Type.String(),
  status: Type.Enum([...statuses], {
    description:
      '`FAILED`: tried again at `nextAttemptAt`. `MANUAL`: waits for a decision. `PENDING`: waits behind another one.',
  }),
  error: nullable(Type.String()),
  attempts: Type.Integer(),
  lastFailedAt: nullable(Type.String()),
  nextAttemptAt: nullable(Type.String()),
};

const detailSchema = Type.Object({
  ...refusedFields,
  behind: Type.Integer({ description: 'Events of the same key that wait behind it.' }),
  first: nullable(Type.Integer({ description: 'The one that goes first in this key.' })),
  decisions: Type.Array(
    Type.Object({
      decidedAt: Type.String(),
      action: Type.Enum(['retry', 'discard']),
      actor: Type.String(),
      reason: nullable(Type.String()),
    }),
  ),
  event: nullable(eventSchema),
});

const keysSchema = Type.Object({ keys: Type.Integer({ description: 'Ordering keys that the relay tries at once.' }) });

/** Events that the broker refused. Read models are not behind for it: consumers take such an event from the log. */
export const refusedEventRoutes: RouteModule = (server, system) => {
  server.get(
    '/api/dead-letters/relay',
    {
      schema: {
        tags: ['dead letters'],
        summary: 'Events that the broker refused',
        description: 'And those behind them of their keys, in the order of ids.',
        querystring: Type.Object({
          destination: Type.Optional(idParameter),
          orderingKey: Type.Optional(idParameter),
          eventName: Type.Optional(idParameter),
          status: Type.Optional(Type.Enum([...statuses])),
          open: openParameter,
          after: afterParameter,
          limit: limitParameter(1_000, 100),
        }),
        response: {
          200: Type.Object({
            count: Type.Integer({
              description: 'All events that wait for the broker to take them or those before them.',
            }),
            refused: Type.Array(Type.Object(refusedFields)),
            next: nullable(Type.Integer({ description: 'Ask again with this `after`; null at the end.' })),
          }),
        },
      },
    },
    async (request) => {
      const { limit, open, status, ...rest } = request.query;
      const both = status === undefined ? { open: null } : {};
      const filter = { ...both, ...given({ ...rest, status, open }), limit: limit + 1 };
      const [found, count] = await Promise.all([system.refusedEvents.list(filter), system.refusedEvents.count()]);
      const refused = found.slice(0, limit);
      return { count, refused, next: found.length > limit ? (refused.at(-1)?.id ?? null) : null };
    },
  );

  server.get(
    '/api/dead-letters/relay/:id',
    {
      schema: {
        tags: ['dead letters'],
        summary: 'One event that the broker refused',
        description: 'With the event, what waits behind it, and what was decided.',
        params: letterId,
        response: { 200: detailSchema },
      },
    },
    async (request) => {
      const { decisions, ...refused } = await system.refusedEvents.get(request.params.id);
      const record = await system.log.event(refused.eventId);
      const event = record === undefined ? null : shownAsFarAsKnown(system, record);
      return { ...refused, decisions: [...decisions], event };
    },
  );

  server.post(
    '/api/dead-letters/relay/:id/retry',
    {
      schema: {
        tags: ['dead letters'],
        summary: 'Publish the events of this key now',
        description: 'Answers before the relay has done it: it looks once a second.',
        params: letterId,
        body: optionalReasonBody,
        response: { 200: keysSchema },
      },
    },
    (request) => system.refusedEvents.retry(request.params.id, request.context.actor, request.body?.reason?.trim()),
  );

  server.post(
    '/api/dead-letters/relay/retry-all',
    {
      schema: {
        tags: ['dead letters'],
        summary: 'Publish the events of many keys now',
        description: 'Of all keys that fit. Answers before the relay has done it.',
        body: Type.Union([
          Type.Object({
            destination: Type.Optional(idParameter),
            orderingKey: Type.Optional(idParameter),
            eventName: Type.Optional(idParameter),
            reason: optionalReason,
          }),
          Type.Null(),
        ]),
        response: { 200: keysSchema },
      },
    },
    (request) => {
      const { reason, ...group } = request.body ?? {};
      return system.refusedEvents.retryAll(given(group), request.context.actor, reason?.trim());
    },
  );

  server.post(
    '/api/dead-letters/relay/:id/discard',
    {
      schema: {
        tags: ['dead letters'],
        summary: 'Never publish one event',
        description: 'The events behind it go on. It stays in the log and in read models.',
        params: letterId,
        body: reasonBody,
        response: {
          200: Type.Object({ left: Type.Integer({ description: 'Events of the key that still wait.' }) }),
        },
      },
    },
    (request) => system.refusedEvents.discard(request.params.id, request.context.actor, request.body.reason.trim()),
  );
};
