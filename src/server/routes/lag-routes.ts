import { Type } from 'typebox';
import { MillraceError } from '../../errors.ts';
import { readDate } from '../dates.ts';
import { idParameter, limitParameter, nullable } from '../parameters.ts';
import type { RouteModule } from '../route-module.ts';

const number = nullable(Type.Number());
const text = nullable(Type.String());

const summarySchema = Type.Object({
  eventName: text,
  from: text,
  to: text,
  count: Type.Integer(),
  processedCount: Type.Integer(),
  pendingCount: Type.Integer(),
  failedCount: Type.Integer(),
  avgLagMs: number,
  minLagMs: number,
  maxLagMs: number,
  p50LagMs: number,
  p95LagMs: number,
  p99LagMs: number,
  avgOutboxWaitMs: number,
  avgOutboxDispatchDurationMs: number,
  avgTransitMs: number,
  avgProjectionProcessingDurationMs: number,
  eventsPerSecond: number,
});

const lagSchema = Type.Object({
  eventId: Type.String(),
  eventName: Type.String(),
  aggregateId: Type.String(),
  position: Type.Integer(),
  status: Type.Enum(['CREATED', 'PUBLISHED', 'PROCESSED', 'FAILED']),
  createdAt: Type.String(),
  publishedAt: text,
  receivedAt: text,
  processedAt: text,
  outboxWaitMs: number,
  outboxDispatchDurationMs: number,
  transitMs: number,
  projectionProcessingDurationMs: number,
  totalLagMs: number,
});

const eventName = Type.String({ minLength: 1, maxLength: 100, description: 'Only events of this type.' });
const date = (bound: string) =>
  Type.String({ maxLength: 40, description: `${bound}: a day such as 2026-02-19 (UTC), or a full ISO 8601 time.` });

/** How long events took from created to read model committed. */
export const lagRoutes: RouteModule = (server, system) => {
  server.get(
    '/api/metrics/lag',
    {
      schema: {
        tags: ['lag'],
        summary: 'Lag of events, summed up',
        querystring: Type.Object({
          eventName: Type.Optional(eventName),
          from: Type.Optional(date('The beginning')),
          to: Type.Optional(date('The end; a day counts to its last moment')),
          sample: Type.Optional(
            Type.Integer({ minimum: 1, maximum: 1_000_000, description: 'Only the newest so many events.' }),
          ),
        }),
        response: { 200: summarySchema },
      },
    },
    (request) => {
      const { query } = request;
      const from = query.from === undefined ? undefined : readDate('from', query.from, 'first');
      const to = query.to === undefined ? undefined : readDate('to', query.to, 'last');
      if (from !== undefined && to !== undefined && from > to) {
        throw new MillraceError('REQUEST_INVALID', 'The range ends before it begins.', {
          fields: [{ field: 'to', problem: 'must not be before from' }],
        });
      }
      return system.lag.statistics({
        ...(query.eventName === undefined ? {} : { eventName: query.eventName }),
        ...(from === undefined ? {} : { from }),
        ...(to === undefined ? {} : { to }),
        ...(query.sample === undefined ? {} : { sample: query.sample }),
      });
    },
  );

  server.get(
    '/api/metrics/lag/slowest',
    {
      schema: {
        tags: ['lag'],
        summary: 'The slowest events',
        querystring: Type.Object({ limit: limitParameter(1_000, 10), eventName: Type.Optional(eventName) }),
        response: { 200: Type.Object({ count: Type.Integer(), events: Type.Array(lagSchema) }) },
      },
    },
    async (request) => {
      const events = await system.lag.slowest(request.query.limit, request.query.eventName);
      return { count: events.length, events };
    },
  );

  server.get(
    '/api/metrics/lag/recent',
    {
      schema: {
        tags: ['lag'],
        summary: 'The newest events',
        querystring: Type.Object({ limit: limitParameter(1_000, 10) }),
        response: { 200: Type.Object({ count: Type.Integer(), events: Type.Array(lagSchema) }) },
      },
    },
    async (request) => {
      const events = await system.lag.recent(request.query.limit);
      return { count: events.length, events };
    },
  );

  server.get(
    '/api/metrics/lag/:eventId',
    {
      schema: {
        tags: ['lag'],
        summary: 'The way of one event',
        params: Type.Object({ eventId: idParameter }),
        response: { 200: lagSchema },
      },
    },
    async (request) => {
      const found = isUuid(request.params.eventId) ? await system.lag.event(request.params.eventId) : undefined;
      if (found === undefined) throw new MillraceError('EVENT_NOT_FOUND', 'There is no event with that id.');
      return found;
    },
  );
};

/** Event ids are uuids; asking the database for anything else would be an error of ours there. */
function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);
}
