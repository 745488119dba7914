import { once } from 'node:events';
import { spawn, type ChildProcess } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { grafanaFile } from '../../scripts/dashboards/provisioned-files.ts';
import { doctor, Hands, receptionist, type Day } from './busy-clinic.ts';
import { startDebianCluster, type DebianCluster } from './debian-cluster.ts';
import { dieWithParent } from './die-with-parent.ts';
import { exporters } from './exporters-install.ts';
import { freePort } from './free-port.ts';
import { MillracePlace, millraceProgram } from './millrace-process.ts';
import { prometheusConfig, startPrometheus, type Prometheus } from './prometheus-server.ts';
import { startRabbitMq, type RabbitMq } from './rabbitmq-server.ts';

const clinicApp = fileURLToPath(new URL('../../apps/waiting-room/app.ts', import.meta.url));
const databases = { 'millrace-event-store': 'event_store', 'millrace-read-models': 'read_models' } as const;
const answersWithinMs = 20_000;
/** Notes of a check-in that the read model refuses. */
const refusedNotes = 'refused by the read model';

/**
 * The waiting room on Debian's PostgreSQL 15 and RabbitMQ, with everything around it that the dashboards ask: Prometheus,
 * the exporters of the machine, of PostgreSQL and of RabbitMQ, and the read-only user.
 */
export class ObservedClinic {
  readonly cluster: DebianCluster;
  readonly rabbit: RabbitMq;
  readonly place: MillracePlace;
  readonly prometheus: Prometheus;
  readonly #exporters: readonly ChildProcess[];
  readonly #readers: Readonly<Record<string, pg.Client>>;
  readonly #hands: Hands;

  private constructor(parts: {
    readonly cluster: DebianCluster;
    readonly rabbit: RabbitMq;
    readonly place: MillracePlace;
    readonly prometheus: Prometheus;
    readonly running: readonly ChildProcess[];
    readonly readers: Readonly<Record<string, pg.Client>>;
  }) {
    this.cluster = parts.cluster;
    this.rabbit = parts.rabbit;
    this.place = parts.place;
    this.prometheus = parts.prometheus;
    this.#exporters = parts.running;
    this.#readers = parts.readers;
    this.#hands = new Hands(() => this.place.url);
  }

  /** Starts everything and resolves when Prometheus has scraped all of it. */
  static async start(): Promise<ObservedClinic> {
    const [cluster, rabbit, place] = await Promise.all([
      startDebianCluster(),
      startRabbitMq({ prometheus: true }),
      MillracePlace.make(),
    ]);
    for (const name of Object.values(databases)) await asOwner(cluster, 'postgres', `create database ${name}`);
    Object.assign(place.env, {
      EVENT_STORE_URL: urlOf(cluster, databases['millrace-event-store']),
      READ_MODELS_URL: urlOf(cluster, databases['millrace-read-models']),
      RABBITMQ_URL: rabbit.url,
    });
    await place.ready(place.spawn(process.execPath, [millraceProgram, 'start', '--app', clinicApp]));
    for (const name of Object.values(databases)) await asOwner(cluster, name, grafanaFile('read-only-user.sql'));
    const node = await startExporter(exporters.node, [
      '--collector.disable-defaults',
      ...['cpu', 'meminfo', 'filesystem', 'loadavg'].map((name) => `--collector.${name}`),
      // By itself it leaves out what a container's root usually is.
      '--collector.filesystem.fs-types-exclude=^(proc|sysfs|tmpfs|devpts|cgroup.*|mqueue)$',
    ]);
    const postgres = await startExporter(exporters.postgres, [], {
      DATA_SOURCE_NAME: `${urlOf(cluster, databases['millrace-event-store'])}?sslmode=disable`,
    });
    const prometheus = await startPrometheus({
      config: prometheusConfig({
        jobs: {
          'rlapp-api': [`127.0.0.1:${place.port}`],
          rabbitmq: [rabbit.node.prometheusTarget ?? ''],
          node: [node.target],
          postgres: [postgres.target],
        },
      }),
    });
    const readers: Record<string, pg.Client> = {};
    for (const [uid, name] of Object.entries(databases)) {
      const reader = new pg.Client({ connectionString: urlOf(cluster, name, 'millrace_dashboards') });
      await reader.connect();
      readers[uid] = reader;
    }
    const clinic = new ObservedClinic({
      ...{ cluster, rabbit, place, prometheus, readers },
      running: [node.child, postgres.child],
    });
    await clinic.until('every target answers Prometheus', async () => {
      const targets = Object.values(await prometheus.targets());
      return targets.length === 4 && targets.every((isWell) => isWell);
    });
    return clinic;
  }

