import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { AlertWebhook, Alertmanager, type Notice } from '../support/prometheus-alertmanager.ts';
import { MeasuredClinic } from '../support/prometheus-clinic.ts';
import { prometheusConfig, startPrometheus, type Prometheus } from '../support/prometheus-server.ts';

/**
 * A clinic at work loses its relay, and later a row of its read model, and the alerts say so, in this order, and say so
 * again when it is over. The files are those of `infrastructure/`, with two changes:
 *
 * - The webhook is this test's.
 * - What lasts minutes lasts seconds: a `for` of 1 m is 2 s, the ranges of rates are a twelfth, scrapes and evaluations
 *   come every second. `MILLRACE_TEST_ALERTS=as-they-are` leaves all times as they stand, which takes some minutes.
 */

const asTheyAre = process.env['MILLRACE_TEST_ALERTS'] === 'as-they-are';
const patience = { timeout: asTheyAre ? 240_000 : 60_000, interval: 100 };
const infrastructure = new URL('../../infrastructure/', import.meta.url);
const read = (file: string) => readFileSync(new URL(file, infrastructure), 'utf8');

function shortened(rules: string): string {
  if (asTheyAre) return rules;
  return rules
    .replaceAll(/for: (\d+)m$/gm, (_, minutes: string) => `for: ${Number(minutes) * 2}s`)
    .replaceAll(/\[(\d+)m\]/g, (_, minutes: string) => `[${Number(minutes) * 5}s]`);
}

let clinic: MeasuredClinic;
let webhook: AlertWebhook;
let alertmanager: Alertmanager;
let prometheus: Prometheus;

beforeAll(async () => {
  webhook = await AlertWebhook.start();
  const config = read('alertmanager/alertmanager.yml').replace('http://alert-receiver:8080/alerts', webhook.url);
  expect(config).toContain(webhook.url);
  alertmanager = await Alertmanager.start(
    asTheyAre ? config : config.replace('group_interval: 10s', 'group_interval: 1s'),
  );
  clinic = await MeasuredClinic.start();
  clinic.startLoad();
  prometheus = await startPrometheus({
    config: prometheusConfig({
      jobs: clinic.jobs,
      rules: ['alert-rules.yml'],
      alertmanager: alertmanager.target,
      ...(asTheyAre ? { interval: '5s', evaluation: '15s' } : {}),
    }),
    files: { 'alert-rules.yml': 'groups: []' },
  });
});

afterAll(async () => {
  await prometheus.stop();
  await clinic.stop();
  await alertmanager.stop();
  await webhook.stop();
});

/** The notice about an alert. Rejects with what came instead. */
async function arrives(name: string, status: Notice['status']): Promise<Notice> {
  const found = await vi
    .waitFor(() => webhook.first(name, status) ?? Promise.reject(new Error('not yet')), patience)
    .catch(() => undefined);
  if (found !== undefined) return found;
  const came = webhook.notices.map((one) => `${one.name} ${one.status}`).join(', ');
  const active = (await prometheus.alerts()).map((one) => `${one.name} ${one.state}`).join(', ');
  throw new Error(`${name} ${status} did not arrive. Arrived: ${came}. Active: ${active}`);
}

/** When Prometheus saw its expression true first, in milliseconds since 1970. */
async function trueSince(name: string): Promise<number> {
  await expect.poll(async () => (await prometheus.alerts()).find((one) => one.name === name), patience).toBeDefined();
  const alert = (await prometheus.alerts()).find((one) => one.name === name);
  return alert?.activeAt ?? 0;
}

function tell(name: string, began: number, notice: Notice): void {
  const seconds = ((notice.arrivedAt - began) / 1000).toFixed(1);
  process.stderr.write(`${name}: first true → at the webhook ${seconds} s${asTheyAre ? '' : ' (shortened)'}\n`);
}

