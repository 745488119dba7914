import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { expect } from 'vitest';
import type { BrokerMessage } from '../../src/brokers/broker.ts';
import { Consumer } from '../../src/consumers/consumer.ts';
import { PostgresDeadLetters } from '../../src/consumers/dead-letters.ts';
import { LedgerCopier } from '../../src/lag/ledger-copier.ts';
import { Lease } from '../../src/postgres/lease.ts';
import { RelayStore } from '../../src/relay/relay-store.ts';
import { Relay } from '../../src/relay/relay.ts';
import { ScriptedBroker } from '../support/consumer-rig.ts';
import { eventually, exampleDatabases, type ExampleDatabases } from '../support/example-databases.ts';
import type { Step } from '../support/example-system.ts';
import { randomFrom } from '../support/numbers.ts';

/** The databases and pools that all runs share; each run has parcels of its own and goes on where the last one ended. */
export class Simulation implements AsyncDisposable {
  readonly databases: ExampleDatabases;
  readonly store: pg.Pool;
  readonly read: pg.Pool;
  runs = 0;
  /** What every parcel has to look like at the end, by name. */
  readonly expected = new Map<string, string[]>();

  private constructor(databases: ExampleDatabases) {
    this.databases = databases;
    this.store = pool(databases.eventStoreUrl);
    this.read = pool(databases.readModelsUrl);
  }

  static async open(): Promise<Simulation> {
    return new Simulation(await exampleDatabases());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.store.end(), this.read.end()]);
    await this.databases[Symbol.asyncDispose]();
  }
}

function pool(connectionString: string): pg.Pool {
  const made = new pg.Pool({ connectionString, max: 6 });
  made.on('error', () => undefined);
  return made;
}

/**
 * One run: the real relay, consumer, dead letters and ledger on the real databases, a broker that doubles, reorders,
 * drops, delays, fails after it has delivered and hangs, connections that are cut, processes that stop and start, and
 * poison events that are retried. Returns how many faults there were; throws when anything is lost, doubled or out of order.
 */
export async function simulate(simulation: Simulation, seed: number): Promise<number> {
  const { databases } = simulation;
  const random = randomFrom(seed);
  const chance = (probability: number): boolean => random() < probability;
  const below = (limit: number): number => Math.floor(random() * limit);
  const run = simulation.runs++;
  let faults = 0;
  let calm = false;
  const fault = (probability: number): boolean => {
    if (calm || !chance(probability)) return false;
    faults++;
    return true;
  };

  const broker = new ScriptedBroker();
  const old: BrokerMessage[] = [];
  broker.script = async (messages, pass) => {
    old.push(...messages);
    if (fault(0.1)) throw new Error('not delivered, not confirmed');
    if (fault(0.08)) await new Promise((resolve) => setTimeout(resolve, 15));
    if (fault(0.1)) await broker.inject(old.slice(below(old.length)));
    // Each condition throws the dice again.
    // oxlint-disable-next-line eslint/no-dupe-else-if
    if (fault(0.15)) await broker.inject(messages.filter(() => chance(0.6)));
    else if (fault(0.15)) await broker.inject(messages.toReversed());
    else await pass();
    if (fault(0.1)) throw new Error('delivered, not confirmed');
    if (fault(0.03)) await new Promise(() => undefined);
  };

  const names = Array.from({ length: 1 + below(5) }, (_, index) => `r${run}-${index}`);
  const poisoned = new Set<string>();
  databases.example.trouble.throwFor = (event) => !calm && poisoned.has(`${event.stream} ${event.version}`);
  databases.example.trouble.refuseFor = (event) => !calm && poisoned.has(`refuse ${event.stream} ${event.version}`);

  const batchSize = 1 + below(8);
  const store = new RelayStore(simulation.store, broker.name);
  const startRelay = (): Relay => {
    const relay = new Relay({
      log: databases.log,
      broker,
      store,
      lease: new Lease(simulation.store, store.leaseName, randomUUID()),
      batchSize: 1 + below(5),
      pollingInterval: 20,
      publishTimeout: 40,
      longestPause: 10,
    });
    relay.start();
    return relay;
  };
  const startConsumer = (): Consumer => {
    const consumer = new Consumer({
      definition: databases.example.projection,
      log: databases.log,
      registry: databases.registry,
      broker,
      readModelsUrl: databases.readModelsUrl,
      lease: new Lease(simulation.read, 'consumer:parcels', randomUUID()),
      published: async () => (await store.cursor()).position,
      batchSize,
      idleInterval: 10,
    });
    consumer.start();
    return consumer;
  };
  const letters = new PostgresDeadLetters(simulation.read, databases.log, databases.registry, [
    databases.example.projection,
  ]);
  const copier = new LedgerCopier({ eventStore: simulation.store, readModels: simulation.read, projection: 'parcels' });
  const drain = async (): Promise<void> => {
    for (const letter of await letters.list()) {
      if (letter.status === 'failed') await letters.retry(letter.id, 'simulation').catch(() => undefined);
    }
  };

  let relay = startRelay();
  let consumer = startConsumer();
  let last = 0;
  const versions = new Map<string, number>();
  try {
    for (let step = 0; step < 6 + below(8); step++) {
      const steps: Step[] = [];
      for (let event = 0; event <= below(6); event++) {
        const parcel = names[below(names.length)] ?? '';
        const version = (versions.get(parcel) ?? 0) + 1;
        versions.set(parcel, version);
        const depot = `d${version}`;
        steps.push(version === 1 ? { parcel, what: 'accepted', depot, weight: 100 } : { parcel, what: 'moved', depot });
        simulation.expected.set(parcel, [...(simulation.expected.get(parcel) ?? []), depot]);
        if (fault(0.04)) poisoned.add(`${chance(0.5) ? 'refuse ' : ''}parcel-${parcel} ${version}`);
      }
      last = (await databases.append(steps)).at(-1)?.position ?? last;
      if (fault(0.15)) await cut(simulation.read, 'millrace parcels');
      if (fault(0.05)) {
        await relay.stop();
        relay = startRelay();
      }
      if (fault(0.05)) {
        await consumer.stop();
        consumer = startConsumer();
      }
      if (fault(0.1)) await drain();
      if (fault(0.2)) await copier.copyAll().catch(() => undefined);
    }
    calm = true;
    await eventually('everything has arrived', async () => {
      const [row] = await databases.read<{ position: string }>(
        `select position from projection_builds where state = 'live'`,
      );
      return Number(row?.position) === last;
    });
    await eventually('everything parked is applied', async () => {
      await drain();
      return (await letters.count()) === 0;
    });
    await copier.copyAll();
    await check(simulation, names, last);
  } finally {
    await relay.stop();
    await consumer.stop();
  }
  return faults;
}

