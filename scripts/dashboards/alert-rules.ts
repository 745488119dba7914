import { stringify } from 'yaml';
import { eventProcessing } from './event-processing.ts';
import { infrastructure } from './infrastructure.ts';
import { sqlOf } from './build-dashboard.ts';
import { isProm, sources, type DashboardSpec, type PromQuery, type SqlQuery } from './panel.ts';

/** A rule that Grafana watches: the question gives a number for each series, which must not be above the limit. */
export interface AlertRuleSpec {
  readonly uid: string;
  readonly title: string;
  readonly severity: 'warning' | 'critical';
  readonly query: PromQuery | SqlQuery;
  readonly above: number;
  /** How long it has to be so: `2m`. */
  readonly lasting: string;
  readonly summary: string;
  /** The panel that shows it. */
  readonly dashboard: DashboardSpec;
  readonly panel: number;
}

const lagP95 =
  '1000 * histogram_quantile(0.95, sum by (le) (rate(event_processing_lag_seconds_bucket[5m]))) and sum(rate(event_processing_lag_seconds_count[5m])) > 0 or vector(0)';
/** A deep outbox alone is load. It is trouble when the first entry waits as well. */
const stuckOutbox = 'max(outbox_pending_count) * (max(outbox_oldest_age_seconds) > bool 1)';
const prom = (expr: string, legend: string): PromQuery => ({ expr, legend, instant: true });

export const alertRules: readonly AlertRuleSpec[] = [
  {
    uid: 'millrace-lag-warning',
    title: 'Events take longer than a second',
    severity: 'warning',
    query: prom(lagP95, 'P95'),
    above: 1_000,
    lasting: '2m',
    summary: 'P95 of the time from created to read model committed is above 1 s.',
    dashboard: eventProcessing,
    panel: 5,
  },
  {
    uid: 'millrace-lag-critical',
    title: 'Events take longer than a minute',
    severity: 'critical',
    query: prom(lagP95, 'P95'),
    above: 60_000,
    lasting: '2m',
    summary: 'P95 of the time from created to read model committed is above 1 min.',
    dashboard: eventProcessing,
    panel: 5,
  },
  {
    uid: 'millrace-outbox-warning',
    title: 'More than 100 events wait in the outbox',
    severity: 'warning',
    query: prom(stuckOutbox, 'pending'),
    above: 100,
    lasting: '1m',
    summary: 'The relay does not keep up: more than 100 events wait, the first for more than a second.',
    dashboard: eventProcessing,
    panel: 6,
  },
  {
    uid: 'millrace-outbox-critical',
    title: 'More than 1,000 events wait in the outbox',
    severity: 'critical',
    query: prom(stuckOutbox, 'pending'),
    above: 1_000,
    lasting: '1m',
    summary: 'The relay or the broker stands still: more than 1,000 events wait, the first for more than a second.',
    dashboard: eventProcessing,
    panel: 6,
  },
  {
    uid: 'millrace-projection-warning',
    title: 'A projection is 30 seconds behind',
    severity: 'warning',
    query: prom('max by (projection) (projection_lag_seconds)', '{{projection}}'),
    above: 30,
    lasting: '1m',
    summary: 'The oldest event that a projection has not applied is older than 30 s.',
    dashboard: eventProcessing,
    panel: 12,
  },
  {
    uid: 'millrace-projection-critical',
    title: 'A projection is five minutes behind',
    severity: 'critical',
    query: prom('max by (projection) (projection_lag_seconds)', '{{projection}}'),
    above: 300,
    lasting: '1m',
    summary: 'The oldest event that a projection has not applied is older than 5 min.',
    dashboard: eventProcessing,
    panel: 12,
  },
  {
    uid: 'millrace-failures',
    title: 'Events fail',
    severity: 'warning',
    query: prom(
      'sum(increase(event_dispatch_failures_total[5m])) + sum(increase(projection_errors_total[5m]))',
      'failures',
    ),
    above: 0,
    lasting: '5m',
    summary: 'For five minutes the broker or a projection has refused events.',
    dashboard: eventProcessing,
    panel: 9,
  },
  {
    uid: 'millrace-conservation',
    title: 'Log and read model differ',
    severity: 'critical',
    query: prom('max by (consumer) (abs(event_conservation_gap))', '{{consumer}}'),
    above: 0,
    lasting: '1m',
    summary: 'An event of the log has no effect in the read model, or an effect has no event.',
    dashboard: eventProcessing,
    panel: 14,
  },
  {
    uid: 'millrace-pool',
    title: 'A connection pool is nearly used up',
    severity: 'warning',
    query: prom(
      '100 * sum by (pool) (db_pool_connections{state="busy"}) / sum by (pool) (db_pool_max_connections)',
      '{{pool}}',
    ),
    above: 75,
    lasting: '5m',
    summary: 'More than 75 % of the connections that a pool may open are in use.',
    dashboard: infrastructure,
    panel: 4,
  },
  {
    uid: 'millrace-disk',
    title: 'A disk is nearly full',
    severity: 'critical',
    query: prom(
      '100 * (1 - node_filesystem_avail_bytes{fstype!~"tmpfs|ramfs"} / node_filesystem_size_bytes{fstype!~"tmpfs|ramfs"})',
      '{{mountpoint}}',
    ),
    above: 90,
    lasting: '5m',
    summary: 'More than 90 % of a file system is used. A full disk stops the log.',
    dashboard: infrastructure,
    panel: 6,
  },
  {
    uid: 'millrace-unfinished',
    title: 'Events are unfinished after five minutes',
    severity: 'critical',
    query: { sql: 'unfinished-events.sql', source: 'eventStore', format: 'table' },
    above: 0,
    lasting: '1m',
    summary:
      'Events older than 5 min are neither processed nor in dead letters. Asked of PostgreSQL: it holds without Prometheus.',
    dashboard: eventProcessing,
    panel: 19,
  },
];

/** The file that Grafana reads. Two steps for each rule: the question, and the comparison with the limit. */
export function alertRulesFile(): string {
  const rules = alertRules.map((rule) => ({
    uid: rule.uid,
    title: rule.title,
    condition: 'B',
    data: [
      {
        refId: 'A',
        relativeTimeRange: { from: 600, to: 0 },
        datasourceUid: isProm(rule.query) ? sources.prometheus.uid : sources[rule.query.source].uid,
        model: isProm(rule.query)
          ? { refId: 'A', expr: rule.query.expr, legendFormat: rule.query.legend, instant: true, range: false }
          : { refId: 'A', rawSql: sqlOf(rule.query), rawQuery: true, editorMode: 'code', format: rule.query.format },
      },
      {
        refId: 'B',
        datasourceUid: '__expr__',
        model: {
          refId: 'B',
          type: 'threshold',
          expression: 'A',
          conditions: [{ evaluator: { type: 'gt', params: [rule.above] } }],
        },
      },
    ],
    for: rule.lasting,
    // A question that finds nothing, or cannot be asked, is a fault of the watch: it must not look like health.
    noDataState: 'NoData',
    execErrState: 'Error',
    labels: { severity: rule.severity, watcher: 'grafana' },
    annotations: { summary: rule.summary },
    dashboardUid: rule.dashboard.uid,
    panelId: rule.panel,
    isPaused: false,
  }));
  const file = {
    apiVersion: 1,
    groups: [{ orgId: 1, name: 'millrace', folder: 'Millrace', interval: '30s', rules }],
  };
  return `# Written by \`npm run dashboards\` from scripts/dashboards/alert-rules.ts.\n${stringify(file, { lineWidth: 0 })}`;
}
