import { once } from 'node:events';
import { execFile, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import pg from 'pg';
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import { parse, stringify } from 'yaml';
import { repository } from '../../scripts/development-tool.ts';
import { doctor, Hands, receptionist, type Day } from './busy-clinic.ts';
import { startDebianCluster, type DebianCluster } from './debian-cluster.ts';
import { dieWithParent } from './die-with-parent.ts';
import { exporters } from './exporters-install.ts';
import { freePort } from './free-port.ts';
import { MillracePlace, millraceProgram } from './millrace-process.ts';
import { startPrometheus, type Prometheus } from './prometheus-server.ts';
import { startRabbitMq, type RabbitMq } from './rabbitmq-server.ts';

const run = promisify(execFile);
const clinicApp = fileURLToPath(new URL('../../apps/waiting-room/app.ts', import.meta.url));
const databases = { 'millrace-event-store': 'event_store', 'millrace-read-models': 'read_models' } as const;
const nodeFigures = [
  '--collector.disable-defaults',
  ...['cpu', 'meminfo', 'filesystem'].map((name) => `--collector.${name}`),
  // By itself it leaves out what the root of a container usually is.
  '--collector.filesystem.fs-types-exclude=^(proc|sysfs|tmpfs|devpts|cgroup.*|mqueue)$',
];
const answersWithinMs = 40_000;
/** Notes of a check-in that the read model refuses. */
const refusedNotes = 'refused by the read model';

/**
 * The waiting room on Debian's PostgreSQL 15 and RabbitMQ, with everything around it that the dashboards ask: Prometheus,
 * the exporters of the machine, of PostgreSQL and of RabbitMQ, and the read-only user.
 */
export class ObservedClinic {
  readonly rabbit: RabbitMq;
  readonly prometheus: Prometheus;
  readonly #cluster: DebianCluster;
  readonly #targets: Readonly<Record<string, string>>;
  readonly #readers: Readonly<Record<string, pg.Client>>;
  readonly #hands: Hands;
  readonly #parts: AsyncDisposableStack;

  private constructor(parts: {
    readonly cluster: DebianCluster;
    readonly rabbit: RabbitMq;
    readonly place: MillracePlace;
    readonly prometheus: Prometheus;
    readonly readers: Readonly<Record<string, pg.Client>>;
    readonly targets: Readonly<Record<string, string>>;
    readonly started: AsyncDisposableStack;
  }) {
    this.rabbit = parts.rabbit;
    this.prometheus = parts.prometheus;
    this.#cluster = parts.cluster;
    this.#readers = parts.readers;
    this.#targets = parts.targets;
    this.#hands = new Hands(() => parts.place.url);
    this.#parts = parts.started;
  }

  /** Starts everything and resolves when Prometheus has scraped all of it. Stops what it started when that fails. */
  static async start(): Promise<ObservedClinic> {
    await using started = new AsyncDisposableStack();
    const stopping = async <Part extends { stop(): Promise<void> }>(starts: Promise<Part>): Promise<Part> => {
      const part = await starts;
      started.defer(() => part.stop());
      return part;
    };
    const [cluster, rabbit] = await Promise.all([
      stopping(startDebianCluster()),
      stopping(startRabbitMq({ prometheus: true, settings: ['collect_statistics_interval = 1000'] })),
    ]);
    const place = await startClinic(cluster, rabbit, started);
    const [node, postgres] = await Promise.all([
      stopping(startExporter(exporters.node, nodeFigures)),
      stopping(
        startExporter(exporters.postgres, [], { DATA_SOURCE_NAME: `${urlOf(cluster, 'postgres')}?sslmode=disable` }),
      ),
    ]);
    const targets = {
      'rlapp-api': `127.0.0.1:${place.port}`,
      rabbitmq: rabbit.node.prometheusTarget ?? '',
      node: node.target,
      postgres: postgres.target,
    };
    const prometheus = await stopping(startPrometheus({ config: configFor(targets) }));
    const readers: Record<string, pg.Client> = {};
    for (const [uid, name] of Object.entries(databases)) {
      const reader = new pg.Client({ connectionString: urlOf(cluster, name, 'millrace_dashboards') });
      await reader.connect();
      started.defer(() => reader.end());
      readers[uid] = reader;
    }
    const clinic = new ObservedClinic({
      cluster,
      rabbit,
      place,
      prometheus,
      readers,
      targets,
      started: started.move(),
    });
    try {
      await clinic.until('every target answers Prometheus', async () => {
        const answering = Object.values(await prometheus.targets());
        return answering.length === Object.keys(targets).length && answering.every((isWell) => isWell);
      });
    } catch (error) {
      await clinic.stop();
      throw error;
    }
    return clinic;
  }

  /** Rows as the read-only user of Grafana sees them. */
  async rows(uid: string, sql: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
    const reader = this.#readers[uid];
    if (reader === undefined) throw new Error(`There is no source ${uid}.`);
    return (await reader.query<Record<string, unknown>>(sql)).rows;
  }

  /** Patients come, are called, seen and sent home; two at the reception, two in rooms. Again and again: it makes days. */
  async day(patients: number): Promise<void> {
    const day: Day = { patients, arrived: 0, completed: 0 };
    const rooms = ['room-1', 'room-2'].map((room) => doctor(this.#hands, day, room, () => true));
    await Promise.all([...[0, 1].map((first) => receptionist(this.#hands, day, first, 2)), ...rooms]);
  }

  /** Patients who come and are not called yet: as many in each of these queues. */
  async crowd(queues: Readonly<Record<string, number>>): Promise<void> {
    for (const [queueId, count] of Object.entries(queues)) {
      for (let n = 0; n < count; n++) {
        await this.#hands.must('check-in', { queueId, patientName: `Patient ${n}`, consultationType: 'General' });
      }
    }
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

  /** Lets Prometheus scrape one more target, of a job that prometheus.yml does not have. */
  scrapeAlso(job: string, target: string): Promise<void> {
    return this.prometheus.reload({ 'prometheus.yml': configFor(this.#targets, { [job]: target }) });
  }

  /** Rejects when a condition does not come true in time. */
  async until(what: string, isSo: () => Promise<boolean>, withinMs = answersWithinMs): Promise<void> {
    const end = performance.now() + withinMs;
    while (!(await isSo())) {
      if (performance.now() > end) throw new Error(`It did not come about that ${what}.`);
      await pause(100);
    }
  }

  stop(): Promise<void> {
    return this.#parts.disposeAsync();
  }

  async #visitsTable(): Promise<string> {
    const client = new pg.Client({ connectionString: urlOf(this.#cluster, databases['millrace-read-models']) });
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
    return asOwner(this.#cluster, databases['millrace-read-models'], sql);
  }
}

/** The clinic with both databases, RabbitMQ and the read-only user. */
async function startClinic(
  cluster: DebianCluster,
  rabbit: RabbitMq,
  started: AsyncDisposableStack,
): Promise<MillracePlace> {
  const place = await MillracePlace.make();
  started.defer(() => place.remove());
  for (const name of Object.values(databases)) await asOwner(cluster, 'postgres', `create database ${name}`);
  Object.assign(place.env, {
    EVENT_STORE_URL: urlOf(cluster, databases['millrace-event-store']),
    READ_MODELS_URL: urlOf(cluster, databases['millrace-read-models']),
    RABBITMQ_URL: rabbit.url,
  });
  await place.ready(place.spawn(process.execPath, [millraceProgram, 'start', '--app', clinicApp]));
  for (const name of Object.values(databases))
    await runFile(cluster, name, 'infrastructure/grafana/read-only-user.sql');
  return place;
}

/** As docs/GRAFANA.md tells it; twice, since running it again changes nothing. */
async function runFile(cluster: DebianCluster, database: string, file: string): Promise<void> {
  const args = [urlOf(cluster, database), '-v', 'ON_ERROR_STOP=1', '-f', file];
  for (let times = 0; times < 2; times++) await run('psql', args, { cwd: repository });
}

const scrapeJobs = Type.Object({
  scrape_configs: Type.Array(
    Type.Object(
      { job_name: Type.String(), metrics_path: Type.Optional(Type.String()) },
      { additionalProperties: true },
    ),
  ),
});

/** The jobs of the real prometheus.yml, with targets of this machine; those without one are left out. One scrape a second. */
function configFor(targets: Readonly<Record<string, string>>, more: Readonly<Record<string, string>> = {}): string {
  const file = path.join(repository, 'infrastructure/prometheus/prometheus.yml');
  const { scrape_configs } = Value.Parse(scrapeJobs, parse(readFileSync(file, 'utf8')));
  const jobs = scrape_configs.flatMap((job) => {
    const target = targets[job.job_name];
    return target === undefined ? [] : [{ ...job, scrape_interval: '1s', static_configs: [{ targets: [target] }] }];
  });
  const added = Object.entries(more).map(([job_name, target]) => ({
    job_name,
    static_configs: [{ targets: [target] }],
  }));
  if (jobs.length !== Object.keys(targets).length) throw new Error('prometheus.yml lacks a job.');
  return stringify({ global: { scrape_interval: '1s', scrape_timeout: '1s' }, scrape_configs: [...jobs, ...added] });
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
): Promise<{ readonly target: string; stop(): Promise<void> }> {
  const target = `127.0.0.1:${await freePort()}`;
  const command = dieWithParent({ program, args: [`--web.listen-address=${target}`, '--log.level=warn', ...args] });
  const child = spawn(command.program, [...command.args], { env: { ...process.env, ...env }, stdio: 'ignore' });
  const end = performance.now() + answersWithinMs;
  const answers = () =>
    fetch(`http://${target}/metrics`).then(
      async (answer) => (await answer.text()).length > 0,
      () => false,
    );
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'close');
  };
  while (!(await answers())) {
    if (child.exitCode !== null || performance.now() > end) {
      await stop();
      throw new Error(`${program} did not come up.`);
    }
    await pause(50);
  }
  return { target, stop };
}
