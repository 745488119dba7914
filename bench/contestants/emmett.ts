import { getPostgreSQLEventStore, type PostgresEventStore } from '@event-driven-io/emmett-postgresql';
import { Pool } from 'pg';
import { sampleEvent } from '../sample-event.ts';
import { betweenTurns, type Contestant } from './contestant.ts';

/** Tried in turn on two cores: 8 connections were slower, 16 to 64 differed by less than the rounds did. */
const fairPoolSize = 32;

/** Emmett's PostgreSQL event store, one event per `appendToStream`. */
export function emmett(poolSize = fairPoolSize): Contestant {
  let pool: Pool | undefined;
  let store: PostgresEventStore | undefined;
  return {
    name: 'emmett',
    does: `@event-driven-io/emmett-postgresql 0.42.0, appendToStream with expected version 0, ${poolSize} connections`,
    countSql: 'select count(*)::int as events from emt_messages',
    prepare: async (url) => {
      pool = new Pool({ connectionString: url, max: poolSize, idleTimeoutMillis: betweenTurns });
      store = getPostgreSQLEventStore(url, { schema: { autoMigration: 'None' }, connectionOptions: { pool } });
      await store.schema.migrate();
    },
    appendOne: async () => {
      const event = sampleEvent();
      await store?.appendToStream(
        event.stream,
        [{ type: event.type, data: event.payload, metadata: event.metadata }],
        // The number spares it the look-up of the current version that its STREAM_DOES_NOT_EXIST costs.
        { expectedStreamVersion: 0n },
      );
    },
    close: async () => {
      await store?.close();
      await pool?.end();
    },
  };
}
