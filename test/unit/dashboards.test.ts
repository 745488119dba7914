import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as units from '@grafana/grafana-foundation-sdk/units';
import { parse } from 'yaml';
import { alertRulesFile } from '../../scripts/dashboards/alert-rules.ts';
import { dashboards } from '../../scripts/dashboards/all.ts';
import { buildDashboard } from '../../scripts/dashboards/build-dashboard.ts';
import { expandPromQl, expandSql } from '../../scripts/dashboards/expand-query.ts';
import { withPanelTables } from '../../scripts/dashboards/panel-table.ts';
import {
  dashboardFiles,
  grafanaFile,
  readDashboard,
  readRules,
  readSources,
  type ProvisionedPanel,
} from '../../scripts/dashboards/provisioned-files.ts';
import { metricTable, type MetricEntry } from '../../src/telemetry/metric-table.ts';

const files = dashboardFiles();
const dashboardNamed = (file: string) => readDashboard(`${file}.json`);
const panelNamed = (file: string, title: string): ProvisionedPanel => {
  const found = dashboardNamed(file).panels.find((panel) => panel.title === title);
  if (found === undefined) throw new Error(`${file}.json has no panel "${title}".`);
  return found;
};
const questionsOf = (panel: ProvisionedPanel): string =>
  panel.targets.map((target) => ('expr' in target ? target.expr : target.rawSql)).join('\n');
const bandsOf = (panel: ProvisionedPanel) =>
  panel.fieldConfig.defaults.thresholds.steps.map(({ value, color }) => [value, color]);

/** What the seeds ask of a panel: the numbers, the dashboard's file, its title, its kind, and what its question holds. */
const promised: readonly (readonly [
  numbers: string,
  file: string,
  title: string,
  type: string,
  holds: readonly string[],
])[] = [
  [
    'S040, S070, S255, S439, S453',
    'event-processing',
    'Event Processing Lag (ms)',
    'timeseries',
    ['avg(event_processing_lag_ms{', 'by (event_name)'],
  ],
  [
    'S260, S454',
    'event-processing',
    'Event Processing Lag (ms)',
    'timeseries',
    ['histogram_quantile(0.95', 'max_over_time(event_processing_lag_ms{'],
  ],
  [
    'S041, S071, S257, S261, S440, S455',
    'event-processing',
    'Pending Events in Outbox',
    'gauge',
    ['outbox_pending_count'],
  ],
  [
    'S042',
    'event-processing',
    'Processing duration P95',
    'timeseries',
    ['histogram_quantile(0.95', 'event_processing_duration_seconds_bucket', '[5m]'],
  ],
  ['S044', 'event-processing', 'Lag distribution over time', 'heatmap', ['event_processing_lag_seconds_bucket']],
  [
    'S045',
    'event-processing',
    'Lag percentiles by event type',
    'timeseries',
    ['histogram_quantile(0.5,', 'histogram_quantile(0.95,', 'histogram_quantile(0.99,', 'le, event_name'],
  ],
  ['S021, S025, S049', 'event-processing', 'Lag history, 30 days', 'timeseries', ['event_lag_metrics', 'p95_lag_ms']],
  [
    'S047',
    'event-processing',
    'Newest entries of the ledger',
    'table',
    ['created_at', 'event_name', 'total_lag_ms', 'status', 'order by created_at desc'],
  ],
  [
    'S048, S271',
    'event-processing',
    'Lag by event type, last hour',
    'table',
    ['avg(total_lag_ms)', 'percentile_cont(0.95)', 'count(*)', "status = 'PROCESSED'"],
  ],
  [
    'S035, S036, S037',
    'event-processing',
    'Where the time goes',
    'timeseries',
    ['outbox_wait_ms', 'outbox_dispatch_duration_ms', 'projection_processing_duration_ms'],
  ],
  [
    'S072, S262, S345, S441, S256, S456',
    'event-processing',
    'Event Throughput (events/sec)',
    'timeseries',
    ['rate(events_dispatched_total[1m])', 'rate(events_processed_total{projection=~"$projection"}[1m])'],
  ],
  [
    'S073, S263, S346, S442',
    'event-processing',
    'Event Processing Failures (5m)',
    'timeseries',
    ['event_dispatch_failures_total[5m]', 'projection_errors_total{'],
  ],
  [
    'S258',
    'event-processing',
    'HTTP request duration P95',
    'timeseries',
    ['histogram_quantile(0.95', 'http_request_duration_seconds_bucket[5m]'],
  ],
  ['S075', 'infrastructure', 'CPU Usage', 'timeseries', ['node_cpu_seconds_total', 'process_cpu_seconds_total']],
  ['S075', 'infrastructure', 'Memory Usage', 'timeseries', ['node_memory_MemAvailable_bytes']],
  [
    'S076, S264, S444',
    'infrastructure',
    'PostgreSQL Connection Pool Usage',
    'gauge',
    ['db_pool_connections', 'db_pool_max_connections'],
  ],
  ['S077, S265, S445', 'infrastructure', 'RabbitMQ Queue Depth', 'gauge', ['rabbitmq_queue_messages']],
  ['S078', 'infrastructure', 'Disk Space', 'gauge', ['node_filesystem_avail_bytes']],
  ['S266', 'infrastructure', 'PostgreSQL Query Rate', 'timeseries', ['pg_stat_database_xact_commit']],
  [
    'S267, S447, C24',
    'infrastructure',
    'Container Memory Usage',
    'timeseries',
    ['container_memory_working_set_bytes', 'process_resident_memory_bytes'],
  ],
  ['S446', 'infrastructure', 'Database Size Growth', 'timeseries', ['db_size_bytes']],
];