  /** Rows as the read-only user of Grafana sees them. */
  async rows(uid: string, sql: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
    const reader = this.#readers[uid];
    if (reader === undefined) throw new Error(`There is no source ${uid}.`);
    return (await reader.query<Record<string, unknown>>(sql)).rows;
  }

  /** Patients come, are called, seen and sent home; two at the reception, two in rooms. */
  async day(patients: number): Promise<void> {
    const day: Day = { patients, arrived: 0, completed: 0 };
    const rooms = ['room-1', 'room-2'].map((room) => doctor(this.#hands, day, room, () => true));
    await Promise.all([...[0, 1].map((first) => receptionist(this.#hands, day, first, 2)), ...rooms]);
  }

  /** One more patient, whom the read model refuses: a constraint on its table stands for a broken handler. */
  async refuseOne(): Promise<void> {
    const table = await this.#visitsTable();
    await this.#inReadModels(
      `alter table ${table} add constraint observed_refusal check (notes is distinct from '${refusedNotes}') not valid`,
    );
    await this.#hands.must('check-in', {
      ...{ queueId: 'general', patientName: 'Marked', consultationType: 'General', notes: refusedNotes },
    });
  }

  /** Rejects when a condition does not come true in time. */
  async until(what: string, isSo: () => Promise<boolean>, withinMs = answersWithinMs): Promise<void> {
    const end = performance.now() + withinMs;
    while (!(await isSo())) {
      if (performance.now() > end) throw new Error(`It did not come about that ${what}.`);
      await pause(100);
    }
  }

  async stop(): Promise<void> {
    await Promise.all(Object.values(this.#readers).map((reader) => reader.end()));
    await this.prometheus.stop();
    for (const child of this.#exporters) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGKILL');
      await once(child, 'close');
    }
    await this.place.remove();
    await this.rabbit.stop();
    await this.cluster.stop();
  }

  async #visitsTable(): Promise<string> {
    const client = new pg.Client({ connectionString: urlOf(this.cluster, databases['millrace-read-models']) });
    await client.connect();
    try {
      const { rows } = await client.query<{ name: string }>(
        `select c.oid::regclass::text as name from pg_class c where c.relname = 'visits' and c.relkind = 'r'`,
      );
      return rows[0]?.name ?? '';
    } finally {
      await client.end();
    }
  }

  #inReadModels(sql: string): Promise<void> {
    return asOwner(this.cluster, databases['millrace-read-models'], sql);
  }
}

function urlOf(cluster: DebianCluster, database: string, user?: string): string {
  const url = new URL(cluster.url);
  url.pathname = `/${database}`;
  if (user !== undefined) url.username = user;
  return url.href;
}

async function asOwner(cluster: DebianCluster, database: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: urlOf(cluster, database) });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

async function startExporter(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<{ readonly child: ChildProcess; readonly target: string }> {
  const target = `127.0.0.1:${await freePort()}`;
  const command = dieWithParent({ program, args: [`--web.listen-address=${target}`, '--log.level=warn', ...args] });
  const child = spawn(command.program, [...command.args], { env: { ...process.env, ...env }, stdio: 'ignore' });
  const end = performance.now() + answersWithinMs;
  const answers = () =>
    fetch(`http://${target}/metrics`).then(
      async (answer) => (await answer.text()).length > 0,
      () => false,
    );
  while (!(await answers())) {
    if (child.exitCode !== null || performance.now() > end) throw new Error(`${program} did not come up.`);
    await pause(50);
  }
  return { child, target };
}
