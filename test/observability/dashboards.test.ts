import { once } from 'node:events';
import http from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { askTarget, isEmpty, type Answer } from '../../scripts/dashboards/ask-target.ts';
import {
  dashboardFiles,
  readDashboard,
  readRules,
  readSources,
  type ProvisionedTarget,
} from '../../scripts/dashboards/provisioned-files.ts';
import { toSeconds, type Window } from '../../scripts/dashboards/expand-query.ts';
import { metricTable } from '../../src/telemetry/metric-table.ts';
import { ObservedClinic } from '../support/observed-clinic.ts';

/**
 * Every question of every panel and every alert rule, asked of a real Prometheus and a real PostgreSQL that have watched a
 * real clinic with RabbitMQ and all exporters: one that fails, or finds nothing, shows "No data" to somebody.
 */

const patients = 10;
const grew = (metric: string) => `sum(rate(${metric}[1m])) > 0`;
const seen = [
  ...['events_dispatched_total', 'event_processing_lag_seconds_count', 'event_processing_duration_seconds_count'].map(
    grew,
  ),
  ...['http_request_duration_seconds_count', 'rabbitmq_channel_messages_acked_total'].map(grew),
  ...['pg_stat_database_xact_commit', 'node_cpu_seconds_total'].map(grew),
  'max(dead_letters_open) > 0',
].join(' and on () ');
const all = { event_name: '.*', projection: '.*', job: '.*' };
let clinic: ObservedClinic;
let window: Window;

beforeAll(async () => {
  const from = Date.now() / 1_000 - 5;
  clinic = await ObservedClinic.start();
  await clinic.refuseOne();
  // Rates need figures that have grown between two scrapes: patients come until Prometheus has seen every kind of work.
  await clinic.until('Prometheus has seen all of it', async () => {
    await clinic.day(patients);
    const now = Date.now() / 1_000;
    const [series] = await clinic.prometheus.queryRange(seen, now - 4, now, 1);
    return series?.values.length === 5;
  });
  window = { from, to: Date.now() / 1_000, step: 1, scrape: 1, variables: all };
});
afterAll(() => clinic.stop());

const questions = dashboardFiles().flatMap((file) => {
  const { panels, time } = readDashboard(file);
  return panels.flatMap(({ title, targets, timeFrom }) =>
    targets.map((target) => ({ name: `${file}, "${title}", ${target.refId}`, target, shown: timeFrom ?? time.from })),
  );
});

/** Prometheus has watched from the start on; PostgreSQL is asked for as long as the dashboard shows. */
const windowFor = (target: ProvisionedTarget, shown: string): Window =>
  'expr' in target ? window : { ...window, from: window.to - toSeconds(shown.replace('now-', '')), step: 60 };

describe('every question of the dashboards', () => {
  it.each(questions)('$name is answered', async ({ target, shown }) => {
    const answer = await askTarget(target, windowFor(target, shown), clinic);
    expect(isEmpty(answer), JSON.stringify(answer).slice(0, 500)).toBe(false);
  });

  it('is answered by figures that somebody tells: no name stands for nothing', async () => {
    const told = new Set((await clinic.prometheus.query('group by (__name__) ({__name__!=""})')).map(nameOf));
    // Where no container engine runs.
    const elsewhere = ['container_memory_working_set_bytes'];
    for (const { name, target } of questions) {
      if (!('expr' in target)) continue;
      const missing = metricNames(target.expr).filter((metric) => !told.has(metric) && !elsewhere.includes(metric));
      expect(missing, name).toEqual([]);
    }
  });

  it('fails when its figure does not exist, or its text is wrong', async () => {
    const first = questions.find(({ target }) => 'expr' in target);
    if (first === undefined) throw new Error('There is no question.');
    const broken = (expr: string): Promise<Answer> => askTarget({ ...first.target, expr }, window, clinic);
    expect(isEmpty(await broken('event_processing_lagging_seconds'))).toBe(true);
    expect(isEmpty(await broken('0 / (outbox_pending_count * 0)'))).toBe(true);
    await expect(broken('sum by (')).rejects.toThrow('400');
    await expect(clinic.rows('millrace-event-store', 'select nothing from nowhere')).rejects.toThrow('nowhere');
  });
});

