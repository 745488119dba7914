import { readFileSync } from 'node:fs';
import { ledgerSchema, stampSourceSchema } from './lag/ledger-copier.ts';
import { operationsSchema } from './operations/operation-rows.ts';
import { ensureLiveBuild } from './projections/builds.ts';
import { relaySchema } from './relay/relay-store.ts';
import { migrateDatabase, migrateLog } from './store/postgres/migrate.ts';
import type { SystemDefinition } from './system.ts';

/** Counts up with every change of the read-model side's SQL files. */
const readModelsSchemaVersion = 2;

/**
 * Prepares both databases of a system. Safe to run again, and by several processes at once. Throws SCHEMA_NEWER,
 * POSTGRES_VERSION_UNSUPPORTED.
 */
export async function migrateSystem(
  definition: SystemDefinition,
  urls: { readonly eventStoreUrl: string; readonly readModelsUrl: string },
): Promise<void> {
  const leases = readFileSync(new URL('./postgres/leases.sql', import.meta.url), 'utf8');
  const consumers = readFileSync(new URL('./consumers/schema.sql', import.meta.url), 'utf8');
  const { tables } = definition;
  await migrateLog(urls.eventStoreUrl, definition.name, tables, [leases, relaySchema(tables), ledgerSchema(tables)]);
  await migrateDatabase(urls.readModelsUrl, 'read models', readModelsSchemaVersion, async (client) => {
    for (const sql of [leases, consumers, operationsSchema, stampSourceSchema]) await client.query(sql);
    for (const projection of definition.projections) await ensureLiveBuild(client, projection);
  });
}