describe('the dashboards of Grafana', () => {
  it.each(promised)('%s: %s has the panel "%s"', (_numbers, file, title, type, holds) => {
    const panel = panelNamed(file, title);
    expect(panel.type).toBe(type);
    for (const part of holds) expect(questionsOf(panel)).toContain(part);
  });

  it('S069, S074, S438, S443: two dashboards have the names of the seeds', () => {
    expect(dashboardNamed('event-processing').title).toBe('Event Processing & Lag Monitoring');
    expect(dashboardNamed('infrastructure').title).toBe('Infrastructure Monitoring');
  });

  it('S014: a third one is for those who lead the clinic', () => {
    expect(files).toEqual(['clinic.json', 'event-processing.json', 'infrastructure.json']);
  });

  it('S260, S262: P95 and the maximum are lines, throughput is stacked bars', () => {
    expect(panelNamed('event-processing', 'Event Processing Lag (ms)').targets).toHaveLength(3);
    expect(panelNamed('event-processing', 'Event Throughput (events/sec)').fieldConfig.defaults).toMatchObject({
      custom: { drawStyle: 'bars', stacking: { mode: 'normal' } },
    });
  });

  it('S267: container memory falls back to the processes only where no container reports', () => {
    expect(questionsOf(panelNamed('infrastructure', 'Container Memory Usage'))).toMatch(
      /^sum by \(name\) \(container_.*\) or sum by .*process_resident_memory_bytes.* unless on \(\) container_/,
    );
  });

  it('S047, S049: the history shows 30 days, whatever the dashboard shows', () => {
    expect(panelNamed('event-processing', 'Lag history, 30 days').timeFrom).toBe('30d');
  });

  it.each([
    [
      'S343, S347, S448, C04',
      'event-processing',
      'Event Processing Lag (ms)',
      [
        [null, 'green'],
        [100, 'yellow'],
        [1_000, 'red'],
      ],
    ],
    [
      'S347, C04',
      'event-processing',
      'Total lag P95',
      [
        [null, 'green'],
        [100, 'yellow'],
        [1_000, 'red'],
      ],
    ],
    [
      'S344, S348, S449, C06',
      'event-processing',
      'Pending Events in Outbox',
      [
        [null, 'green'],
        [10, 'yellow'],
        [100, 'red'],
      ],
    ],
    [
      'S349, S450, C35',
      'event-processing',
      'Event Throughput (events/sec)',
      [
        [null, 'red'],
        [50, 'yellow'],
        [100, 'green'],
      ],
    ],
    [
      'S350, C05',
      'event-processing',
      'Projection lag',
      [
        [null, 'green'],
        [5, 'yellow'],
        [30, 'red'],
      ],
    ],
    [
      'S346',
      'event-processing',
      'Event Processing Failures (5m)',
      [
        [null, 'green'],
        [1, 'red'],
      ],
    ],
    [
      'S451',
      'infrastructure',
      'PostgreSQL Connection Pool Usage',
      [
        [null, 'green'],
        [50, 'yellow'],
        [75, 'red'],
      ],
    ],
  ])('%s: %s, "%s" has the bands of the tables', (_numbers, file, title, bands) => {
    expect(bandsOf(panelNamed(file, title))).toEqual(bands);
  });

  it.each(files)('S043: %s is read anew every 10 seconds', (file) => {
    expect(readDashboard(file).refresh).toBe('10s');
  });

  it.each(files)('%s has panels with ids of their own that lie beside each other', (file) => {
    const { panels } = readDashboard(file);
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    expect(new Set(panels.map(({ title }) => title)).size).toBe(panels.length);
    const taken = new Set<string>();
    for (const { title, gridPos } of panels) {
      expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect(taken.has(`${x},${y}`), `${title} lies on another panel`).toBe(false);
          taken.add(`${x},${y}`);
        }
      }
    }
  });

  it.each(files)('%s asks sources that are provisioned, in units that Grafana knows', (file) => {
    const provisioned = new Map(readSources().map(({ uid, type }) => [uid, type]));
    const known = new Set<unknown>(Object.values(units));
    const { panels, templating } = readDashboard(file);
    const asked = panels.flatMap((panel) => [panel.datasource, ...panel.targets.map(({ datasource }) => datasource)]);
    for (const { type, uid } of [...asked, ...(templating.list ?? []).map(({ datasource }) => datasource)]) {
      expect(provisioned.get(uid), uid).toBe(type);
    }
    for (const { title, fieldConfig } of panels) expect(known, title).toContain(fieldConfig.defaults.unit);
  });

  it.each(files)('%s has bands that rise, and the letters A, B, C for its questions', (file) => {
    for (const { title, targets, fieldConfig } of readDashboard(file).panels) {
      const [first, ...others] = fieldConfig.defaults.thresholds.steps.map(({ value }) => value);
      expect(first, title).toBeNull();
      expect(others, title).toEqual([...others].sort((one, other) => Number(one) - Number(other)));
      expect(targets.map(({ refId }) => refId)).toEqual(['A', 'B', 'C', 'D'].slice(0, targets.length));
    }
  });

  it.each(dashboards)('$file is what `npm run dashboards` writes', (spec) => {
    const written: unknown = JSON.parse(grafanaFile(`dashboards/${spec.file}`));
    expect(written).toEqual(JSON.parse(JSON.stringify(buildDashboard(spec))));
  });
});

