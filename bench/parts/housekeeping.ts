import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { ArchiveJob } from '../../src/archive/archive-job.ts';
import { LagRetention } from '../../src/lag/lag-retention.ts';
import { openPostgresLog, type PostgresLog } from '../../src/store/postgres/postgres-log.ts';
import { prepareSystem } from '../bench-system.ts';
import { inFlight } from '../contestants/contestant.ts';
import { requestOf } from '../contestants/millrace.ts';
import { compare, measureClosedLoop, type Round, summarize } from '../measure.ts';
import { orderSystem } from '../order-system.ts';
import type { Part } from '../part.ts';

/** Appends while the archive and the ledger's retention work, against none, in slices that take turns. */
export const part: Part = {
  name: 'housekeeping',
  title: 'Housekeeping: appends while old events are archived and old ledger rows deleted, against none',
  run: async (context) => {
    const { quick, askedSeconds, events } = context.settings;
    const seconds = askedSeconds ?? (quick ? 4 : 40);
    const sliceSeconds = Math.min(5, seconds / 2);
    const old = events ?? (quick ? 40_000 : 400_000);
    const { eventStoreUrl, readModelsUrl } = await prepareSystem(context, orderSystem, 'housekeeping');
    const log = openPostgresLog({ url: eventStoreUrl, name: orderSystem.name, names: orderSystem.tables });
    const eventStore = new pg.Pool({ connectionString: eventStoreUrl, max: 4 });
    const readModels = new pg.Pool({ connectionString: readModelsUrl, max: 1 });
    const folder = await mkdtemp(path.join(tmpdir(), 'millrace-bench-archive-'));
    const jobs = () => ({
      archive: new ArchiveJob({
        ...{ eventStore, readModels, folder, log: orderSystem.name, names: orderSystem.tables },
        ...{ endingTypes: ['OrderPlaced'], projections: [], instance: 'bench', afterMs: 0 },
      }),
      retention: new LagRetention({ eventStore, instance: 'bench' }),
    });
    const none: Round[] = [];
    const working: Round[] = [];
    const done = { archived: 0, deleted: 0, seconds: 0 };
    try {
      context.progress(`loading ${old} old events`);
      await loadOld(log, eventStore, old);
      const sizeBefore = await sizeOf(eventStore);
      await load(log, context.settings.warmUpSeconds);
      for (let slice = 1; slice <= Math.ceil(seconds / sliceSeconds); slice += 1) {
        await context.settle();
        none.push(await load(log, sliceSeconds));
        await context.settle();
        const { archive, retention } = jobs();
        const work = Promise.all([archive.runNow(), retention.runNow()]);
        const beganAt = performance.now();
        working.push(await load(log, sliceSeconds));
        await Promise.all([archive.stop(), retention.stop()]);
        const [run, deleted] = await work;
        done.archived += run.events;
        done.deleted += deleted?.rows ?? 0;
        done.seconds += (performance.now() - beganAt) / 1000;
        context.progress(
          `${done.archived} archived, ${done.deleted} deleted: ${rate(working)}/s, none: ${rate(none)}/s`,
        );
      }
      const ratio = compare(working, none);
      const [without, during] = [summarize(none), summarize(working)];
      const index = await sizeOf(eventStore, 'archived_events', 'archived_streams');
      return {
        requirements: [{ figure: 'ratio', value: ratio.median, atLeast: 0.8 }],
        figures: { inFlight, seconds, old, none: without, working: during, ratio, done, sizeBefore, index },
        table: {
          rows: [
            ['', 'events/s', 'min', 'max', 'p99 ms'],
            ...Object.entries({ none: without, housekeeping: during }).map(
              ([name, { opsPerSecond, min, max, p99Ms }]) => [
                name,
                ...[opsPerSecond, min, max].map((figure) => figure.toLocaleString('en')),
                p99Ms.toFixed(2),
              ],
            ),
          ],
          notes: [
            `housekeeping over none: ${ratio.median} (${ratio.min}–${ratio.max})`,
            `in ${done.seconds.toFixed(0)} s ${done.archived} events archived and ${done.deleted} ledger rows deleted`,
            `bytes an event: ${Math.round(sizeBefore / old)} in the log with its indexes, ${Math.round(index / Math.max(1, done.archived))} in the index of the archive`,
          ],
        },
      };
    } finally {
      await log.close();
      await Promise.all([eventStore.end(), readModels.end()]);
      await rm(folder, { recursive: true, force: true });
    }
  },
};

/** Streams of four events, all published and copied, and a row of the ledger for as many events, forty days old. */
async function loadOld(log: PostgresLog, pool: pg.Pool, count: number): Promise<void> {
  for (let loaded = 0; loaded < count; loaded += 1_000) {
    const events = Array.from({ length: 250 }, () => {
      const [one] = requestOf('plain').events;
      if (one === undefined) throw new Error('a request has an event');
      const others = [1, 2, 3].flatMap(() => requestOf('plain').events);
      return [one, ...others.map((other) => ({ ...other, stream: one.stream }))];
    }).flat();
    await log.append({ events });
  }
  await pool.query(
    `insert into lag_ledger (position, event_id, event_name, aggregate_id, status, created_at, total_lag_ms)
     select 1000000000 + n, gen_random_uuid(), 'OrderPlaced', 'order-' || n, 'PROCESSED', now() - interval '40 days' + n * interval '1 ms', 1
     from generate_series(1, $1::int) as n`,
    [count],
  );
  await pool.query(`update lag_cursor set position = $1, rolled_up_to = now()`, [count]);
  await pool.query(
    `insert into relay_cursors (destination, position, event_id) select 'bench', position, event_id from events where position = $1`,
    [count],
  );
  await pool.query('analyze');
}

async function sizeOf(pool: pg.Pool, ...tables: string[]): Promise<number> {
  const wanted = tables.length === 0 ? [orderSystem.tables.events] : tables;
  const found = await pool.query<{ bytes: string }>(
    'select sum(pg_total_relation_size(name::regclass)) as bytes from unnest($1::text[]) as name',
    [wanted],
  );
  return Number(found.rows[0]?.bytes ?? 0);
}

async function load(log: PostgresLog, seconds: number): Promise<Round> {
  const measured = await measureClosedLoop({
    callers: inFlight,
    eventsPerCall: 1,
    seconds,
    call: async () => {
      const outcome = await log.append(requestOf('all'));
      if (outcome.outcome !== 'stored') throw new Error(`the append was answered with ${outcome.outcome}`);
    },
  });
  return measured.round;
}

function rate(rounds: readonly Round[]): number {
  return Math.round(rounds.at(-1)?.opsPerSecond ?? 0);
}
