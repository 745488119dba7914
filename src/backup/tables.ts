import { readFileSync } from 'node:fs';
import type pg from 'pg';
import { buildSchema } from '../projections/builds.ts';
import type { SystemDefinition } from '../system.ts';

/** A table as the database describes it. */
export interface TableShape {
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly string[];
  /** Columns of the primary key, in its order; empty without one. */
  readonly key: readonly string[];
  /** The column whose values the database counts up itself. */
  readonly identity: string | null;
}

/** A table that a backup takes. */
export interface TableToCopy extends TableShape {
  /**
   * Of a table that grows with the log: the column that says up to which position a row belongs to. Such a table is read
   * page by page, each in a moment, because nothing may hold a snapshot of the event store for long. What lies below the
   * head does not change any more.
   */
  readonly upTo: string | undefined;
}

const tablesSql = readFileSync(new URL('./tables.sql', import.meta.url), 'utf8');

/** What belongs to one place or to one moment, and must be made anew at another. */
const notTaken = new Set([
  'public.leases',
  'public.log_info',
  'public.log_lock',
  'public.millrace_schema',
  'public.projection_builds', // its live rows stand in the manifest
  'millrace_access.sign_ins', // who was signed in signs in again
  'millrace_access.one_use',
]);

/** @example qualified({ schema: 'public', name: 'event_tags' }) // '"public"."event_tags"' */
export function qualified({ schema, name }: Pick<TableShape, 'schema' | 'name'>): string {
  return `${quoted(schema)}.${quoted(name)}`;
}

export function quoted(identifier: string): string {
  return `"${identifier.replaceAll('"', '""')}"`;
}

/** All tables of a database, whosever they are. */
export async function tablesOf(client: pg.ClientBase): Promise<readonly TableShape[]> {
  return (await client.query<TableShape & pg.QueryResultRow>(tablesSql)).rows;
}

/** The tables of the event store that a backup takes; those that grow with the log come last. */
export function eventStoreTables(all: readonly TableShape[], system: SystemDefinition): readonly TableToCopy[] {
  const growing: { readonly [table: string]: string } = {
    [system.tables.events]: 'position',
    event_tags: 'position',
    archived_events: 'position',
    command_keys: 'first_position',
    lag_ledger: 'position',
  };
  const taken = all
    .filter(({ schema, name }) => ['public', 'millrace_access'].includes(schema) && !notTaken.has(`${schema}.${name}`))
    .map((table) => ({ ...table, upTo: table.schema === 'public' ? growing[table.name] : undefined }));
  return [...taken.filter(({ upTo }) => upTo === undefined), ...taken.filter(({ upTo }) => upTo !== undefined)];
}

/** The tables of the read-model database that a backup takes: the live builds, and what consumers keep beside them. */
export function readModelTables(
  all: readonly TableShape[],
  live: readonly { readonly projection: string; readonly generation: number }[],
): readonly TableToCopy[] {
  const builds = new Set(live.map(({ projection, generation }) => buildSchema(projection, generation)));
  return all
    .filter(({ schema, name }) => (schema === 'public' && !notTaken.has(`${schema}.${name}`)) || builds.has(schema))
    .map((table) => ({ ...table, upTo: undefined }));
}
