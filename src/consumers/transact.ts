import type pg from 'pg';
import { inOnePacket } from '../postgres/one-packet.ts';

/** Runs statements so that all of them take effect or none. */
export type Scope = (client: pg.Client, queries: readonly pg.QueryConfig[]) => Promise<void>;

/**
 * Runs statements as one transaction in one network turn, on a pipelined connection. When one fails the server skips
 * the rest and rolls back; the first error is thrown.
 */
export const transact: Scope = (client, queries) => inOneTurn(client, ['begin', ...queries, 'commit']);

/** The same inside a transaction that the caller has opened. */
export const transactInside: Scope = async (client, queries) => {
  try {
    await inOneTurn(client, ['savepoint step', ...queries, 'release savepoint step']);
  } catch (error) {
    // When the connection is gone there is nothing to roll back; the first error tells.
    await client.query('rollback to savepoint step').catch(() => undefined);
    throw error;
  }
};

async function inOneTurn(client: pg.Client, queries: readonly (pg.QueryConfig | string)[]): Promise<void> {
  const results = await Promise.allSettled(inOnePacket(client, () => queries.map((query) => client.query(query))));
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}