it('a clinic that is well alarms nobody', async () => {
  // Before the first scrape everything is missing, which lasts longer than the shortened times allow.
  await expect.poll(() => prometheus.targets(), patience).toEqual({ 'rlapp-api': true, relay: true, projector: true });
  await prometheus.reload({ 'alert-rules.yml': shortened(read('prometheus/alert-rules.yml')) });
  // What fires before is told to nobody, and again only after a minute.
  await expect.poll(() => prometheus.alertmanagers(), patience).toBe(1);
  await expect
    .poll(
      async () => (await prometheus.query('min(event_conservation_compared_total)')).at(0)?.values.at(-1)?.[1],
      patience,
    )
    .toBeGreaterThan(0);
  expect(await prometheus.query('max(event_conservation_gap)')).toMatchObject([{ values: [[expect.anything(), 0]] }]);
  expect((await prometheus.alerts()).filter(({ state }) => state === 'firing')).toEqual([]);
  expect(webhook.notices).toEqual([]);
});

/** The expressions in the table of questions. Those about RabbitMQ's own metrics need a RabbitMQ. */
function questions(): string[] {
  const page = readFileSync(new URL('../../docs/PROMETHEUS.md', import.meta.url), 'utf8');
  const table = /^## Questions\n([\s\S]*?)^## /m.exec(page)?.[1] ?? '';
  return table
    .split('\n')
    .filter((line) => /^\| [^-]/.test(line))
    .flatMap((line) => [...(line.split(' | ').at(-1) ?? '').matchAll(/`([^`]+)`/g)].map(([, query = '']) => query))
    .filter((query) => !query.includes('rabbitmq_'));
}

it('S040–S042, S254–S258, S452–S456: every question of the seeds has an answer while patients come', async () => {
  const asked = questions();
  expect(asked.length).toBeGreaterThan(12);
  await expect
    .poll(
      async () => {
        const answers = await Promise.all(
          asked.map(async (query) => ({ query, series: await prometheus.query(query) })),
        );
        return answers
          .filter(({ series }) => !series.some(({ values }) => Number.isFinite(values.at(-1)?.[1])))
          .map(({ query }) => query);
      },
      { ...patience, message: 'questions without an answer' },
    )
    .toEqual([]);
});

it('S545, S547: without its relay it says so at the webhook, and that it is over when the relay is back', async () => {
  await clinic.stopPart('relay');
  const began = await trueSince('NoRelayActive');
  const fired = await arrives('NoRelayActive', 'firing');
  tell('NoRelayActive', began, fired);
  expect(fired.labels).toMatchObject({ severity: 'critical' });
  expect(fired.annotations).toMatchObject({ runbook: 'docs/runbook.md#norelayactive' });
  // The API tells what the relay cannot tell any more.
  const behind = await trueSince('OutboxWorkerBehind');
  expect(behind).toBeGreaterThan(0);
  tell('ProjectionStale', await trueSince('ProjectionStale'), await arrives('ProjectionStale', 'firing'));
  await arrives('TargetDown', 'firing');

  await clinic.startPart('relay');
  const over = await arrives('NoRelayActive', 'resolved');
  const stale = await arrives('ProjectionStale', 'resolved');
  expect(over.arrivedAt).toBeGreaterThan(fired.arrivedAt);
  expect(stale.arrivedAt).toBeGreaterThan(fired.arrivedAt);
  expect(webhook.first('EventLoss', 'firing')).toBeUndefined();
});

it('S142: a row that is deleted from a read model is EventLoss, until a rebuild has mended it', async () => {
  const [row] = await clinic.read<{ schema: string; id: string }>(
    `select 'waiting_room_g' || b.generation as schema, (select visit_id from visits_view limit 1) as id
     from projection_builds b where b.projection_id = 'waiting-room' and b.state = 'live'`,
  );
  await clinic.read(`delete from ${row?.schema}.visits where visit_id = '${row?.id}'`);
  const began = await trueSince('EventLoss');
  const fired = await arrives('EventLoss', 'firing');
  tell('EventLoss', began, fired);
  expect(fired.labels).toMatchObject({ severity: 'critical', consumer: 'waiting-room' });

  const mend = { acceptDifferences: true, reason: 'a row was deleted' };
  await clinic.api.projections.rebuild('waiting-room', undefined, mend);
  const over = await arrives('EventLoss', 'resolved');
  expect(over.arrivedAt).toBeGreaterThan(fired.arrivedAt);
  // Each thing was said once it was so, and nothing else was called a loss.
  const losses = webhook.notices.filter(({ name }) => name === 'EventLoss').map(({ status }) => status);
  expect(losses.at(0)).toBe('firing');
  expect(losses.at(-1)).toBe('resolved');
});
