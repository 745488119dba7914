// What the benchmarks use of the peers. Written down here because the peers are installed on the first run only, and
// the type check of the repository must not depend on that.

declare module '@event-driven-io/emmett-postgresql' {
  import type { Pool } from 'pg';

  export interface PostgresEventStore {
    readonly schema: { migrate(): Promise<unknown> };
    appendToStream(
      streamName: string,
      events: readonly { type: string; data: object; metadata: object }[],
      options: { expectedStreamVersion: bigint },
    ): Promise<unknown>;
    close(): Promise<void>;
  }

  export interface Projection {
    readonly name: string;
    readonly canHandle: readonly string[];
    readonly evolve: (
      events: readonly { readonly type: string; readonly data: Readonly<Record<string, unknown>> }[],
    ) => string[];
  }
  export function postgreSQLRawBatchSQLProjection(projection: Projection): Projection;

  export interface PostgreSQLEventStoreConsumer {
    projector(options: { projection: Projection }): unknown;
    start(): Promise<void>;
    close(): Promise<void>;
  }
  export function postgreSQLEventStoreConsumer(options: { connectionString: string }): PostgreSQLEventStoreConsumer;

  export function getPostgreSQLEventStore(
    connectionString: string,
    options: { schema: { autoMigration: 'None' }; connectionOptions: { pool: Pool } },
  ): PostgresEventStore;
}

declare module '@dcb-es/event-store' {
  export interface Tags {
    readonly values: readonly string[];
  }
  export const Tags: { fromObj(tags: Record<string, string>): Tags };

  export interface Query {
    readonly isAll: boolean;
  }
  export const Query: { fromItems(items: readonly { types: readonly string[]; tags: Tags }[]): Query };
}

declare module '@dcb-es/event-store-postgres' {
  import type { Query, Tags } from '@dcb-es/event-store';
  import type { Pool } from 'pg';

  export class PostgresEventStore {
    constructor(options: { pool: Pool });
    ensureInstalled(): Promise<void>;
    append(command: {
      events: { type: string; tags: Tags; data: object; metadata: object };
      condition?: { failIfEventsMatch: Query };
    }): Promise<unknown>;
  }
}
