import { Type, type RunningSystem } from '#millrace';
import type { MillraceServer } from '#millrace/server';
import { analyticsRange } from './analytics-range.ts';

const times = Type.Object({
  averageMs: Type.Union([Type.Number(), Type.Null()]),
  p50Ms: Type.Union([Type.Number(), Type.Null()]),
  p90Ms: Type.Union([Type.Number(), Type.Null()]),
});

const group = Type.Object({
  hour: Type.String({ description: 'Beginning of the hour of arrival, in UTC.' }),
  queueId: Type.String(),
  priority: Type.String(),
  consultationType: Type.String(),
  arrivals: Type.Integer(),
  called: Type.Integer(),
  completed: Type.Integer(),
  noShows: Type.Integer(),
  cancelled: Type.Integer(),
  cancelledByPayment: Type.Integer(),
  cancelledByAbsence: Type.Integer(),
  leftUnseen: Type.Integer(),
  waiting: Type.Object(times.properties, { description: 'From arrival to call.' }),
  service: Type.Object(times.properties, { description: 'From the start of the consultation to its end.' }),
});

interface GroupRow {
  readonly hour: Date;
  readonly queue_id: string;
  readonly priority: string;
  readonly consultation_type: string;
  readonly arrivals: string;
  readonly called: string;
  readonly completed: string;
  readonly no_shows: string;
  readonly cancelled: string;
  readonly cancelled_by_payment: string;
  readonly cancelled_by_absence: string;
  readonly left_unseen: string;
  readonly average_wait_ms: number | null;
  readonly p50_wait_ms: number | null;
  readonly p90_wait_ms: number | null;
  readonly average_service_ms: number | null;
  readonly p50_service_ms: number | null;
  readonly p90_service_ms: number | null;
}

/** Waiting and service times, from the read model of the analytics consumer. */
export function analyticsRoutes(server: MillraceServer, { readModels }: Pick<RunningSystem, 'readModels'>): void {
  server.get(
    '/api/waiting-room/analytics',
    {
      schema: {
        tags: ['waiting room'],
        summary: 'Waiting and service times by hour, priority and kind of consultation',
        description: 'Default: the last 24 hours. At most 31 days at once.',
        querystring: Type.Object({
          from: Type.Optional(Type.String({ description: 'A day (UTC) or an ISO 8601 time.' })),
          to: Type.Optional(Type.String({ description: 'The same; a day is meant to its end.' })),
          queueId: Type.Optional(Type.String({ minLength: 1, maxLength: 60 })),
        }),
        response: { 200: Type.Object({ from: Type.String(), to: Type.String(), groups: Type.Array(group) }) },
      },
    },
    async (request) => {
      const { queueId, ...asked } = request.query;
      const { from, to } = analyticsRange(asked, Date.now());
      const found = await readModels.query<GroupRow>(
        `select * from visit_analytics_view
         where hour >= $1 and hour < $2 and ($3::text is null or queue_id = $3)
         order by hour, queue_id, priority, consultation_type limit 10000`,
        [from, to, queueId ?? null],
      );
      return { from: from.toISOString(), to: to.toISOString(), groups: found.map(toGroup) };
    },
  );
}

function toGroup(row: GroupRow) {
  return {
    hour: row.hour.toISOString(),
    queueId: row.queue_id,
    priority: row.priority,
    consultationType: row.consultation_type,
    arrivals: Number(row.arrivals),
    called: Number(row.called),
    completed: Number(row.completed),
    noShows: Number(row.no_shows),
    cancelled: Number(row.cancelled),
    cancelledByPayment: Number(row.cancelled_by_payment),
    cancelledByAbsence: Number(row.cancelled_by_absence),
    leftUnseen: Number(row.left_unseen),
    waiting: { averageMs: row.average_wait_ms, p50Ms: row.p50_wait_ms, p90Ms: row.p90_wait_ms },
    service: { averageMs: row.average_service_ms, p50Ms: row.p50_service_ms, p90Ms: row.p90_service_ms },
  };
}
