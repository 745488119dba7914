import pg from 'pg';
import { inject } from 'vitest';
import { migrateSystem } from '../../src/migrate-system.ts';
import type { RunningSystem, TimersReport } from '../../src/index.ts';
import { startSystem, type StartOptions } from '../../src/start-system.ts';
import { deadline, makeDeadlines, type Deadlines, type SetOrDrop } from './deadlines.ts';
import { eventually } from './example-databases.ts';
import { createTestDatabase } from './test-database.ts';

/** A deadline that was met, as the log has it. */
export interface Met {
  readonly item: string;
  readonly dueAt: number;
  readonly note: string;
}

/** The system of deadlines on two fresh databases, with a clock of its own. */
export interface DeadlineDatabases extends AsyncDisposable {
  readonly deadlines: Deadlines;
  readonly eventStoreUrl: string;
  readonly readModelsUrl: string;
  /** What the timers of all systems go by. */
  readonly clock: { now: number };
  /** Starts a system that ends with the databases. */
  start(options?: Partial<StartOptions>): Promise<RunningSystem>;
  /** All deadlines that were met, in the order of the log, but for those that {@link turn} keeps to itself. */
  met(): Promise<readonly Met[]>;
  /** Their items in the order in which they were due: those of different streams may land in any other. */
  metItems(): Promise<readonly string[]>;
  /** Refuses and cuts all connections to the event store, or lets them in again. */
  eventStoreAway(away: boolean): Promise<void>;
  store<Row extends pg.QueryResultRow>(sql: string, values?: unknown[]): Promise<Row[]>;
  read<Row extends pg.QueryResultRow>(sql: string, values?: unknown[]): Promise<Row[]>;
}

/** `adapt` may give the system other names before anything is made. */
export async function deadlineDatabases(
  options: { readonly keeps?: boolean; readonly adapt?: (deadlines: Deadlines) => void } = {},
): Promise<DeadlineDatabases> {
  const deadlines = makeDeadlines(options);
  options.adapt?.(deadlines);
  const [eventStore, readModels] = await Promise.all([createTestDatabase(), createTestDatabase()]);
  const urls = { eventStoreUrl: eventStore.url, readModelsUrl: readModels.url };
  await migrateSystem(deadlines.system, urls);
  const pools = [eventStore.url, readModels.url].map((url) => new pg.Pool({ connectionString: url, max: 3 }));
  // Tests cut connections; the next query gets another one.
  for (const pool of pools) pool.on('error', () => undefined);
  const [storePool, readPool] = pools;
  if (storePool === undefined || readPool === undefined) throw new Error('two pools were made');
  const clock = { now: 1_000_000 };
  const systems: RunningSystem[] = [];
  const store = async <Row extends pg.QueryResultRow>(sql: string, values: unknown[] = []) =>
    (await storePool.query<Row>(sql, values)).rows;
  const met = async () =>
    (
      await store<{ payload: Met }>(
        `select payload from deadline_events where event_name = 'DeadlineMet' order by position`,
      )
    )
      .map(({ payload }) => payload)
      .filter(({ item }) => !item.endsWith('!'));
  return {
    ...urls,
    deadlines,
    clock,
    async start(startOptions = {}) {
      const system = await startSystem(deadlines.system, {
        ...urls,
        timers: { now: () => clock.now },
        ...startOptions,
      });
      systems.push(system);
      return system;
    },
    met,
    metItems: async () =>
      (await met()).toSorted((a, b) => a.dueAt - b.dueAt || a.item.localeCompare(b.item)).map(({ item }) => item),
    async eventStoreAway(away) {
      const name = new URL(eventStore.url).pathname.slice(1);
      const client = new pg.Client({ connectionString: inject('postgresUrl') });
      await client.connect();
      await client.query(`alter database ${name} with allow_connections ${String(!away)}`);
      if (away) await client.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [name]);
      await client.end();
    },
    store,
    read: async <Row extends pg.QueryResultRow>(sql: string, values: unknown[] = []) =>
      (await readPool.query<Row>(sql, values)).rows,
    async [Symbol.asyncDispose]() {
      await Promise.allSettled(systems.map((system) => system.stop()));
      await Promise.all(pools.map((pool) => pool.end()));
      await Promise.all([eventStore.drop(), readModels.drop()]);
    },
  };
}

/** Sets and drops deadlines one after the other; resolves with the last position. */
export async function give(system: RunningSystem, ...commands: readonly SetOrDrop[]): Promise<number> {
  let position = 0;
  for (const command of commands) ({ position } = await system.execute(deadline, command));
  return position;
}

/** Waits until the timers' read model has come to a position. */
export async function timersReached(databases: DeadlineDatabases, position: number): Promise<void> {
  await eventually(`the timers at ${position}`, async () => {
    const [row] = await databases.read<{ position: string }>(
      `select position from projection_builds where projection_id = 'timers' and state = 'live'`,
    );
    return Number(row?.position) >= position;
  });
}

/**
 * Sets a timer that is due at once and waits until it has fired, and then another one, which nobody is told of: what was due
 * before is done then, since those that are fired together are waited for before the next look.
 */
export async function turn(databases: DeadlineDatabases, system: RunningSystem, name: string): Promise<void> {
  await give(system, { item: name, dueAt: databases.clock.now });
  await eventually(`${name} fires`, async () => (await databases.metItems()).includes(name));
  const { position } = await system.execute(deadline, { item: `${name}!`, dueAt: databases.clock.now });
  await eventually(`${name} has fired`, async () => {
    const after = await databases.store(
      `select from deadline_events where event_name = 'DeadlineMet' and aggregate_id = $1 and position > $2`,
      [`item-${name}!`, position],
    );
    return after.length > 0;
  });
}

/** What a system tells of its timers. */
export function reportOf(system: RunningSystem): TimersReport {
  const [report] = system.timers?.() ?? [];
  if (report === undefined) throw new Error('the system has no timers');
  return report;
}
