import { Type } from 'typebox';
import type { EventQuery } from '../../store/store.ts';
import { idParameter, limitParameter, nullable } from '../parameters.ts';
import type { RouteModule } from '../route-module.ts';
import { eventSchema, shownEvent } from './event-shape.ts';

const pendingSchema = Type.Object({
  count: Type.Integer({ description: 'All events that are not published yet.' }),
  oldestAgeMs: Type.Number(),
  parked: Type.Integer({ description: 'Those that the broker refused, or that wait behind such a one of their key.' }),
  backlogAgeMs: Type.Number({ description: 'Age of the first event that the relay has not come to; 0 when none.' }),
  events: Type.Array(
    Type.Object({
      eventId: Type.String(),
      position: Type.Integer(),
      eventName: Type.String(),
      aggregateId: Type.String(),
      status: Type.String({
        description:
          '`PENDING`: waits. `FAILED`: refused, tried again at `nextAttemptAt`. `MANUAL`: waits for a decision.',
      }),
      retryCount: Type.Integer(),
      lastFailedAt: nullable(Type.String()),
      nextAttemptAt: nullable(Type.String()),
      createdAt: Type.String(),
      ageMs: Type.Number(),
    }),
  ),
});

/** What the log holds about something, and what of it was not published yet. */
export function eventRoutes(eventsOf: (id: string) => readonly EventQuery[]): RouteModule {
  return (server, system) => {
    server.get(
      '/api/events/:id',
      {
        schema: {
          tags: ['events'],
          summary: 'The events about something',
          description: 'In the order of the log. An id that nothing is known about has no events.',
          params: Type.Object({ id: idParameter }),
          querystring: Type.Object({
            after: Type.Integer({
              minimum: 0,
              maximum: Number.MAX_SAFE_INTEGER,
              default: 0,
              description: 'Only events behind this position.',
            }),
            limit: limitParameter(1_000, 100),
          }),
          response: {
            200: Type.Object({
              id: Type.String(),
              count: Type.Integer({ description: 'How many events this answer holds.' }),
              events: Type.Array(eventSchema),
              next: nullable(Type.Integer({ description: 'Ask again with this `after`; null at the end.' })),
            }),
          },
        },
      },
      async (request) => {
        const { id } = request.params;
        const { after, limit } = request.query;
        const found = await system.log.query(eventsOf(id), { after, limit: limit + 1 });
        const events = found.slice(0, limit).map((event) => shownEvent(system.registry.decode(event)));
        const next = found.length > limit ? (events.at(-1)?.position ?? null) : null;
        return { id, count: events.length, events, next };
      },
    );

    server.get(
      '/api/outbox/pending',
      {
        schema: {
          tags: ['events'],
          summary: 'Events that wait for the relay',
          querystring: Type.Object({ limit: limitParameter(1_000, 100) }),
          response: { 200: pendingSchema },
        },
      },
      async (request) => {
        const { events, ...pending } = await system.outbox.pending(request.query.limit);
        return { ...pending, events: [...events] };
      },
    );
  };
}
