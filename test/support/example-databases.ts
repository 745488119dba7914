import { createHash } from 'node:crypto';
import pg from 'pg';
import { EventRegistry } from '../../src/events/codec.ts';
import type { RecordedEvent } from '../../src/events/envelope.ts';
import { wallClock } from '../../src/events/wall-clock.ts';
import { migrateSystem } from '../../src/migrate-system.ts';
import type { RunningSystem } from '../../src/running-system.ts';
import { startSystem, type StartOptions } from '../../src/start-system.ts';
import type { EventLog } from '../../src/store/store.ts';
import { openPostgresLog } from '../../src/store/postgres/postgres-log.ts';
import { eventOf, makeExample, type Example, type Step } from './example-system.ts';
import { createTestDatabase } from './test-database.ts';

/** The example on two fresh databases, and what tests do with them. */
export interface ExampleDatabases extends AsyncDisposable {
  readonly example: Example;
  readonly eventStoreUrl: string;
  readonly readModelsUrl: string;
  readonly registry: EventRegistry;
  /** A log of its own on the event store, for appending and reading beside the systems. */
  readonly log: EventLog;
  /** Starts a system that ends with the databases. */
  start(options?: Partial<StartOptions>): Promise<RunningSystem>;
  /** Appends in the first system that runs, so that its relay hears of it; in the log beside when none does. */
  append(steps: readonly Step[]): Promise<readonly RecordedEvent[]>;
  /** Rows from the event store. */
  store<Row extends pg.QueryResultRow>(sql: string, values?: unknown[]): Promise<Row[]>;
  /** Rows from the read-model database. */
  read<Row extends pg.QueryResultRow>(sql: string, values?: unknown[]): Promise<Row[]>;
  /** Ends something together with the databases, before them. */
  onEnd(end: () => Promise<unknown>): void;
}

export async function exampleDatabases(
  options: { readonly extra?: boolean; readonly timers?: boolean; readonly migrate?: boolean } = {},
): Promise<ExampleDatabases> {
  const example = makeExample(options);
  const [eventStore, readModels] = await Promise.all([createTestDatabase(), createTestDatabase()]);
  const urls = { eventStoreUrl: eventStore.url, readModelsUrl: readModels.url };
  if (options.migrate !== false) await migrateSystem(example.system, urls);
  const registry = new EventRegistry(example.system.name, example.system.events);
  const log = openPostgresLog({ url: eventStore.url, name: example.system.name, names: example.system.tables });
  const pools = { store: poolOf(eventStore.url), read: poolOf(readModels.url) };
  const systems = new Set<RunningSystem>();
  const ends: (() => Promise<unknown>)[] = [];
  return {
    ...urls,
    example,
    registry,
    log,
    async start(startOptions = {}) {
      // Comparing folds events once more, and tests count how often a handler is called.
      const system = await startSystem(example.system, { ...urls, conservationInterval: Infinity, ...startOptions });
      const stop = system.stop.bind(system);
      system.stop = () => {
        systems.delete(system);
        return stop();
      };
      systems.add(system);
      ends.push(() => system.stop());
      return system;
    },
    append: (steps) => {
      const [running] = systems;
      return appendSteps(running?.log ?? log, registry, steps);
    },
    store: async <Row extends pg.QueryResultRow>(sql: string, values: unknown[] = []) =>
      (await pools.store.query<Row>(sql, values)).rows,
    read: async <Row extends pg.QueryResultRow>(sql: string, values: unknown[] = []) =>
      (await pools.read.query<Row>(sql, values)).rows,
    onEnd: (end) => void ends.push(end),
    async [Symbol.asyncDispose]() {
      await Promise.allSettled(ends.toReversed().map((end) => end()));
      await Promise.all([log.close(), pools.store.end(), pools.read.end()]);
      await Promise.all([eventStore.drop(), readModels.drop()]);
    },
  };
}

function poolOf(url: string): pg.Pool {
  const pool = new pg.Pool({ connectionString: url, max: 3 });
  // Tests cut connections; the next query gets another one.
  pool.on('error', () => undefined);
  return pool;
}

/** Appends events one request for all, in order. */
export async function appendSteps(
  log: EventLog,
  registry: EventRegistry,
  steps: readonly Step[],
): Promise<readonly RecordedEvent[]> {
  const outcome = await log.append({
    events: steps.map((step) => {
      const { id, stream, type, data } = eventOf(step);
      const metadata = JSON.stringify({ correlationId: 'test', actor: 'test' });
      return { id, stream, metadata, occurredAt: wallClock(), ...registry.encode({ type, data }) };
    }),
  });
  if (outcome.outcome !== 'stored') throw new Error(`not stored: ${outcome.outcome}`);
  return outcome.events;
}

/** A hash of every relation that the example's projection exposes, as readers see it. */
export async function readModelHash(databases: ExampleDatabases, schema = 'public'): Promise<string> {
  const hash = createHash('sha256');
  for (const name of databases.example.projection.exposes) {
    const found = await databases.read<{ line: string }>(`select t::text as line from ${schema}.${name} t order by 1`);
    hash.update(`${name}\n${found.map((row) => row.line).join('\n')}\n`);
  }
  return hash.digest('hex');
}

/** All of the read model as text, for comparing with a message that says what is different. */
export async function readModelText(databases: ExampleDatabases): Promise<string> {
  const parts: string[] = [];
  for (const name of databases.example.projection.exposes) {
    const found = await databases.read<{ line: string }>(`select t::text as line from public.${name} t order by 1`);
    parts.push(name, ...found.map((row) => row.line));
  }
  return parts.join('\n');
}

/** Resolves when the condition holds; fails with what it was waiting for after 15 seconds. */
export async function eventually(
  what: string,
  condition: () => boolean | Promise<boolean>,
  patience = 15_000,
): Promise<void> {
  const deadline = performance.now() + patience;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`waited in vain for: ${what}`);
    await new Promise((resolve) => {
      setTimeout(resolve, 5);
    });
  }
}

/** Waits until the system's read model has the position. */
export async function reached(databases: ExampleDatabases, position: number, projection = 'parcels'): Promise<void> {
  await eventually(`${projection} at ${position}`, async () => {
    const [row] = await databases.read<{ position: string }>(
      `select position from projection_builds where projection_id = $1 and state = 'live'`,
      [projection],
    );
    return Number(row?.position) >= position;
  });
}