it('no counter of the platform falls: a rate would take all of it for growth', async () => {
  for (const { name, type } of Object.values(metricTable)) {
    if (type !== 'counter') continue;
    expect(await clinic.prometheus.query(`resets(${name}[5m]) > 0`), name).toEqual([]);
  }
});

const choices = dashboardFiles().flatMap((file) =>
  (readDashboard(file).templating.list ?? []).map(({ name, query }) => ({ file, name, query: query.query })),
);

it.each(choices)('the choice "$name" of $file offers something', async ({ query }) => {
  const [, metric, label] = /^label_values\((\w+), (\w+)\)$/.exec(query) ?? [];
  const offered = await clinic.prometheus.query(`count by (${label}) (${metric})`);
  expect(offered.map(({ labels }) => labels[label ?? ''])).not.toContain(undefined);
  expect(offered.length).toBeGreaterThan(0);
});

describe('S046: every question of the alert rules', () => {
  it.each(readRules())('$title: is answered with a number', async ({ data: [{ datasourceUid, model }] }) => {
    const source = readSources().find(({ uid }) => uid === datasourceUid);
    const datasource = { type: source?.type ?? '', uid: datasourceUid };
    const answer = await askTarget({ ...model, datasource }, window, clinic);
    expect(isEmpty(answer), JSON.stringify(answer)).toBe(false);
  });
});

describe("Grafana's user in PostgreSQL", () => {
  it.each([
    ['millrace-event-store', 'select payload from waiting_room_events'],
    ['millrace-event-store', 'select aggregate_id from event_processing_lag'],
    ['millrace-event-store', 'select * from millrace_access.changes'],
    ['millrace-read-models', 'select patient_name from waiting_patients_view'],
    ['millrace-read-models', 'select visit_id from visit_times_view'],
    ['millrace-read-models', 'select * from dead_letters'],
  ])('may not read what tells of a person: %s, %s', async (uid, sql) => {
    await expect(clinic.rows(uid, sql)).rejects.toThrow('permission denied');
  });

  it('may change nothing', async () => {
    const change = clinic.rows('millrace-event-store', 'delete from event_processing_lag');
    await expect(change).rejects.toThrow(/permission denied|read-only/);
    expect(await clinic.rows('millrace-event-store', 'show transaction_read_only')).toEqual([
      { transaction_read_only: 'on' },
    ]);
  });
});

it('S267, C24: memory of containers is shown where an engine tells it, and that of the processes nowhere else', async () => {
  const memory = questions.find(({ name }) => name.includes('"Container Memory Usage"'));
  if (memory === undefined) throw new Error('There is no such panel.');
  const shown = async (): Promise<readonly string[]> => {
    const now = { ...window, from: Date.now() / 1_000, to: Date.now() / 1_000 };
    const answer = await askTarget(memory.target, now, clinic);
    return answer.kind === 'lines' ? answer.lines.map(({ name }) => name) : [];
  };
  expect((await shown()).some((name) => name.startsWith('rlapp-api '))).toBe(true);
  const engine = http.createServer((_request, response) => {
    response.end(
      'container_memory_working_set_bytes{name="api"} 1e8\ncontainer_memory_working_set_bytes{name=""} 2e9\n',
    );
  });
  engine.listen(0, '127.0.0.1');
  await once(engine, 'listening');
  const address = engine.address();
  try {
    await clinic.scrapeAlso('cadvisor', `127.0.0.1:${typeof address === 'object' ? address?.port : ''}`);
    await clinic.until('the container is shown', async () => (await shown()).includes('api'));
    expect(await shown()).toEqual(['api']);
  } finally {
    engine.close();
    engine.closeAllConnections();
  }
});

const nameOf = ({ labels }: { readonly labels: Readonly<Record<string, string>> }): string => labels['__name__'] ?? '';

/** The metrics that an expression names: what is left without labels, texts, durations, functions and words of the language. */
function metricNames(expr: string): readonly string[] {
  const bare = expr
    .replaceAll(/\{[^}]*\}|"[^"]*"|\[[^\]]*\]/g, ' ')
    .replaceAll(/\b(by|on|without|ignoring) \([^)]*\)/g, ' ')
    .replaceAll(/\b\w+(?=\s*\()/g, ' ');
  const words = new Set(['or', 'and', 'unless', 'bool', 'by', 'on']);
  return [...bare.matchAll(/[a-zA-Z_]\w*/g)].map(([word]) => word).filter((word) => !words.has(word));
}
