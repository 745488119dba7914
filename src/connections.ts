import pg from 'pg';
import { WakeUp } from './postgres/wake-up.ts';
import type { PoolReport } from './process-activity.ts';
import type { ReportsOf } from './reports.ts';

/** The channels on which processes nudge each other. */
export const channels = {
  appended: 'millrace_appended',
  published: 'millrace_published',
  projected: 'millrace_projected',
  timers: 'millrace_timers',
} as const;

/** What the parts of one process share: a pool and a wake-up for each of the two databases. */
export interface Connections {
  readonly eventStore: pg.Pool;
  readonly readModels: pg.Pool;
  readonly wakeEventStore: WakeUp;
  readonly wakeReadModels: WakeUp;
}

export function openConnections(
  system: string,
  urls: { readonly eventStoreUrl: string; readonly readModelsUrl: string },
  reportsOf: ReportsOf,
): Connections {
  return {
    eventStore: makePool(urls.eventStoreUrl, `millrace ${system} event store`, reportsOf),
    readModels: makePool(urls.readModelsUrl, `millrace ${system} read models`, reportsOf),
    wakeEventStore: new WakeUp(urls.eventStoreUrl),
    wakeReadModels: new WakeUp(urls.readModelsUrl),
  };
}

export async function closeWakeUps({ wakeEventStore, wakeReadModels }: Connections): Promise<void> {
  await Promise.all([wakeEventStore.close(), wakeReadModels.close()]);
}

export async function closePools({ eventStore, readModels }: Connections): Promise<void> {
  await Promise.all([eventStore.end(), readModels.end()]);
}

export function poolReport(
  pool: PoolReport['pool'],
  { totalCount, idleCount, waitingCount, options }: pg.Pool,
): PoolReport {
  return { pool, busy: totalCount - idleCount, idle: idleCount, waiting: waitingCount, most: options.max };
}

function makePool(url: string, name: string, reportsOf: ReportsOf): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max: 8,
    application_name: name,
    options: '-c jit=off -c statement_timeout=60s -c lock_timeout=30s -c idle_in_transaction_session_timeout=60s',
    connectionTimeoutMillis: 10_000,
    // A rush after some quiet seconds is not to wait for connections that are made, and statements that are planned, anew.
    idleTimeoutMillis: 60_000,
    // Longer than the server's own time-outs: on a half-open connection an answer would be waited for for many minutes,
    // and with it relay and ledger.
    query_timeout: 65_000,
    keepAlive: true,
  });
  pool.on('error', reportsOf(name));
  return pool;
}
