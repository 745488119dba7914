import { readFile } from 'node:fs/promises';
import { Pool } from 'pg';
import { sampleEvent } from '../sample-event.ts';
import { betweenTurns, type Contestant } from './contestant.ts';

const insertEvent = `insert into events
  (event_id, aggregate_id, version, event_name, schema_version, payload, metadata, occurred_at)
  values ($1, $2, 1, $3, 1, $4, $5, $6)`;
const insertOutbox = `insert into outbox (event_id, aggregate_id, event_name, payload, metadata)
  values ($1, $2, $3, $4, $5)`;
const insertLag = `insert into event_processing_lag (event_id, event_name, aggregate_id, event_created_at, status)
  values ($1, $2, $3, $4, 'CREATED')`;

/** Tried in turn on two cores: 8 connections were slower, 16 to 64 differed by less than the rounds did. */
const fairPoolSize = 32;

/** The textbook outbox: one transaction a command, with the event, its outbox row and its lag row. */
export function naive(poolSize = fairPoolSize): Contestant {
  let pool: Pool | undefined;
  return {
    name: 'naive',
    does: `one transaction with three inserts (event, outbox, lag), prepared, ${poolSize} connections`,
    countSql: 'select count(*)::int as events from events',
    prepare: async (url) => {
      pool = new Pool({ connectionString: url, max: poolSize, idleTimeoutMillis: betweenTurns });
      await pool.query(await readFile(new URL('naive.sql', import.meta.url), 'utf8'));
    },
    appendOne: async () => {
      if (pool === undefined) throw new Error('not prepared');
      const event = sampleEvent();
      const payload = JSON.stringify(event.payload);
      const metadata = JSON.stringify(event.metadata);
      const client = await pool.connect();
      try {
        await client.query('begin');
        await client.query({
          name: 'event',
          text: insertEvent,
          values: [event.id, event.stream, event.type, payload, metadata, event.occurredAt],
        });
        await client.query({
          name: 'outbox',
          text: insertOutbox,
          values: [event.id, event.stream, event.type, payload, metadata],
        });
        await client.query({
          name: 'lag',
          text: insertLag,
          values: [event.id, event.type, event.stream, event.occurredAt],
        });
        await client.query('commit');
      } finally {
        client.release();
      }
    },
    close: async () => {
      await pool?.end();
    },
  };
}
