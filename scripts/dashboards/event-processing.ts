import { plain, type DashboardSpec, type Steps } from './panel.ts';

/** Up to 100 ms, up to 1 s, above. */
const lagMs: Steps = [
  [null, 'green'],
  [100, 'yellow'],
  [1_000, 'red'],
];
/** 0 to 10, to 100, above. */
const depth: Steps = [
  [null, 'green'],
  [10, 'yellow'],
  [100, 'red'],
];
/** Below 50, to 100, above. A quiet system is red here and rings nobody: the alert rules ask for a backlog as well. */
const perSecond: Steps = [
  [null, 'red'],
  [50, 'yellow'],
  [100, 'green'],
];
/** Up to 5 s, to 30 s, above. */
const behind: Steps = [
  [null, 'green'],
  [5, 'yellow'],
  [30, 'red'],
];
const none: Steps = [
  [null, 'green'],
  [1, 'red'],
];

const lagQuantile = (quantile: number, by: string) =>
  `1000 * histogram_quantile(${quantile}, sum by (${by}) (rate(event_processing_lag_seconds_bucket{event_name=~"$event_name"}[$__rate_interval])))`;

export const eventProcessing: DashboardSpec = {
  uid: 'millrace-event-processing',
  file: 'event-processing.json',
  title: 'Event Processing & Lag Monitoring',
  description: 'Where events are on their way, how long they take, and what went wrong.',
  tags: ['millrace', 'events'],
  from: 'now-1h',
  variables: [
    { name: 'event_name', label: 'Event type', metric: 'event_processing_lag_ms' },
    { name: 'projection', label: 'Projection', metric: 'projection_lag_seconds' },
  ],
  panels: [
    {
      id: 1,
      title: 'Total lag P95',
      description:
        'From created to read model committed. Objective: below 250 ms. Healthy to 100 ms, critical above 1 s.',
      kind: 'stat',
      unit: 'ms',
      steps: lagMs,
      queries: [{ expr: lagQuantile(0.95, 'le'), legend: 'P95' }],
      width: 6,
      height: 4,
    },
    {
      id: 2,
      title: 'Outbox depth',
      description: 'Events that are not published yet. Objective: 0 in steady state.',
      kind: 'stat',
      unit: 'short',
      steps: depth,
      queries: [{ expr: 'max(outbox_pending_count)', legend: 'pending' }],
      width: 6,
      height: 4,
    },
    {
      id: 3,
      title: 'Dispatch rate',
      description:
        'Events published a second. Objective under load: above 100. Red in a quiet system, where it means nothing.',
      kind: 'stat',
      unit: 'eps',
      steps: perSecond,
      queries: [{ expr: 'max(rate(events_dispatched_total[1m]))', legend: 'dispatched' }],
      width: 6,
      height: 4,
    },
    {
      id: 4,
      title: 'Projection lag',
      description: 'Age of the oldest event that the slowest projection has not applied. Objective: below 5 s.',
      kind: 'stat',
      unit: 's',
      steps: behind,
      queries: [{ expr: 'max(projection_lag_seconds{projection=~"$projection"})', legend: 'behind' }],
      width: 6,
      height: 4,
    },
    {
      id: 5,
      title: 'Event Processing Lag (ms)',
      description: 'Ideal: 0 to 100 ms. Above 1,000 ms someone is told.',
      kind: 'line',
      unit: 'ms',
      steps: lagMs,
      queries: [
        {
          expr: 'avg(event_processing_lag_ms{event_name=~"$event_name"}) by (event_name)',
          legend: 'mean {{event_name}}',
        },
        { expr: lagQuantile(0.95, 'le'), legend: 'P95' },
        {
          expr: 'max(max_over_time(event_processing_lag_ms{event_name=~"$event_name"}[5m]))',
          legend: 'Max of the means, 5 min',
        },
      ],
      width: 12,
      height: 9,
    },
    {
      id: 6,
      title: 'Pending Events in Outbox',
      description: 'Target: 0 to 10. Above 100, and the oldest waiting for more than a second: the relay is stuck.',
      kind: 'gauge',
      unit: 'short',
      steps: depth,
      queries: [{ expr: 'max(outbox_pending_count)', legend: 'pending' }],
      width: 6,
      height: 9,
      max: 150,
    },
    {
      id: 7,
      title: 'Oldest pending event',
      description: 'How long the first of them waits. A deep outbox with a young first entry is load, not trouble.',
      kind: 'line',
      unit: 's',
      steps: [
        [null, 'green'],
        [1, 'yellow'],
        [60, 'red'],
      ],
      queries: [{ expr: 'max(outbox_oldest_age_seconds)', legend: 'oldest' }],
      width: 6,
      height: 9,
    },
    {
      id: 8,
      title: 'Event Throughput (events/sec)',
      description:
        'What the relay publishes and what each projection applies. Layers of equal thickness are in step: there is no backlog.',
      kind: 'bars',
      unit: 'eps',
      steps: perSecond,
      queries: [
        { expr: 'max(rate(events_dispatched_total[1m]))', legend: 'dispatched' },
        {
          expr: 'max by (projection) (rate(events_processed_total{projection=~"$projection"}[1m]))',
          legend: 'processed by {{projection}}',
        },
      ],
      width: 12,
      height: 9,
    },
    {
      id: 9,
      title: 'Event Processing Failures (5m)',
      description: 'Dispatches that failed and events that a projection refused. Should be zero.',
      kind: 'line',
      unit: 'short',
      steps: none,
      queries: [
        { expr: 'sum by (kind) (increase(event_dispatch_failures_total[5m]))', legend: 'dispatch {{kind}}' },
        {
          expr: 'sum by (projection) (increase(projection_errors_total{projection=~"$projection"}[5m]))',
          legend: 'projection {{projection}}',
        },
      ],
      width: 12,
      height: 9,
    },
    {
      id: 10,
      title: 'Lag distribution over time',
      description: 'How many events took how long. Two bands mean two kinds of events, or one slow process of two.',
      kind: 'heatmap',
      unit: 's',
      steps: plain,
      queries: [
        {
          expr: 'sum by (le) (increase(event_processing_lag_seconds_bucket{event_name=~"$event_name"}[$__rate_interval]))',
          legend: '{{le}}',
        },
      ],
      width: 12,
      height: 9,
    },
    {
      id: 11,
      title: 'Lag percentiles by event type',
      description: 'P50, P95 and P99 of the total lag of each type.',
      kind: 'line',
      unit: 'ms',
      steps: lagMs,
      queries: [
        { expr: lagQuantile(0.5, 'le, event_name'), legend: 'P50 {{event_name}}' },
        { expr: lagQuantile(0.95, 'le, event_name'), legend: 'P95 {{event_name}}' },
        { expr: lagQuantile(0.99, 'le, event_name'), legend: 'P99 {{event_name}}' },
      ],
      width: 12,
      height: 9,
    },
    {
      id: 12,
      title: 'Projection lag by projection',
      description: 'Age of the oldest event that each has not applied. Healthy below 5 s, critical above 30 s.',
      kind: 'line',
      unit: 's',
      steps: behind,
      queries: [
        { expr: 'max by (projection) (projection_lag_seconds{projection=~"$projection"})', legend: '{{projection}}' },
      ],
      width: 8,
      height: 8,
    },
    {
      id: 13,
      title: 'Processing duration P95',
      description: 'Time to apply a batch of events: rows read, folded, written, committed.',
      kind: 'line',
      unit: 's',
      steps: [
        [null, 'green'],
        [0.1, 'yellow'],
        [1, 'red'],
      ],
      queries: [
        {
          expr: 'histogram_quantile(0.95, sum by (le, projection) (rate(event_processing_duration_seconds_bucket{projection=~"$projection"}[5m])))',
          legend: '{{projection}}',
        },
      ],
      width: 8,
      height: 8,
    },
    {
      id: 14,
      title: 'Events not accounted for',
      description: 'Difference between log and effect, and what waits in dead letters. Both should be zero.',
      kind: 'line',
      unit: 'short',
      steps: none,
      queries: [
        { expr: 'max by (consumer) (event_conservation_gap)', legend: 'gap {{consumer}}' },
        { expr: 'max by (projection) (dead_letters_open)', legend: 'dead letters {{projection}}' },
      ],
      width: 8,
      height: 8,
    },
    {
      id: 15,
      title: 'HTTP request duration P95',
      description: 'From the arrival of a request to the end of its answer, by route.',
      kind: 'line',
      unit: 's',
      steps: [
        [null, 'green'],
        [0.25, 'yellow'],
        [1, 'red'],
      ],
      queries: [
        {
          expr: 'histogram_quantile(0.95, sum by (le, route) (rate(http_request_duration_seconds_bucket[5m])))',
          legend: '{{route}}',
        },
      ],
      width: 12,
      height: 8,
    },
    {
      id: 16,
      title: 'Where the time goes',
      description:
        'Mean time in each part of the way: in the outbox, being published, under way, being projected. From the ledger.',
      kind: 'bars',
      unit: 'ms',
      steps: plain,
      queries: [{ sql: 'parts-of-the-lag.sql', source: 'eventStore', format: 'time_series' }],
      width: 12,
      height: 8,
    },
    {
      id: 17,
      title: 'Lag history, 30 days',
      description:
        'P50, P95 and P99 of each hour, from the roll-ups in PostgreSQL. The hour’s figure is the highest of its minutes.',
      kind: 'line',
      unit: 'ms',
      steps: lagMs,
      queries: [{ sql: 'lag-history.sql', source: 'eventStore', format: 'time_series' }],
      width: 16,
      height: 9,
      timeFrom: '30d',
    },
    {
      id: 18,
      title: 'Lag by event type, last hour',
      description: 'Average, P95, maximum and number of processed events, from the ledger.',
      kind: 'table',
      unit: 'ms',
      steps: lagMs,
      queries: [{ sql: 'lag-by-type.sql', source: 'eventStore', format: 'table' }],
      width: 8,
      height: 9,
    },
    {
      id: 19,
      title: 'Newest entries of the ledger',
      description: 'Where the newest events are, and how long each took.',
      kind: 'table',
      unit: 'ms',
      steps: lagMs,
      queries: [{ sql: 'newest-entries.sql', source: 'eventStore', format: 'table' }],
      width: 24,
      height: 9,
    },
  ],
};
