import { Type, type RecordedEvent, type RunningSystem } from '#millrace';
import { nullable, type MillraceServer } from '#millrace/server';
import { refuse } from '../domain/refusals.ts';
import { metadataOf, timelineOf } from './timeline.ts';

const position = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });

const timelineEvent = Type.Object({
  position: Type.Integer(),
  eventId: Type.String(),
  type: Type.String(),
  aggregateId: Type.String({ description: 'The stream: of a visit, its id.' }),
  version: Type.Integer(),
  occurredAt: Type.String(),
  actor: Type.String(),
  causationId: nullable(Type.String()),
});

/** What one request caused, for an audit: who, what, when, and nothing of what the events say about anybody. */
export function timelineRoutes(server: MillraceServer, { log }: Pick<RunningSystem, 'log'>): void {
  server.get(
    '/api/v1/audit/timeline/:correlationId',
    {
      schema: {
        tags: ['audit'],
        summary: 'The events that one request caused',
        description:
          'Looks through 20,000 events: from the time that the id carries when this system made it, otherwise the ' +
          'newest, or those behind `after`. `next` goes on behind them.',
        params: Type.Object({ correlationId: Type.String({ pattern: '^[A-Za-z0-9._-]{1,128}$' }) }),
        querystring: Type.Object({ after: Type.Optional(position) }),
        response: {
          200: Type.Object({
            correlationId: Type.String(),
            count: Type.Integer(),
            searched: Type.Object({ after: Type.Integer(), upTo: Type.Integer(), head: Type.Integer() }),
            next: nullable(Type.Integer({ description: 'Ask again with this `after`; null at the end of the log.' })),
            events: Type.Array(timelineEvent),
          }),
        },
      },
    },
    async (request) => {
      const { correlationId } = request.params;
      const { events, after, upTo, head } = await timelineOf(log, correlationId, request.query.after);
      if (events.length === 0 && upTo >= head) {
        throw refuse('AUDIT_TIMELINE_NOT_FOUND', { field: 'correlationId', problem: 'is in none of these events' });
      }
      return {
        correlationId,
        count: events.length,
        searched: { after, upTo, head },
        next: upTo < head ? upTo : null,
        events: events.map(shown),
      };
    },
  );
}

function shown({ position: at, id, type, stream, version, occurredAt, metadata }: RecordedEvent) {
  const { actor, causationId } = metadataOf(metadata);
  return {
    ...{ position: at, eventId: id, type, aggregateId: stream, version, actor },
    occurredAt: new Date(occurredAt).toISOString(),
    causationId: causationId ?? null,
  };
}
