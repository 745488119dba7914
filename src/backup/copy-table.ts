import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { escapeLiteral, type Client } from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import type { TableBackup } from './manifest.ts';
import { qualified, quoted, type TableToCopy } from './tables.ts';

/** Rows of a page: some hundredths of a second. */
export const defaultPageSize = 20_000;

export interface CopyOptions {
  readonly client: Client;
  readonly folder: string;
  readonly database: TableBackup['database'];
  /** Rows of a growing table that belong to later positions are left out. */
  readonly head: number;
  readonly pageSize: number;
  /** Called with the rows so far. */
  readonly onRows: (rows: number) => void;
}

/**
 * Copies a table into a gzipped file. Inside of a transaction all of it is of one snapshot; a table that grows with the
 * log is copied outside of one, page by page.
 */
export async function copyTable(table: TableToCopy, options: CopyOptions): Promise<TableBackup> {
  const { client, folder, database, onRows } = options;
  const file = `${database}.${table.schema}.${table.name}.copy.gz`;
  const gzip = createGzip({ level: 4 });
  const sha256 = createHash('sha256');
  let bytes = 0;
  const measured = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      sha256.update(chunk);
      bytes += chunk.length;
      done(null, chunk);
    },
  });
  const written = pipeline(gzip, measured, createWriteStream(join(folder, file), { mode: 0o600, flags: 'wx' }));
  // Whoever copies sees the failure of the file at the next page; nobody must see it unhandled before.
  written.catch(() => undefined);
  let rows = 0;
  let hash = 0n;
  try {
    for await (const where of table.upTo === undefined ? ['true'] : pages(table, table.upTo, options)) {
      if (table.upTo !== undefined) await client.query('begin isolation level repeatable read read only');
      const page: AsyncIterable<Buffer> = client.query(copyTo(`copy (${rowsOf(table, where)}) to stdout`));
      for await (const chunk of page) {
        // A file that fails ends the wait as well.
        if (!gzip.write(chunk)) await Promise.race([once(gzip, 'drain'), written]);
      }
      const digest = await digestOf(client, table, where);
      if (table.upTo !== undefined) await client.query('commit');
      rows += digest.rows;
      hash += digest.hash;
      onRows(rows);
    }
  } finally {
    gzip.end();
    await written;
  }
  const { schema, name, columns } = table;
  return {
    database,
    schema,
    name,
    columns: [...columns],
    file,
    bytes,
    sha256: sha256.digest('hex'),
    rows,
    hash: String(hash),
  };
}

/** How many rows there are, and the sum of the hashes of their texts. The session's settings must be those of `readable`. */
export async function digestOf(
  client: Client,
  table: Pick<TableToCopy, 'schema' | 'name' | 'columns'>,
  where = 'true',
): Promise<{ readonly rows: number; readonly hash: bigint }> {
  const { rows } = await client.query<{ rows: string; hash: string }>(
    `select count(*) as rows, coalesce(sum(hashtextextended(row(${table.columns.map(quoted).join(', ')})::text, 0)), 0)::text as hash
     from ${qualified(table)} where ${where}`,
  );
  return { rows: Number(rows[0]?.rows ?? 0), hash: BigInt(rows[0]?.hash ?? 0) };
}

/** Values as texts that mean the same everywhere: what COPY writes and the hashes are made of. */
export const readable =
  "set datestyle to 'ISO, YMD'; set timezone to 'UTC'; set intervalstyle to 'postgres'; set extra_float_digits to 1; set bytea_output to 'hex'";

function rowsOf(table: TableToCopy, where: string): string {
  const order = table.key.length === 0 ? '' : ` order by ${table.key.map(quoted).join(', ')}`;
  return `select ${table.columns.map(quoted).join(', ')} from ${qualified(table)} where ${where}${order}`;
}

/** Conditions, each of which takes the rows of one page. */
async function* pages(
  table: TableToCopy,
  upTo: string,
  { client, head, pageSize }: CopyOptions,
): AsyncGenerator<string> {
  const key = table.key.map(quoted);
  const within = `${quoted(upTo)} <= ${head}`;
  for (let after = 'true'; ;) {
    const end = await client.query<{ [column: string]: string }>({
      text: `select ${key.map((column) => `${column}::text`).join(', ')} from (
          select ${key.join(', ')} from ${qualified(table)} where ${after} and ${within} order by ${key.join(', ')} limit ${pageSize}
        ) page order by ${key.map((column) => `page.${column} desc`).join(', ')} limit 1`,
    });
    const last = end.rows[0];
    if (last === undefined) return;
    const values = `(${table.key.map((column) => escapeLiteral(last[column] ?? '')).join(', ')})`;
    yield `${after} and (${key.join(', ')}) <= ${values} and ${within}`;
    after = `(${key.join(', ')}) > ${values}`;
  }
}
