import pg from 'pg';
import { Lease } from '../../src/postgres/lease.ts';
import { Relay, type RelayOptions } from '../../src/relay/relay.ts';
import { RelayStore } from '../../src/relay/relay-store.ts';
import type { ScriptedBroker } from './consumer-rig.ts';
import type { ExampleDatabases } from './example-databases.ts';

/** Relays on the example's event store, with a broker that a test decides about. */
export interface RelayRig {
  readonly pool: pg.Pool;
  readonly store: RelayStore;
  /** What the relays reported. */
  readonly errors: unknown[];
  /** Starts a relay that ends with the databases. */
  start(broker: ScriptedBroker, options?: Partial<RelayOptions>): Relay;
  cursor(): Promise<number>;
  /** The rows of what was refused, as `position status retry_count`. */
  failures(): Promise<string[]>;
}

export function relayRig(databases: ExampleDatabases): RelayRig {
  const pool = new pg.Pool({ connectionString: databases.eventStoreUrl, max: 6 });
  pool.on('error', () => undefined);
  databases.onEnd(() => pool.end());
  const store = new RelayStore(pool, 'embedded');
  const errors: unknown[] = [];
  let instances = 0;
  return {
    pool,
    store,
    errors,
    cursor: async () => (await store.cursor()).position,
    async failures() {
      const rows = await databases.store<{ line: string }>(
        `select concat_ws(' ', position, status, retry_count) as line from relay_failures order by position`,
      );
      return rows.map((row) => row.line);
    },
    start(broker, options = {}) {
      const relay = new Relay({
        log: databases.log,
        broker,
        store,
        lease: new Lease(pool, store.leaseName, `relay-${++instances}`),
        onError: (error) => errors.push(error),
        pollingInterval: 50,
        ...options,
      });
      relay.start();
      databases.onEnd(() => relay.stop());
      return relay;
    },
  };
}
