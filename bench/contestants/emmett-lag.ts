import {
  getPostgreSQLEventStore,
  postgreSQLEventStoreConsumer,
  postgreSQLRawBatchSQLProjection,
} from '@event-driven-io/emmett-postgresql';
import { Pool } from 'pg';
import type { LagContestant } from '../parts/lag.ts';
import { uuidV7 } from '../sample-event.ts';

/**
 * Emmett's own consumer with a projection that writes one row for each event, batch by batch, with its default settings.
 * The time of processing is taken inside its transaction, before the commit, which is in its favour.
 */
export async function emmettLag(url: string): Promise<LagContestant> {
  const pool = new Pool({ connectionString: url, max: 32 });
  const store = getPostgreSQLEventStore(url, { schema: { autoMigration: 'None' }, connectionOptions: { pool } });
  await store.schema.migrate();
  await pool.query(`create table visits_seen (visit_id text primary key, name text not null,
    decided_ms float8 not null, processed_at timestamptz not null)`);
  const consumer = postgreSQLEventStoreConsumer({ connectionString: url });
  consumer.projector({
    projection: postgreSQLRawBatchSQLProjection({
      name: 'visits_seen',
      canHandle: ['PatientCheckedIn'],
      evolve: (events) => [
        `insert into visits_seen values ${events
          .map(
            ({ data }) =>
              `('${String(data['visitId'])}', 'Alex Olsen', ${String(data['decidedMs'])}, clock_timestamp())`,
          )
          .join(', ')}`,
      ],
    }),
  });
  const running = consumer.start();
  return {
    send: async () => {
      const visitId = `visit-${uuidV7()}`;
      const data = {
        visitId,
        decidedMs: performance.timeOrigin + performance.now(),
        patientName: 'Alex Olsen',
        queueId: 'queue-1',
      };
      await store.appendToStream(visitId, [{ type: 'PatientCheckedIn', data, metadata: {} }], {
        expectedStreamVersion: 0n,
      });
    },
    finish: async (sent) => {
      const limit = performance.now() + 30_000;
      for (;;) {
        const result = await pool.query<{ lag: number }>(
          `select (extract(epoch from processed_at)::float8 * 1000 - decided_ms) as lag from visits_seen order by decided_ms`,
        );
        if (result.rows.length >= sent || performance.now() > limit) {
          return { lagsMs: result.rows.map(({ lag }) => lag), complete: result.rows.length === sent };
        }
        await new Promise((resolve) => {
          setTimeout(resolve, 100);
        });
      }
    },
    close: async () => {
      await consumer.close();
      await running;
      await store.close();
      await pool.end();
    },
  };
}
