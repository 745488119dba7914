import { readFileSync } from 'node:fs';
import type pg from 'pg';
import { ArchiveFolder } from './archive/archive-folder.ts';
import { archiveSchema } from './archive/postgres-archive.ts';
import { accessSchema } from './access/postgres-access.ts';
import { ledgerSchema, stampSourceSchema } from './lag/ledger-copier.ts';
import { operationsSchema } from './operations/operation-rows.ts';
import { grantRights, groupRoles } from './postgres/grants.ts';
import type { ProjectionDefinition } from './projections/definition.ts';
import { ensureLiveBuild, isOutdated } from './projections/builds.ts';
import { renewBuilds } from './rebuild/renew-builds.ts';
import { relaySchema } from './relay/relay-store.ts';
import { migrateDatabase, migrateLog } from './store/postgres/migrate.ts';
import { openPostgresLog } from './store/postgres/postgres-log.ts';
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
  /**
   * Where old events are archived: a read model that is made anew is made of them as well. Default: none are, and making
   * one anew fails with ARCHIVE_FILE_MISSING when some were.
   */
  readonly archive?: { readonly folder: string };
  /** Called before a read model is made anew, with its name: that may take minutes for a long log. */
  readonly onRenewing?: (projection: string) => void;
}

/**
 * Prepares both databases of a system. A read model whose tables an earlier version made is made anew from the log, and
 * readers see the earlier one until then. Safe to run again, and by several processes at once. Throws SCHEMA_NEWER,
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
  let outdated: ProjectionDefinition[] = [];
  await migrateDatabase(urls.readModelsUrl, 'read models', readModelsSchemaVersion, async (client) => {
    outdated = [];
    for (const sql of [leases, consumers, operationsSchema, stampSourceSchema]) await client.query(sql);
    for (const projection of definition.projections) {
      await ensureLiveBuild(client, projection);
      if (await isOutdated(client, projection)) outdated.push(projection);
    }
    if (outdated.length === 0) await grant(client, 'read models');
  });
  if (outdated.length === 0) return;
  const { eventStoreUrl, readModelsUrl } = urls;
  const archive = options.archive === undefined ? {} : { archive: new ArchiveFolder(options.archive.folder) };
  const log = openPostgresLog({ url: eventStoreUrl, name: definition.name, names: tables, ...archive });
  try {
    await renewBuilds({ definition, log, readModelsUrl }, outdated, options.onRenewing);
  } finally {
    await log.close();
  }
  // Rights on views that are there only now.
  await migrateDatabase(urls.readModelsUrl, 'read models', readModelsSchemaVersion, (client) =>
    grant(client, 'read models'),
  );
}
