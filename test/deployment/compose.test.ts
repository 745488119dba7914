import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse, parseDocument } from 'yaml';
import { repository } from '../../scripts/development-tool.ts';
import { readSettings } from '../../src/config.ts';
import { readRepositoryFile, repositoryPaths } from '../unit/repository/repository-files.ts';
import { composeConfig, composeFile, composeSecrets, exampleSecrets, type ComposeFile } from './compose-file.ts';
import { settingsOf } from './dockerfile.ts';
import { composeProblems } from './schema-check.ts';

const { services, volumes, networks } = composeFile();
const own = ['migrate', 'waitingroom-api', 'waitingroom-worker', 'projection-worker'] as const;
const text = readRepositoryFile('docker-compose.yml');

describe('docker-compose.yml', () => {
  test('S184: keeps to the Compose specification, and a field that nobody knows is refused', () => {
    expect(composeProblems(composeFile())).toEqual([]);
    const broken = text.replace('    shm_size: 512m', '    shm_sise: 512m');
    expect(composeProblems(composeFile(broken)).join('\n')).toContain('shm_sise');
  });

  test('S191: docker-compose takes it as it is, with secrets from .env', async () => {
    const resolved = parse(await composeConfig(exampleSecrets())) as ComposeFile;
    expect(Object.keys(resolved.services).sort()).toEqual(Object.keys(services).sort());
  });

  // What is needed of the others, the next test says.
  test.each(['POSTGRES_PASSWORD', 'PATIENT_KEY_SECRET'])(
    'C29: a start without %s is refused by name',
    async (missing) => {
      await expect(composeConfig({ ...exampleSecrets(), [missing]: '' })).rejects.toThrow(`set ${missing} in .env`);
    },
  );

  test('.env.template names every secret of it, and gives none a value', () => {
    const [, part = ''] = readRepositoryFile('.env.template').split('# --- Docker Compose');
    expect([...part.matchAll(/^[A-Z_]+=(.+)$/gm)]).toEqual([]);
    const needed = new Set([...text.matchAll(/\$\{([A-Z_]+):\?set \1 in \.env\}/g)].map(([, name]) => name));
    expect(needed).toEqual(new Set(composeSecrets()));
    // Nothing else is interpolated but what has a default.
    const others = [...text.matchAll(/\$\{(\w+)([^}]*)\}/g)].filter(([, name]) => !needed.has(name));
    expect(others.filter(([, , rest = '']) => !rest.startsWith(':-'))).toEqual([]);
  });

  test.each([
    ['S082', 'postgres'],
    ['S083', 'rabbitmq'],
    ['S084', 'prometheus'],
    ['S085', 'grafana'],
    ['S086', 'seq'],
    ['S087', 'pgadmin'],
    ['S547', 'alertmanager'],
    ['C24', 'postgres_exporter'],
    ['C24', 'node_exporter'],
    ['C24', 'cadvisor'],
  ])('%s: has the service %s, with a pinned image and a health check (S192)', (_, name) => {
    const service = services[name];
    expect(service?.image).toMatch(/^[\w./-]+:v?\d+(\.\d+)+[\w.-]*$/);
    expect(service?.healthcheck?.test?.[0]).toBe('CMD');
    expect(service?.restart).toBe('unless-stopped');
  });

  test('S088: everything is in the network rlapp-network', () => {
    expect(Object.keys(networks)).toEqual(['rlapp-network']);
    for (const [name, { networks: own = [] }] of Object.entries(services)) {
      expect(Array.isArray(own) ? own : Object.keys(own), name).toEqual(['rlapp-network']);
    }
  });

  test.each([
    ['S089', 'postgres_data', 'postgres', '/var/lib/postgresql/data'],
    ['S090', 'rabbitmq_data', 'rabbitmq', '/var/lib/rabbitmq'],
    ['S091', 'prometheus_data', 'prometheus', '/prometheus'],
    ['S092', 'grafana_data', 'grafana', '/var/lib/grafana'],
    ['S093', 'seq_data', 'seq', '/data'],
  ])('%s: the volume %s keeps what %s has in %s', (_, volume, service, folder) => {
    expect(volumes).toHaveProperty(volume);
    expect(services[service]?.volumes).toContain(`${volume}:${folder}`);
  });

  test.each([
    ['S419', 'postgres', '5432'],
    ['S420', 'rabbitmq', '5672'],
    ['S420', 'rabbitmq', '15672'],
    ['S421', 'prometheus', '9090'],
    ['S333, S422', 'grafana', '3000'],
    ['S334, S423', 'seq', '5341'],
    ['S335, S424', 'pgadmin', '5050'],
    ['S547', 'alertmanager', '9093'],
    ['S193', 'waitingroom-api', '5000'],
  ])('%s: %s is on port %s of this machine, and of no other', (_, name, port) => {
    expect(services[name]?.ports?.some((one) => one.startsWith(`127.0.0.1:${port}:`))).toBe(true);
    const open = Object.values(services).flatMap(({ ports = [] }) =>
      ports.filter((one) => !one.startsWith('127.0.0.1:')),
    );
    expect(open).toEqual([]);
  });

  test.each(own)('%s is read-only, has no capability, and settings that Millrace takes', (name) => {
    const service = services[name];
    expect(service).toMatchObject({ read_only: true, tmpfs: ['/tmp'], cap_drop: ['ALL'] });
    expect(service?.cap_add).toBeUndefined();
    const filled = Object.entries(service?.environment ?? {}).map(([key, value]) => [
      key,
      value.replaceAll(
        /\$\{(\w+)(?::[-?]([^}]*))?\}/g,
        (_, variable: string, rest: string) => exampleSecrets()[variable] ?? (rest === undefined ? '' : rest),
      ),
    ]);
    const image = settingsOf(service?.build?.target ?? '').env;
    expect(() => readSettings({ ...image, ...(Object.fromEntries(filled) as Record<string, string>) })).not.toThrow();
  });

  test('S273, S274, S275, S276, S277, S278: the settings have the names of the seeds, and their values', () => {
    const environment = services['waitingroom-worker']?.environment ?? {};
    expect(environment['EventStore__ConnectionString']).toMatch(/^Host=postgres;/);
    expect(environment).toMatchObject({
      RabbitMq__HostName: 'rabbitmq',
      RabbitMq__Port: '5672',
      OutboxDispatcher__PollingIntervalSeconds: '5',
      OutboxDispatcher__BatchSize: '100',
      Serilog__WriteTo__1__Args__serverUrl: 'http://seq:5341',
    });
  });

  test('C30: each process has a user of its own, and only the one that prepares has the owner’s', () => {
    const users = own.map(
      (name) => /Username=(\w+)/.exec(services[name]?.environment?.['EventStore__ConnectionString'] ?? '')?.[1],
    );
    expect(users).toEqual(['rlapp_owner', 'rlapp_api_1', 'rlapp_relay_1', 'rlapp_projector_1']);
    expect(services['waitingroom-api']?.environment).not.toHaveProperty('RabbitMq__Password');
  });

  test('S279, S280, S281: the three processes start when the databases are prepared', () => {
    for (const name of own.slice(1)) {
      expect(services[name]?.depends_on).toMatchObject({
        postgres: { condition: 'service_healthy' },
        migrate: { condition: 'service_completed_successfully' },
      });
    }
    expect(services['migrate']).toMatchObject({ restart: 'no', command: ['migrate', '--grants', 'rlapp'] });
    for (const [name, { depends_on: needs = {} }] of Object.entries(services)) {
      for (const [other, { condition }] of Object.entries(needs)) {
        const needed = services[other];
        expect(needed, `${name} waits for ${other}`).toBeDefined();
        if (condition === 'service_healthy') expect(needed?.healthcheck?.test, other).toBeDefined();
      }
    }
  });

  test('nothing is privileged, and nobody gains rights in it', () => {
    for (const [name, service] of Object.entries(services)) {
      expect(service.privileged, name).toBeUndefined();
      expect(service.cap_drop, name).toEqual(['ALL']);
      expect(service.security_opt, name).toEqual(['no-new-privileges:true']);
    }
  });

  test('no password stands in it, nor in any file for servers', async () => {
    const files = repositoryPaths([
      'docker-compose.yml',
      '.env.template',
      'infrastructure/**/*',
      'k8s/**/*',
      'swarm/**/*',
    ]);
    const known = /admin123|guest:guest|password\s*[:=]\s*['"]?[\w-]{4,}['"]?\s*$/i;
    const found = files.flatMap((file) =>
      readRepositoryFile(file)
        .split('\n')
        .filter((line) => !line.trimStart().startsWith('#') && known.test(line))
        .map((line) => `${file}: ${line.trim()}`),
    );
    expect(found).toEqual([]);
  });

  test('S187, S188, S189, S190: files that it mounts are there', () => {
    const mounted = Object.values(services).flatMap(({ volumes: all = [] }) =>
      all.filter((one) => one.startsWith('./')).map((one) => one.slice(2).split(':')[0] ?? ''),
    );
    expect(mounted.length).toBeGreaterThan(4);
    const missing = mounted.filter((one) => repositoryPaths([one, `${one}/**/*`]).length === 0);
    // Rules and dashboards come with their own pages.
    const isDue = (file: string) =>
      existsSync(path.join(repository, 'docs', file.includes('grafana') ? 'GRAFANA.md' : 'PROMETHEUS.md'));
    expect(missing.filter((one) => !/grafana|prometheus|alertmanager/.test(one) || isDue(one))).toEqual([]);
  });

  test('S461: pgAdmin signs in as admin@rlapp.local and finds both databases, as the reader', () => {
    expect(services['pgadmin']?.environment).toMatchObject({ PGADMIN_DEFAULT_EMAIL: 'admin@rlapp.local' });
    const servers = JSON.parse(readRepositoryFile('infrastructure/pgadmin/servers.json')) as {
      Servers: Record<string, { MaintenanceDB: string; Username: string; Host: string }>;
    };
    expect(Object.values(servers.Servers).map((one) => [one.Host, one.MaintenanceDB, one.Username])).toEqual([
      ['postgres', 'waitingroom_eventstore', 'rlapp_reader_1'],
      ['postgres', 'waitingroom_read_models', 'rlapp_reader_1'],
    ]);
  });

  test('what docker-compose refuses is refused by this test too', async () => {
    const file = path.join(tmpdir(), `millrace-broken-${process.pid}.yml`);
    const broken = parseDocument(text);
    broken.deleteIn(['volumes', 'seq_data']);
    await writeFile(file, broken.toString());
    try {
      expect(await readFile(file, 'utf8')).toContain('seq_data:/data');
      await expect(composeConfig(exampleSecrets(), file)).rejects.toThrow('seq_data');
    } finally {
      await rm(file);
    }
  });
});
