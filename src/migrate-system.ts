import { readFileSync } from 'node:fs';
import type pg from 'pg';
import { archiveSchema } from './archive/postgres-archive.ts';
import { accessSchema } from './access/postgres-access.ts';
import { ledgerSchema, stampSourceSchema } from './lag/ledger-copier.ts';
import { operationsSchema } from './operations/operation-rows.ts';
import { grantRights, groupRoles } from './postgres/grants.ts';
import { ensureLiveBuild } from './projections/builds.ts';
import { relaySchema } from './relay/relay-store.ts';
import { migrateDatabase, migrateLog } from './store/postgres/migrate.ts';
import type { SystemDefinition } from './system.ts';
import { timersSchema } from './timers/firings.ts';

export { groupRoles } from './postgres/grants.ts';

/** Counts up with every change of the read-model side's SQL files. */
const readModelsSchemaVersion = 3;

/** What a migration does besides. */
export interface MigrateOptions {
  /**
   * Makes four group roles that cannot log in, when they are not there, and gives them their rights, and nobody else:
   * `<grants>_api`, `_relay`, `_projector` and `_reader`. Default: rights stay as they are.
   */
  readonly grants?: string;
}

/**
 * Prepares both databases of a system. Safe to run again, and by several processes at once. Throws SCHEMA_NEWER,
 * POSTGRES_VERSION_UNSUPPORTED, MIGRATION_FORBIDDEN when the user may not, SETTING_INVALID for `grants` that is no
 * beginning of a name.
 * @example await migrateSystem(cart, { eventStoreUrl, readModelsUrl }, { grants: 'shop' });
 */
export async function migrateSystem(
  definition: SystemDefinition,
  urls: { readonly eventStoreUrl: string; readonly readModelsUrl: string },
  options: MigrateOptions = {},
): Promise<void> {
  const exposes = definition.projections.flatMap((projection) => projection.exposes);
  const roles = options.grants === undefined ? undefined : groupRoles(options.grants);
  const grant = async (client: pg.Client, database: 'event store' | 'read models') => {
    if (roles !== undefined) await grantRights(client, database, { roles, names: definition.tables, exposes });
  };
  const leases = readFileSync(new URL('./postgres/leases.sql', import.meta.url), 'utf8');
  const consumers = readFileSync(new URL('./consumers/schema.sql', import.meta.url), 'utf8');
  const { tables } = definition;
  const schemas = [
    leases,
    relaySchema(tables),
    ledgerSchema(tables),
    timersSchema(),
    accessSchema(),
    archiveSchema(tables),
  ];
  await migrateLog(urls.eventStoreUrl, definition.name, tables, schemas, (client) => grant(client, 'event store'));
  await migrateDatabase(urls.readModelsUrl, 'read models', readModelsSchemaVersion, async (client) => {
    for (const sql of [leases, consumers, operationsSchema, stampSourceSchema]) await client.query(sql);
    for (const projection of definition.projections) await ensureLiveBuild(client, projection);
    await grant(client, 'read models');
  });
}
