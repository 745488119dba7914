import pg from 'pg';
import type { Access } from './access/access.ts';
import { PostgresAccess } from './access/postgres-access.ts';

/** Accounts and API keys without a system around them. */
export interface OpenAccess extends AsyncDisposable {
  readonly access: Access;
}

/**
 * Opens the accounts and API keys of an event store, beside a running system or without one. What is revoked takes effect in
 * running processes at once, as long as they hear of it, and otherwise after a few seconds.
 * @example await using opened = openAccess(eventStoreUrl);
 */
export function openAccess(eventStoreUrl: string): OpenAccess {
  const pool = new pg.Pool({ connectionString: eventStoreUrl, max: 2, connectionTimeoutMillis: 10_000 });
  // A connection that breaks while nobody uses it is no news; the next question fails and says so.
  pool.on('error', () => undefined);
  return {
    access: new PostgresAccess(pool),
    [Symbol.asyncDispose]: () => pool.end(),
  };
}