describe('docs/GRAFANA.md', () => {
  const page = readFileSync(new URL('../../docs/GRAFANA.md', import.meta.url), 'utf8');

  it('S437: has every panel and every rule; `npm run dashboards` writes them', () => {
    expect(page).toBe(withPanelTables(page));
    expect(page.match(/<!-- table /g)).toHaveLength(dashboards.length + 1);
  });

  it('S259, S437: names every variable that the files take from the environment, and no password', () => {
    const files = ['datasources/datasources.yml', 'dashboards/dashboards.yml', 'alerting/contact-points.yml'];
    for (const [name] of files.flatMap((file) => [...grafanaFile(file).matchAll(/(?<=: \$)[A-Z][A-Z_]+/g)])) {
      expect(page).toContain(`\`${name}\``);
    }
    expect(page).not.toContain('admin123');
  });
});

/** Every name in a question that could be a metric of the platform. */
const metricsIn = (expr: string): readonly MetricEntry[] =>
  Object.values(metricTable).filter(({ name }) => new RegExp(`\\b${name}(_bucket|_count|_sum)?\\b`).test(expr));

const expressions = [
  ...files.flatMap((file) =>
    readDashboard(file).panels.flatMap(({ title, targets }) =>
      targets.flatMap((target) => ('expr' in target ? [{ title, expr: target.expr }] : [])),
    ),
  ),
  ...readRules().flatMap(({ title, data: [{ model }] }) => ('expr' in model ? [{ title, expr: model.expr }] : [])),
];

