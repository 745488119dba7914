import { expect, it } from 'vitest';
import type { ProcessActivity } from '../../../src/process-activity.ts';
import type { Role, RunningSystem } from '../../../src/running-system.ts';
import { buildHealthServer } from '../../../src/server/build-health-server.ts';
import { buildServer } from '../../../src/server/build-server.ts';
import { metricTable, type MetricEntry } from '../../../src/telemetry/metric-table.ts';
import { counterApplication } from '../../support/counter-application.ts';
import { fakeSystem } from '../../support/fake-system.ts';

/** Told only where a gRPC server runs. */
const elsewhere = new Set<string>([metricTable.grpcCalls.name, metricTable.grpcCallDuration.name]);

function systemWith(roles: readonly Role[]): RunningSystem {
  const fake = fakeSystem(counterApplication.system);
  const relays = roles.includes('relay');
  const projects = roles.includes('projector');
  const activity: ProcessActivity = {
    pools: [{ pool: 'event_store', busy: 1, idle: 2, waiting: 3, most: 8 }],
    relay: relays ? { active: true, restarts: 0, refused: 4, failures: 5 } : undefined,
    conservation: projects ? [{ projection: 'counts', gap: 6, compared: 7, rounds: 8 }] : [],
  };
  const consumer = { projection: 'counts', active: true, position: 0, logReads: 0, refused: 0, restarts: 0, errors: 2 };
  const timers = { timers: 'deadline', due: 1, oldestOverdueMs: 2, fired: 3, refused: 4, failing: 0 };
  return Object.assign(fake, {
    roles,
    activity: () => activity,
    consumers: () => (projects ? [consumer] : []),
    timers: () => (roles.includes('api') ? [timers] : []),
    databases: async () => [{ database: 'event_store' as const, sizeBytes: 9, oldestSnapshotMs: 1_500 }],
    onApplied: (listener: Parameters<NonNullable<RunningSystem['onApplied']>>[0]) => {
      if (projects)
        listener({
          projection: 'counts',
          primary: true,
          seconds: 0.01,
          appliedAt: Date.now(),
          events: [{ type: 'Counted', occurredAt: Date.now() - 5 }],
        });
      return () => undefined;
    },
  });
}

async function scrape(roles: readonly Role[]): Promise<string> {
  const system = systemWith(roles);
  const server = roles.includes('api')
    ? (await buildServer(counterApplication, system)).server
    : await buildHealthServer(system);
  try {
    await server.inject('/health/live');
    return (await server.inject('/metrics')).body;
  } finally {
    await server.close();
  }
}

/** Names of metrics that have a sample. */
function toldIn(text: string): Set<string> {
  const names = new Set<string>();
  for (const line of text.split('\n')) {
    const name = /^([a-z_]+?)(?:_bucket|_sum|_count)?[{ ]/.exec(line)?.[1];
    if (name !== undefined && !line.startsWith('#')) names.add(name);
  }
  // The ending belongs to the name of some.
  for (const { name } of Object.values(metricTable)) if (text.includes(`\n${name} `)) names.add(name);
  return names;
}

it.each<[Role]>([['api'], ['relay'], ['projector']])(
  'a process that is %s alone tells what the table says',
  async (role) => {
    const told = toldIn(await scrape([role]));
    const entries: readonly MetricEntry[] = Object.values(metricTable);
    const belongs = (entry: MetricEntry) => entry.toldBy === 'every process' || entry.toldBy.split(' ').includes(role);
    const wanted = entries.filter((entry) => belongs(entry) && !elsewhere.has(entry.name)).map(({ name }) => name);
    expect(wanted.filter((name) => !told.has(name))).toEqual([]);
    const others = entries.filter((entry) => !belongs(entry)).map(({ name }) => name);
    expect(others.filter((name) => told.has(name))).toEqual([]);
  },
);

it('one process with all roles tells all of them, with its values', async () => {
  const text = await scrape(['api', 'relay', 'projector']);
  for (const line of [
    'event_dispatch_failures_total{kind="refused"} 4',
    'event_dispatch_failures_total{kind="failed"} 5',
    'projection_errors_total{projection="counts"} 2',
    'event_conservation_gap{consumer="counts"} 6',
    'db_pool_connections{pool="event_store",state="waiting"} 3',
    'db_pool_max_connections{pool="event_store"} 8',
    'db_oldest_snapshot_age_seconds{database="event_store"} 1.5',
    'db_size_bytes{database="event_store"} 9',
    'relay_active 1',
  ]) {
    expect(text).toContain(line);
  }
});

it('where the API is served as well, the port for health tells no metrics twice', async () => {
  const server = await buildHealthServer(systemWith(['api', 'relay']));
  expect((await server.inject('/metrics')).statusCode).toBe(404);
  await server.close();
});

it('S456: a counter that comes from the databases never falls: Prometheus would take all of it for growth', async () => {
  const system = systemWith(['api', 'relay']);
  // The head was looked up before the last events came, what is pending after.
  const looks = [
    [10, 0],
    [10, 2],
    [15, 1],
  ] as const;
  let look = 0;
  const now = () => looks[look] ?? [0, 0];
  system.log.head = async () => ({ position: now()[0], eventId: undefined, incarnation: 'one' });
  system.outbox.pending = async () => ({ count: now()[1], oldestAgeMs: 0, parked: 0, backlogAgeMs: 0, events: [] });
  const { server } = await buildServer(counterApplication, system);
  const told: string[] = [];
  for (; look < looks.length; look++) {
    const { body } = await server.inject('/metrics');
    told.push(/^events_dispatched_total (\d+)$/m.exec(body)?.[1] ?? '');
  }
  await server.close();
  expect(told).toEqual(['10', '10', '14']);
});
