import { execFile } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { application } from '../../apps/waiting-room/app.ts';
import { repository } from '../../scripts/development-tool.ts';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../../src/embedded/start-embedded-postgres.ts';
import { migrateSystem } from '../../src/migrate-system.ts';
import { exampleSecrets } from './compose-file.ts';

/**
 * The image of PostgreSQL is newer than Debian's 15, and membership in roles has other rules since 16: what init.sql makes
 * has to be enough for the owner there as well.
 */
let folder: string;
let server: EmbeddedPostgres;

const urlOf = async (user: string, secret: string, database: string) => {
  const url = new URL(await server.url('postgres'));
  Object.assign(url, { username: user, password: exampleSecrets()[secret] ?? '', pathname: `/${database}` });
  return url.href;
};

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'millrace-init-'));
  await chmod(folder, 0o755); // the server runs as another account
  server = await startEmbeddedPostgres({ dataFolder: folder, durable: false });
});
afterAll(async () => {
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

test('an owner without the right to make roles prepares both databases on PostgreSQL 18, twice, and each user comes in', async () => {
  const file = path.join(repository, 'infrastructure/postgres/init.sql');
  await promisify(execFile)('/usr/bin/psql', ['-X', '-q', '-d', await server.url('postgres'), '-f', file], {
    env: { PATH: '/usr/bin:/bin', ...exampleSecrets() },
  });
  const urls = {
    eventStoreUrl: await urlOf('rlapp_owner', 'RLAPP_OWNER_PASSWORD', 'waitingroom_eventstore'),
    readModelsUrl: await urlOf('rlapp_owner', 'RLAPP_OWNER_PASSWORD', 'waitingroom_read_models'),
  };
  await migrateSystem(application.system, urls, { grants: 'rlapp' });
  await migrateSystem(application.system, urls, { grants: 'rlapp' });
  const users = [
    ['rlapp_api_1', 'RLAPP_API_PASSWORD'],
    ['rlapp_relay_1', 'RLAPP_RELAY_PASSWORD'],
    ['rlapp_projector_1', 'RLAPP_PROJECTOR_PASSWORD'],
    ['rlapp_reader_1', 'RLAPP_READER_PASSWORD'],
  ] as const;
  for (const [user, secret] of users) {
    for (const [database, relation] of [
      ['waitingroom_eventstore', 'waiting_room_events'],
      ['waitingroom_read_models', 'projection_builds'],
    ] as const) {
      const client = new pg.Client({ connectionString: await urlOf(user, secret, database) });
      await client.connect();
      const { rowCount } = await client.query(`select from ${relation} limit 1`);
      expect(rowCount).not.toBeNull();
      await client.end();
    }
  }
  const nobody = new pg.Client({
    connectionString: await urlOf('rlapp_api_1', 'RLAPP_RELAY_PASSWORD', 'waitingroom_eventstore'),
  });
  await expect(nobody.connect()).rejects.toThrow('password');
});