describe('the questions to Prometheus', () => {
  it.each(expressions)('"$title" adds up no figure that each process tells of the whole system: $expr', ({ expr }) => {
    for (const { name, ofSystem } of metricsIn(expr)) {
      if (ofSystem !== true) continue;
      for (const { index } of expr.matchAll(new RegExp(`\\b${name}\\b`, 'g'))) {
        expect(expr.slice(0, index), name).toMatch(/\bmax(?: by \(\w+\))? ?\((?:rate\()?$/);
      }
    }
  });

  it.each(expressions)('"$title" has no way out when the figure is missing: $expr', ({ title, expr }) => {
    // `or vector(0)` also answers for a name that nobody tells. The lag alone is undefined when nothing happens.
    if (title.startsWith('Events take longer')) return;
    expect(expr).not.toContain('vector(');
  });
});

describe('the alert rules of Grafana', () => {
  const rules = readRules();

  it('S046: are what `npm run dashboards` writes', () => {
    expect(parse(grafanaFile('alerting/rules.yml'))).toEqual(parse(alertRulesFile()));
    expect(new Set(rules.map(({ uid }) => uid)).size).toBe(rules.length);
  });

  it.each([
    ['S343, C06', 'millrace-lag-warning', 1_000],
    ['C06', 'millrace-lag-critical', 60_000],
    ['S344, C06', 'millrace-outbox-warning', 100],
    ['C06', 'millrace-outbox-critical', 1_000],
    ['C05', 'millrace-projection-critical', 300],
    ['S346', 'millrace-failures', 0],
    ['S451', 'millrace-pool', 75],
  ])('%s: %s is about more than %d', (_numbers, uid, limit) => {
    const found = rules.find((rule) => rule.uid === uid);
    expect(found?.data[1].model.conditions[0].evaluator.params).toEqual([limit]);
  });

  it('C35: a deep outbox alone is no alert; its first entry has to wait as well', () => {
    const depth = rules.filter(({ uid }) => uid.startsWith('millrace-outbox'));
    for (const { data } of depth) expect(JSON.stringify(data)).toContain('outbox_oldest_age_seconds) > bool 1');
    expect(rules.map(({ data }) => JSON.stringify(data)).join('\n')).not.toContain('events_dispatched_total');
  });

  it.each(rules)('"$title" leads to a panel that is there, and asks a source that is provisioned', (rule) => {
    const shown = files.map(readDashboard).find(({ uid }) => uid === rule.dashboardUid);
    expect(shown?.panels.map(({ id }) => id)).toContain(rule.panelId);
    expect(readSources().map(({ uid }) => uid)).toContain(rule.data[0].datasourceUid);
    expect(['warning', 'critical']).toContain(rule.labels.severity);
  });

  it('hold no dollar, for which Grafana would put in its environment', () => {
    expect(grafanaFile('alerting/rules.yml')).not.toContain('$');
  });
});

describe('the provisioned files', () => {
  const provisioning = ['datasources/datasources.yml', 'dashboards/dashboards.yml', 'alerting/contact-points.yml'];

  it.each(provisioning)('S189, S259: %s takes addresses and secrets from the environment', (file) => {
    const content: unknown = parse(grafanaFile(file));
    const walk = (value: unknown): void => {
      if (typeof value !== 'object' || value === null) return;
      for (const [name, inner] of Object.entries(value)) {
        if (/^(url|user|password|database|path)$/.test(name)) expect(inner, `${file}: ${name}`).toMatch(/^\$[A-Z_]+/);
        walk(inner);
      }
    };
    walk(content);
    expect(grafanaFile(file)).toContain('apiVersion: 1');
  });

  it('S190: Grafana finds the dashboards beside their provider', () => {
    expect(parse(grafanaFile('dashboards/dashboards.yml'))).toMatchObject({
      providers: [{ type: 'file', allowUiUpdates: false, options: { path: '$GF_PATHS_PROVISIONING/dashboards' } }],
    });
  });
});

describe('what is put in for names with a dollar', () => {
  const window = { from: 0, to: 3_600, step: 5, scrape: 15, variables: { event_name: '.*' } };

  it('is what Grafana puts in', () => {
    expect(expandPromQl('rate(a{event_name=~"$event_name"}[$__rate_interval])[$__range:$__interval]', window)).toBe(
      'rate(a{event_name=~".*"}[60s])[3600s:15s]',
    );
    expect(expandPromQl('a[${__rate_interval}]', { ...window, step: 120 })).toBe('a[135s]');
    expect(expandSql("select $__timeGroupAlias(t, '1h') where $__timeFilter(t)", window)).toBe(
      `select floor(extract(epoch from t)/3600)*3600 AS "time" where t BETWEEN '1970-01-01T00:00:00.000Z' AND '1970-01-01T01:00:00.000Z'`,
    );
    expect(expandSql('$__timeGroupAlias(t, $__interval)', window)).toContain('/5)*5');
  });

  it('is refused when it is unknown', () => {
    expect(() => expandPromQl('a{b="$c"}', window)).toThrow('$c');
    expect(() => expandSql('select $__epoch(t)', window)).toThrow('dollar');
    expect(() => expandSql("$__timeGroupAlias(t, '1y')", window)).toThrow('Not a duration');
  });
});
