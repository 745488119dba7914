import type pg from 'pg';

/**
 * Runs statements as one transaction in one network turn, on a pipelined connection. When one fails the server skips
 * the rest and rolls back; the first error is thrown.
 */
export async function transact(client: pg.Client, queries: readonly pg.QueryConfig[]): Promise<void> {
  const results = await Promise.allSettled([
    client.query('begin'),
    ...queries.map((query) => client.query(query)),
    client.query('commit'),
  ]);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}