function cut(on: pg.Pool, name: string): Promise<unknown> {
  return on.query(
    'select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1 and datname = current_database()',
    [name],
  );
}

/** Conservation: every appended event is in effect exactly once, in order inside its key, and in the ledger once. */
async function check(simulation: Simulation, names: readonly string[], last: number): Promise<void> {
  const { databases, expected } = simulation;
  const rows = await databases.read<{ name: string; trail: string[]; version: number }>(
    `select replace(parcel_id, 'parcel-', '') as name, trail -> 'depots' as trail, version::int as version from parcels
     where parcel_id = any ($1)`,
    [names.map((name) => `parcel-${name}`)],
  );
  for (const name of names) {
    const trail = expected.get(name);
    if (trail === undefined) continue;
    expect(rows.find((row) => row.name === name)).toEqual({ name, trail, version: trail.length });
  }
  const [totals] = await databases.read<{ parcels: number; rows: number; wrong: number }>(
    `select (select sum(parcels)::int from depots) as parcels, (select count(*)::int from parcels) as rows,
       (select count(*)::int from depots d where d.parcels <> (select count(*) from parcels p where p.depot = d.depot)
          or d.weight <> (select coalesce(sum(weight), 0) from parcels p where p.depot = d.depot)) as wrong`,
  );
  expect(totals).toEqual({ parcels: expected.size, rows: expected.size, wrong: 0 });
  const [ledger] = await databases.store<{ rows: number; positions: number; processed: number; off: number }>(
    `select count(*)::int as rows, count(distinct position)::int as positions,
       (count(*) filter (where status = 'PROCESSED'))::int as processed,
       (count(*) filter (where abs(total_lag_ms - (outbox_wait_ms + outbox_dispatch_duration_ms + transit_ms
         + projection_processing_duration_ms)) > 0.01 or least(outbox_wait_ms, outbox_dispatch_duration_ms, transit_ms,
         projection_processing_duration_ms) < 0))::int as off
     from event_processing_lag`,
  );
  expect(ledger).toEqual({ rows: last, positions: last, processed: last, off: 0 });
}
