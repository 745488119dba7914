import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { describe, expect, onTestFinished, test } from 'vitest';
import { EventRegistry } from '../../src/events/codec.ts';
import { migrateSystem } from '../../src/migrate-system.ts';
import { startSystem } from '../../src/start-system.ts';
import { openPostgresLog } from '../../src/store/postgres/postgres-log.ts';
import { hasDebianPostgres, startDebianCluster, type DebianCluster } from '../support/debian-cluster.ts';
import { appendSteps, eventually } from '../support/example-databases.ts';
import { journey, makeExample } from '../support/example-system.ts';
import { readAll } from '../support/test-log.ts';

const { system: example } = makeExample();

function databasesOf({ url }: DebianCluster): { readonly eventStoreUrl: string; readonly readModelsUrl: string } {
  const at = (name: string) => Object.assign(new URL(url), { pathname: `/${name}` }).href;
  return { eventStoreUrl: at('parcels'), readModelsUrl: at('parcels_read') };
}

async function onCluster(cluster: DebianCluster, ...statements: readonly string[]): Promise<pg.QueryResult> {
  const client = new pg.Client({ connectionString: cluster.url });
  await client.connect();
  try {
    let last = await client.query('select 1');
    for (const sql of statements) last = await client.query(sql);
    return last;
  } finally {
    await client.end();
  }
}

const openLog = (cluster: DebianCluster) =>
  openPostgresLog({ url: databasesOf(cluster).eventStoreUrl, name: example.name, names: example.tables });

// The guide's steps, with the tools of Debian's PostgreSQL 15: the embedded binaries hold none.
describe.skipIf(!hasDebianPostgres)('a restore drill with WAL archiving', () => {
  test('S529: both databases come back as they were at a named moment, are a new incarnation, and go on', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'millrace-wal-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const [wal, base] = [path.join(folder, 'wal'), path.join(folder, 'base')];
    await mkdir(wal);
    for (const each of [folder, wal]) await chmod(each, 0o777);
    const registry = new EventRegistry(example.name, example.events);
    const old = await startDebianCluster({
      settings: ['archive_mode = on', `archive_command = 'test ! -f ${wal}/%f && cp %p ${wal}/%f'`],
    });
    let head = { position: 0, incarnation: '' };
    try {
      await onCluster(old, 'create database parcels', 'create database parcels_read');
      await migrateSystem(example, databasesOf(old));
      const system = await startSystem(example, databasesOf(old));
      await appendSteps(system.log, registry, journey('before', ['north', 'south']));
      await old.tool('pg_basebackup', ['-D', base, '--checkpoint=fast', '--wal-method=none', '--no-sync']);
      await appendSteps(system.log, registry, journey('after', ['north', 'east', 'south']));
      head = await system.log.head();
      await eventually(
        'the read model has it',
        async () => (await system.projections.get('parcels')).position === head.position,
      );
      await onCluster(old, `select pg_create_restore_point('before-the-accident')`);
      await appendSteps(system.log, registry, journey('accident', ['north', 'south']));
      await system.stop();
      const { rows } = await onCluster(old, 'select pg_walfile_name(pg_switch_wal()) as file');
      const file = (rows[0] as { readonly file: string }).file;
      await eventually(`${file} is archived`, async () => {
        const found = await onCluster(old, `select last_archived_wal >= '${file}' as done from pg_stat_archiver`);
        return (found.rows[0] as { readonly done: boolean | null }).done === true;
      });
    } finally {
      await old.stop();
    }

    const fresh = await startDebianCluster({
      base,
      settings: [
        `restore_command = 'cp ${wal}/%f %p'`,
        `recovery_target_name = 'before-the-accident'`,
        `recovery_target_action = 'promote'`,
        'archive_mode = off',
      ],
    });
    onTestFinished(() => fresh.stop());
    await eventually('recovery ends', async () => {
      const { rows } = await onCluster(fresh, 'select pg_is_in_recovery() as recovers');
      return !(rows[0] as { readonly recovers: boolean }).recovers;
    });
    await migrateSystem(example, databasesOf(fresh));
    const log = openLog(fresh);
    onTestFinished(() => log.close());
    const events = await readAll(log);
    expect(events).toHaveLength(head.position);
    expect(events.some(({ stream }) => stream === 'parcel-accident')).toBe(false);
    expect((await log.head()).incarnation).not.toBe(head.incarnation);
    const system = await startSystem(example, databasesOf(fresh));
    onTestFinished(() => system.stop());
    await appendSteps(system.log, registry, journey('again', ['north', 'south']));
    const { position } = await system.log.head();
    await eventually('it goes on', async () => (await system.projections.get('parcels')).position === position);
    expect(await system.projections.get('parcels')).toMatchObject({ healthy: true });
  });
});
