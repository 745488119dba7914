import { readFile } from 'node:fs/promises';
import { finished } from 'node:stream/promises';
import { Client } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import type { Contestant } from './contestant.ts';
import { copyColumns, copyData, unnestParameters } from './floor-rows.ts';

const rowsPerStatement = 64;

/**
 * What this machine and PostgreSQL can do at all with these rows: one connection, 64 rows a statement, one statement
 * after the other, nothing checked but the indexes. The next rows are made while the server works on the present
 * ones, so that making them hides behind the server where there is a core for it.
 */
export function floor(by: 'unnest' | 'copy'): Contestant {
  let client: Client | undefined;
  let insert = '';
  let first = 1;
  const make =
    by === 'unnest' ? () => unnestParameters(first, rowsPerStatement) : () => copyData(first, rowsPerStatement);
  let next: Buffer | Buffer[] | undefined;

  const send = async (connection: Client, rows: Buffer | Buffer[]): Promise<void> => {
    if (Array.isArray(rows)) await connection.query({ name: 'floor', text: insert, values: rows });
    else {
      const copy = connection.query(copyFrom(`copy events (${copyColumns}) from stdin (format binary)`));
      copy.end(rows);
      await finished(copy);
    }
  };

  return {
    name: `floor-${by}`,
    does: `bare ${by === 'copy' ? 'COPY' : 'INSERT … SELECT FROM unnest'} of ${rowsPerStatement} rows a statement, 1 connection`,
    callers: 1,
    eventsPerCall: rowsPerStatement,
    countSql: 'select count(*)::int as events from events',
    prepare: async (url) => {
      insert = await readFile(new URL('floor-unnest.sql', import.meta.url), 'utf8');
      client = new Client({ connectionString: url });
      await client.connect();
      await client.query(await readFile(new URL('floor.sql', import.meta.url), 'utf8'));
    },
    appendOne: async () => {
      if (client === undefined) throw new Error('not prepared');
      const rows = next ?? make();
      const sent = send(client, rows);
      first += rowsPerStatement;
      next = make();
      await sent;
    },
    close: async () => {
      await client?.end();
    },
  };
}
