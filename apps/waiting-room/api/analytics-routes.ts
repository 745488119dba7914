import { readFileSync } from 'node:fs';
import { Type, type RunningSystem } from '#millrace';
import { nullable, type MillraceServer } from '#millrace/server';
import { analyticsRange } from './analytics-range.ts';
import { siteIdSchema } from './schemas.ts';

const summarySql = readFileSync(new URL('./analytics-summary.sql', import.meta.url), 'utf8');

const times = Type.Object({
  averageMs: Type.Union([Type.Number(), Type.Null()]),
  p50Ms: Type.Union([Type.Number(), Type.Null()]),
  p90Ms: Type.Union([Type.Number(), Type.Null()]),
});

const rangeQuery = {
  from: Type.Optional(Type.String({ description: 'A day (UTC) or an ISO 8601 time.' })),
  to: Type.Optional(Type.String({ description: 'The same; a day is meant to its end.' })),
  queueId: Type.Optional(Type.String({ minLength: 1, maxLength: 60 })),
};

const group = Type.Object({
  hour: Type.String({ description: 'Beginning of the hour of arrival, in UTC.' }),
  queueId: Type.String(),
  priority: Type.String(),
  consultationType: Type.String(),
  arrivals: Type.Integer(),
  called: Type.Integer(),
  completed: Type.Integer(),
  noShows: Type.Integer(),
  noShowRate: nullable(
    Type.Number({
      description: 'No-shows and cancellations by absence, of the visits that are over; null while none is.',
    }),
  ),
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
  readonly no_show_rate: number | null;
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

const span = Type.Object({ p50Ms: nullable(Type.Number()), p90Ms: nullable(Type.Number()) });
const summary = {
  arrivals: Type.Integer(),
  called: Type.Integer(),
  completed: Type.Integer(),
  noShows: Type.Integer({ description: 'Did not come when they were called, and were given up.' }),
  leftUnseen: Type.Integer(),
  noShowRate: nullable(Type.Number({ description: 'Of the visits that are over, from 0 to 1; null while none is.' })),
  waiting: span,
  service: span,
};
const summaries = Type.Object({
  from: Type.String(),
  to: Type.String(),
  all: Type.Object(summary),
  byHour: Type.Array(Type.Object({ hour: Type.String({ description: 'Its beginning, in UTC.' }), ...summary })),
  byPriority: Type.Array(Type.Object({ priority: Type.String(), ...summary })),
  byConsultationType: Type.Array(Type.Object({ consultationType: Type.String(), ...summary })),
});

interface SummaryRow {
  readonly kind: 'all' | 'hour' | 'priority' | 'type';
  readonly value: string | null;
  readonly arrivals: number;
  readonly called: number;
  readonly completed: number;
  readonly noShows: number;
  readonly leftUnseen: number;
  readonly noShowRate: number | null;
  readonly waitP50: number | null;
  readonly waitP90: number | null;
  readonly serviceP50: number | null;
  readonly serviceP90: number | null;
}

/** Waiting and service times, from the read model of the analytics consumer. */
export function analyticsRoutes(server: MillraceServer, system: Pick<RunningSystem, 'readModels'>): void {
  const { readModels } = system;
  addSummaryRoute(server, system);
  server.get(
    '/api/waiting-room/analytics',
    {
      schema: {
        tags: ['waiting room'],
        summary: 'Waiting and service times by hour, priority and kind of consultation',
        description: 'Default: the last 24 hours. At most 31 days at once.',
        querystring: Type.Object(rangeQuery),
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

function addSummaryRoute(server: MillraceServer, { readModels }: Pick<RunningSystem, 'readModels'>): void {
  server.get(
    '/api/waiting-room/analytics/summary',
    {
      schema: {
        tags: ['waiting room'],
        summary: 'Waiting and service times over all, by hour, by priority and by kind of consultation, and no-shows',
        description: 'Default: the last 24 hours. At most 31 days at once. Percentiles are of the visits themselves.',
        querystring: Type.Object({ ...rangeQuery, siteId: Type.Optional(siteIdSchema) }),
        response: { 200: summaries },
      },
    },
    async (request) => {
      const { queueId, siteId, ...asked } = request.query;
      const { from, to } = analyticsRange(asked, Date.now());
      const found = await readModels.query<SummaryRow>(summarySql, [from, to, queueId ?? null, siteId ?? null]);
      const of = (kind: SummaryRow['kind']) => found.filter((row) => row.kind === kind);
      const [all] = of('all');
      return {
        ...{ from: from.toISOString(), to: to.toISOString() },
        all: toSummary(all ?? nothing),
        byHour: of('hour').map((row) => ({ hour: row.value ?? '', ...toSummary(row) })),
        byPriority: of('priority').map((row) => ({ priority: row.value ?? '', ...toSummary(row) })),
        byConsultationType: of('type').map((row) => ({ consultationType: row.value ?? '', ...toSummary(row) })),
      };
    },
  );
}

const nothing: SummaryRow = {
  ...{ kind: 'all', value: null, arrivals: 0, called: 0, completed: 0, noShows: 0, leftUnseen: 0, noShowRate: null },
  ...{ waitP50: null, waitP90: null, serviceP50: null, serviceP90: null },
};

function toSummary({ waitP50, waitP90, serviceP50, serviceP90, ...row }: SummaryRow) {
  const { arrivals, called, completed, noShows, leftUnseen, noShowRate } = row;
  const counts = { arrivals, called, completed, noShows, leftUnseen, noShowRate };
  return { ...counts, waiting: { p50Ms: waitP50, p90Ms: waitP90 }, service: { p50Ms: serviceP50, p90Ms: serviceP90 } };
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
    noShowRate: row.no_show_rate,
    cancelled: Number(row.cancelled),
    cancelledByPayment: Number(row.cancelled_by_payment),
    cancelledByAbsence: Number(row.cancelled_by_absence),
    leftUnseen: Number(row.left_unseen),
    waiting: { averageMs: row.average_wait_ms, p50Ms: row.p50_wait_ms, p90Ms: row.p90_wait_ms },
    service: { averageMs: row.average_service_ms, p50Ms: row.p50_service_ms, p90Ms: row.p90_service_ms },
  };
}
