import { plain, type DashboardSpec, type Steps } from './panel.ts';

/** Half, three quarters. */
const pool: Steps = [
  [null, 'green'],
  [50, 'yellow'],
  [75, 'red'],
];
const full: Steps = [
  [null, 'green'],
  [75, 'yellow'],
  [90, 'red'],
];
const depth: Steps = [
  [null, 'green'],
  [100, 'yellow'],
  [1_000, 'red'],
];

/** Container engines report the memory of every container; without one the processes report their own. */
const containers = 'container_memory_working_set_bytes{name!=""}';

export const infrastructure: DashboardSpec = {
  uid: 'millrace-infrastructure',
  file: 'infrastructure.json',
  title: 'Infrastructure Monitoring',
  description: 'Machines, processes, PostgreSQL and RabbitMQ beneath the events.',
  tags: ['millrace', 'infrastructure'],
  from: 'now-1h',
  variables: [{ name: 'job', label: 'Process', metric: 'process_cpu_seconds_total' }],
  panels: [
    {
      id: 1,
      title: 'Answering targets',
      description: 'Share of the processes and exporters that answered the last scrape.',
      kind: 'stat',
      unit: 'percent',
      steps: [
        [null, 'red'],
        [99.9, 'green'],
      ],
      queries: [{ expr: '100 * avg by (job) (up)', legend: '{{job}}' }],
      width: 24,
      height: 4,
    },
    {
      id: 2,
      title: 'CPU Usage',
      description: 'The machine in percent of all cores, and each process in percent of one core.',
      kind: 'line',
      unit: 'percent',
      steps: full,
      queries: [
        {
          expr: '100 * (1 - avg by (instance) (rate(node_cpu_seconds_total{mode="idle"}[$__rate_interval])))',
          legend: 'machine {{instance}}',
        },
        {
          expr: '100 * sum by (job, instance) (rate(process_cpu_seconds_total{job=~"$job"}[$__rate_interval]))',
          legend: '{{job}} {{instance}}',
        },
      ],
      width: 12,
      height: 8,
    },
    {
      id: 3,
      title: 'Memory Usage',
      description: 'Share of the machine’s memory that is in use.',
      kind: 'line',
      unit: 'percent',
      steps: full,
      queries: [
        {
          expr: '100 * (1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes)',
          legend: 'machine {{instance}}',
        },
      ],
      width: 12,
      height: 8,
      max: 100,
    },
    {
      id: 4,
      title: 'PostgreSQL Connection Pool Usage',
      description: 'Connections in use of those that each pool may open. Healthy below 50 %, critical above 75 %.',
      kind: 'gauge',
      unit: 'percent',
      steps: pool,
      queries: [
        {
          expr: '100 * sum by (pool) (db_pool_connections{state="busy"}) / sum by (pool) (db_pool_max_connections)',
          legend: '{{pool}}',
        },
      ],
      width: 8,
      height: 8,
      max: 100,
    },
    {
      id: 5,
      title: 'RabbitMQ Queue Depth',
      description: 'Messages in queues, delivered ones that nobody has confirmed included.',
      kind: 'gauge',
      unit: 'short',
      steps: depth,
      queries: [{ expr: 'sum by (queue) (rabbitmq_queue_messages)', legend: '{{queue}}' }],
      width: 8,
      height: 8,
      max: 2_000,
    },
    {
      id: 6,
      title: 'Disk Space',
      description: 'Used share of each file system. A full disk stops the log.',
      kind: 'gauge',
      unit: 'percent',
      steps: full,
      queries: [
        {
          expr: '100 * (1 - node_filesystem_avail_bytes{fstype!~"tmpfs|ramfs"} / node_filesystem_size_bytes{fstype!~"tmpfs|ramfs"})',
          legend: '{{mountpoint}}',
        },
      ],
      width: 8,
      height: 8,
      max: 100,
    },
    {
      id: 7,
      title: 'PostgreSQL Query Rate',
      description: 'Transactions a second of each database, those that were rolled back included.',
      kind: 'bars',
      unit: 'ops',
      steps: plain,
      queries: [
        {
          expr: 'sum by (datname) (rate(pg_stat_database_xact_commit{datname!~"template.*|postgres|"}[$__rate_interval])) + sum by (datname) (rate(pg_stat_database_xact_rollback{datname!~"template.*|postgres|"}[$__rate_interval]))',
          legend: '{{datname}}',
        },
      ],
      width: 12,
      height: 8,
    },
    {
      id: 8,
      title: 'Container Memory Usage',
      description: 'Working set of each container; where no container engine reports, resident memory of each process.',
      kind: 'line',
      unit: 'bytes',
      steps: plain,
      queries: [
        {
          expr: `sum by (name) (${containers}) or sum by (job, instance) (process_resident_memory_bytes{job=~"$job"} unless on () ${containers})`,
          legend: '{{name}}{{job}} {{instance}}',
        },
      ],
      width: 12,
      height: 8,
    },
    {
      id: 9,
      title: 'Database Size Growth',
      description: 'Size of both databases. What the log holds is never changed, so it only grows.',
      kind: 'line',
      unit: 'bytes',
      steps: plain,
      queries: [{ expr: 'max by (database) (db_size_bytes)', legend: '{{database}}' }],
      width: 12,
      height: 8,
    },
    {
      id: 10,
      title: 'PostgreSQL connections',
      description: 'Connections of the server by state, and how many it allows.',
      kind: 'line',
      unit: 'short',
      steps: plain,
      queries: [
        { expr: 'sum by (state) (pg_stat_activity_count)', legend: '{{state}}' },
        { expr: 'max(pg_settings_max_connections)', legend: 'allowed' },
      ],
      width: 12,
      height: 8,
    },
    {
      id: 11,
      title: 'RabbitMQ messages in and out',
      description: 'Messages a second that were published, delivered and confirmed.',
      kind: 'line',
      unit: 'mps',
      steps: plain,
      queries: [
        { expr: 'sum(rate(rabbitmq_channel_messages_published_total[$__rate_interval]))', legend: 'published' },
        { expr: 'sum(rate(rabbitmq_channel_messages_delivered_ack_total[$__rate_interval]))', legend: 'delivered' },
        { expr: 'sum(rate(rabbitmq_channel_messages_acked_total[$__rate_interval]))', legend: 'confirmed' },
      ],
      width: 8,
      height: 8,
    },
    {
      id: 12,
      title: 'Event loop delay P99',
      description: 'How late the processes get to what is due. Above 100 ms one of them computes too long at a time.',
      kind: 'line',
      unit: 's',
      steps: [
        [null, 'green'],
        [0.1, 'yellow'],
        [1, 'red'],
      ],
      queries: [{ expr: 'max by (job, instance) (nodejs_eventloop_lag_p99_seconds)', legend: '{{job}} {{instance}}' }],
      width: 8,
      height: 8,
    },
    {
      id: 13,
      title: 'Oldest database snapshot',
      description: 'A transaction that stays open keeps PostgreSQL from tidying up: tables grow and slow down.',
      kind: 'line',
      unit: 's',
      steps: [
        [null, 'green'],
        [60, 'yellow'],
        [900, 'red'],
      ],
      queries: [{ expr: 'max(db_oldest_snapshot_age_seconds)', legend: 'oldest' }],
      width: 8,
      height: 8,
    },
    {
      id: 14,
      title: 'HTTP requests by status',
      description: 'Answers a second. 5xx are ours.',
      kind: 'bars',
      unit: 'reqps',
      steps: plain,
      queries: [{ expr: 'sum by (status) (rate(http_requests_total[$__rate_interval]))', legend: '{{status}}' }],
      width: 24,
      height: 7,
    },
  ],
};
