import pg, { DatabaseError } from 'pg';
import type { EventRegistry } from '../events/codec.ts';
import type { Lease } from '../postgres/lease.ts';
import type { ProjectionDefinition } from '../projections/definition.ts';
import type { EventLog } from '../store/store.ts';

/** What work on the builds of one projection needs. */
export interface BuildParts {
  readonly definition: ProjectionDefinition;
  readonly log: EventLog;
  readonly registry: EventRegistry;
  readonly readModelsUrl: string;
  /** A lease of this process by its name. */
  readonly lease: (name: string) => Lease;
  /** The projection that the lag ledger follows. */
  readonly primary: boolean;
  /** How long an old build is kept up to date after the swap, in milliseconds. */
  readonly keepOldMs: number;
  /** Pauses before an event that the build cannot take is tried again, in milliseconds. Default: the usual ones. */
  readonly retrySchedule?: readonly number[];
}

/** The lease of whoever makes, swaps or drops builds of a projection. */
export function rebuildLease(parts: BuildParts): Lease {
  return parts.lease(`rebuild:${parts.definition.id}`);
}

/** A pipelined connection to the read-model database, not connected yet. */
export function buildConnection(parts: BuildParts, what = 'rebuild'): pg.Client {
  const client = new pg.Client({
    connectionString: parts.readModelsUrl,
    pipeline: true,
    application_name: `millrace ${what} ${parts.definition.id}`,
    // What a crash loses here, rows and checkpoint together, is built again; the swap commits durably.
    options: '-c jit=off -c synchronous_commit=off -c idle_in_transaction_session_timeout=60s',
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
  });
  client.on('error', () => undefined);
  return client;
}

/** The checkpoint was moved by somebody else, or the build is gone. */
export function isMoved(error: unknown): boolean {
  return error instanceof DatabaseError && (error.code === 'MR011' || error.code === '42P01' || error.code === '3F000');
}
