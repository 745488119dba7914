import { collectDefaultMetrics, Counter, Gauge, Histogram, type Registry } from 'prom-client';

interface MetricEntry {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly labels: readonly string[];
  /** Upper bounds of a histogram, in the unit of its name. */
  readonly buckets?: readonly number[];
}

/** Every metric of the platform: what dashboards, alert rules and the reference page may name. */
export const metricTable = {
  eventProcessingLag: {
    name: 'event_processing_lag_ms',
    help: 'Mean time from created to read model committed, over the newest 1,000 events, in milliseconds.',
    type: 'gauge',
    labels: ['event_name'],
  },
  eventProcessingDuration: {
    name: 'event_processing_duration_seconds',
    help: 'Time to apply the batch of an event: rows read, folded, written, committed.',
    type: 'histogram',
    labels: ['event_name'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  },
  outboxPending: {
    name: 'outbox_pending_count',
    help: 'Events in the log that the relay has not published yet.',
    type: 'gauge',
    labels: [],
  },
  outboxParked: {
    name: 'outbox_parked_count',
    help: 'Those of them that the broker refused, or that wait behind such a one of their key.',
    type: 'gauge',
    labels: [],
  },
  outboxOldestAge: {
    name: 'outbox_oldest_age_seconds',
    help: 'Age of the oldest event that is not published yet; 0 when there is none.',
    type: 'gauge',
    labels: [],
  },
  eventsDispatched: {
    name: 'events_dispatched_total',
    help: 'Events published by the relay since the log began.',
    type: 'counter',
    labels: [],
  },
  eventsProcessed: {
    name: 'events_processed_total',
    help: 'Events applied by a projection since the log began.',
    type: 'counter',
    labels: ['projection'],
  },
  projectionBehind: {
    name: 'projection_behind_events',
    help: 'Events between the checkpoint of a projection and the head of the log.',
    type: 'gauge',
    labels: ['projection'],
  },
  projectionLag: {
    name: 'projection_lag_seconds',
    help: 'Age of the oldest event that a projection has not applied yet; 0 when there is none.',
    type: 'gauge',
    labels: ['projection'],
  },
  projectionLastProcessed: {
    name: 'projection_last_processed_timestamp',
    help: 'When the checkpoint of a projection was written last, in seconds since 1970.',
    type: 'gauge',
    labels: ['projection'],
  },
  projectionHealthy: {
    name: 'projection_healthy',
    help: '1 when a projection makes progress, 0 when it does not.',
    type: 'gauge',
    labels: ['projection'],
  },
  consumerLogReads: {
    name: 'consumer_log_reads_total',
    help: 'Pages of events that a consumer of this process read from the log, because they were not delivered.',
    type: 'counter',
    labels: ['projection'],
  },
  deadLettersOpen: {
    name: 'dead_letters_open',
    help: 'Events that wait in dead letters.',
    type: 'gauge',
    labels: ['projection'],
  },
  timersDue: {
    name: 'timers_due',
    help: 'Timers that are due and have neither fired nor been refused yet.',
    type: 'gauge',
    labels: ['timers'],
  },
  timersOldestOverdue: {
    name: 'timers_oldest_overdue_seconds',
    help: 'How long the first of them is overdue; 0 when none is due.',
    type: 'gauge',
    labels: ['timers'],
  },
  timersFired: {
    name: 'timers_fired_total',
    help: 'Commands that this process has executed for timers.',
    type: 'counter',
    labels: ['timers'],
  },
  timersRefused: {
    name: 'timers_refused_total',
    help: 'Commands for timers that were refused in this process: they are not tried again.',
    type: 'counter',
    labels: ['timers'],
  },
  lagRowsDeleted: {
    name: 'lag_rows_deleted_total',
    help: 'Rows that retention has deleted: of the ledger, and of the sums of minutes.',
    type: 'counter',
    labels: ['table'],
  },
  archivedEvents: {
    name: 'archived_events_total',
    help: 'Events in archive files, and not in the log any more.',
    type: 'counter',
    labels: [],
  },
  archiveFailed: {
    name: 'archive_failed',
    help: '1 when the last run of the archive failed, else 0.',
    type: 'gauge',
    labels: [],
  },
  liveSubscribers: {
    name: 'live_subscribers',
    help: 'Clients that listen to live updates.',
    type: 'gauge',
    labels: ['feed'],
  },
  httpRequests: {
    name: 'http_requests_total',
    help: 'Requests answered.',
    type: 'counter',
    labels: ['method', 'route', 'status'],
  },
  httpRequestDuration: {
    name: 'http_request_duration_seconds',
    help: 'Time from the arrival of a request to the end of its answer.',
    type: 'histogram',
    labels: ['method', 'route', 'status'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  },
  grpcCalls: {
    name: 'grpc_calls_total',
    help: 'gRPC calls answered, by their status; each is a request of http_requests_total as well.',
    type: 'counter',
    labels: ['method', 'code'],
  },
  grpcCallDuration: {
    name: 'grpc_call_duration_seconds',
    help: 'Time from the arrival of a gRPC call to its answer.',
    type: 'histogram',
    labels: ['method', 'code'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  },
  spansExported: {
    name: 'tracing_spans_exported_total',
    help: 'Spans that a receiver of traces has taken from this process.',
    type: 'counter',
    labels: [],
  },
  spansDropped: {
    name: 'tracing_spans_dropped_total',
    help: 'Spans of this process that were lost: too many waited, or the receiver did not take them.',
    type: 'counter',
    labels: [],
  },
} as const satisfies Record<string, MetricEntry>;

type MetricTable = typeof metricTable;
type MetricOf<Entry extends MetricEntry> = Entry['type'] extends 'counter'
  ? Counter
  : Entry['type'] extends 'gauge'
    ? Gauge
    : Histogram;

/** The metrics of the table, bound to a registry. */
export type Metrics = { readonly [Name in keyof MetricTable]: MetricOf<MetricTable[Name]> };

/**
 * The metrics of the table in a registry, made when they are not there yet, with the process metrics of Node beside
 * them. Two calls with the same registry give the same metrics.
 * @example metricsIn(registry).eventsProcessed.inc({ projection: 'carts' });
 */
export function metricsIn(registry: Registry): Metrics {
  if (registry.getSingleMetric('process_start_time_seconds') === undefined) {
    collectDefaultMetrics({ register: registry });
  }
  const metrics: Record<string, Counter | Gauge | Histogram> = {};
  for (const [key, entry] of Object.entries(metricTable)) metrics[key] = metricIn(registry, entry);
  // Built from the table entry by entry, so each is of the kind that the table says.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return metrics as unknown as Metrics;
}

function metricIn(registry: Registry, entry: MetricEntry): Counter | Gauge | Histogram {
  const known = registry.getSingleMetric(entry.name);
  if (known instanceof Counter || known instanceof Gauge || known instanceof Histogram) return known;
  const options = { name: entry.name, help: entry.help, labelNames: [...entry.labels], registers: [registry] };
  if (entry.type === 'counter') return new Counter(options);
  if (entry.type === 'gauge') return new Gauge(options);
  return new Histogram({ ...options, buckets: [...(entry.buckets ?? [])] });
}
