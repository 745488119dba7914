import { execFile } from 'node:child_process';
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { waitingRoom } from '../../apps/waiting-room/system.ts';
import { readSettings } from '../../src/config.ts';
import type { Role } from '../../src/running-system.ts';
import { freePort } from '../support/free-port.ts';
import { millraceProgram } from '../support/millrace-process.ts';
import { startRabbitMq, startRabbitMqCluster, type RabbitMq } from '../support/rabbitmq-server.ts';
import { ChaosPostgres } from './chaos-postgres.ts';
import { Conservation } from './conservation.ts';
import { PatientClient } from './progress-watch.ts';
import { RoleProcess } from './role-process.ts';
import { waitFor } from './wait-for.ts';
import { WireProxy } from './wire-proxy.ts';

const run = promisify(execFile);
const migrateWithinMs = 60_000;
const relayWithinMs = 30_000;

/**
 * What a fault is played on. `plain`: the programs reach their servers directly. `proxied`: through proxies that can
 * break the wire. `cluster`: three RabbitMQ nodes behind one address. `small-disk`: PostgreSQL on 400 MB.
 */
export type StageKind = 'plain' | 'proxied' | 'cluster' | 'small-disk';

export interface StageOptions {
  readonly kind: StageKind;
  /** False: on the embedded broker, where relay and projectors meet by the log. */
  readonly rabbitmq: boolean;
  /** A folder that every account can reach; logs stay there. */
  readonly folder: string;
  /** One process for each. Default: two of each role, one to work and one to stand by, or both to work. */
  readonly crew?: readonly Role[];
  /** Told about every step that takes a while. */
  readonly report: (line: string) => void;
}

const pairs: readonly Role[] = ['api', 'api', 'relay', 'relay', 'projector', 'projector'];

/** Whether `millrace start` takes RABBITMQ_URL. */
export function takesRabbitMq(): boolean {
  return Object.hasOwn(readSettings({ RABBITMQ_URL: 'amqp://guest:guest@127.0.0.1:5672' }), 'rabbitmqUrl');
}

/** A whole system of real processes: PostgreSQL, RabbitMQ, and two of each role. */
export class Stage {
  readonly kind: StageKind;
  readonly postgres: ChaosPostgres;
  /** Undefined on the embedded broker. */
  readonly rabbit: RabbitMq | undefined;
  readonly postgresWire: WireProxy | undefined;
  readonly rabbitWire: WireProxy | undefined;
  readonly processes: readonly RoleProcess[];
  /** Directly to the server, past any proxy. */
  readonly eventStoreUrl: string;
  readonly readModelsUrl: string;
  readonly conservation: Conservation;
  readonly #eventStore: PatientClient;
  readonly #readModels: PatientClient;
  readonly #folder: string;

  private constructor(parts: {
    readonly kind: StageKind;
    readonly postgres: ChaosPostgres;
    readonly rabbit: RabbitMq | undefined;
    readonly postgresWire: WireProxy | undefined;
    readonly rabbitWire: WireProxy | undefined;
    readonly processes: readonly RoleProcess[];
    readonly folder: string;
  }) {
    this.kind = parts.kind;
    this.postgres = parts.postgres;
    this.rabbit = parts.rabbit;
    this.postgresWire = parts.postgresWire;
    this.rabbitWire = parts.rabbitWire;
    this.processes = parts.processes;
    this.#folder = parts.folder;
    this.eventStoreUrl = parts.postgres.url(waitingRoom.databases.eventStore);
    this.readModelsUrl = parts.postgres.url(waitingRoom.databases.readModels);
    this.conservation = new Conservation(waitingRoom, this);
    this.#eventStore = new PatientClient(this.eventStoreUrl);
    this.#readModels = new PatientClient(this.readModelsUrl);
  }

  /** Starts everything; when a part fails, what was started is stopped again. */
  static async start({ kind, rabbitmq, folder, report, crew = pairs }: StageOptions): Promise<Stage> {
    await mkdir(folder, { recursive: true });
    const stops: (() => Promise<void>)[] = [];
    try {
      report('starting PostgreSQL');
      const postgres = await ChaosPostgres.start({ folder, ...(kind === 'small-disk' ? { diskSize: '400m' } : {}) });
      stops.push(() => postgres.stop());
      const { eventStore, readModels } = waitingRoom.databases;
      await postgres.createDatabase(eventStore);
      await postgres.createDatabase(readModels);
      const proxied = kind === 'proxied';
      const postgresWire = proxied ? await WireProxy.open([postgres.port]) : undefined;
      if (postgresWire) stops.push(() => postgresWire.close());

      if (rabbitmq) report(kind === 'cluster' ? 'starting three RabbitMQ nodes' : 'starting RabbitMQ');
      const rabbit = !rabbitmq ? undefined : await (kind === 'cluster' ? startRabbitMqCluster() : startRabbitMq());
      if (rabbit) stops.push(() => rabbit.stop());
      const ports = rabbit?.nodes.map((node) => Number(new URL(node.url).port)) ?? [];
      const rabbitWire = rabbit && (proxied || kind === 'cluster') ? await WireProxy.open(ports) : undefined;
      if (rabbitWire) stops.push(() => rabbitWire.close());

      const through = (url: string) => postgresWire?.url(url) ?? url;
      const settings: NodeJS.ProcessEnv = {
        EVENT_STORE_URL: through(postgres.url(eventStore)),
        READ_MODELS_URL: through(postgres.url(readModels)),
      };
      if (rabbit) settings['RABBITMQ_URL'] = rabbitWire?.url(rabbit.url) ?? rabbit.url;
      report(`starting ${crew.length} processes`);
      await run(process.execPath, [millraceProgram, 'migrate'], {
        env: { ...process.env, ...settings },
        timeout: migrateWithinMs,
      });
      const processes: RoleProcess[] = [];
      for (const [index, role] of crew.entries()) {
        const number = crew.slice(0, index + 1).filter((one) => one === role).length;
        processes.push(new RoleProcess(role, `${role}-${number}`, await freePort(), folder, settings));
      }
      stops.push(async () => void (await Promise.all(processes.map((one) => one.kill()))));
      await Promise.all(processes.map((one) => one.start()));
      const stage = new Stage({ kind, postgres, rabbit, postgresWire, rabbitWire, processes, folder });
      stops.push(() => stage.#closeQuestions());
      await stage.#relayWorks(rabbit === undefined ? 'embedded' : 'rabbitmq');
      return stage;
    } catch (error) {
      for (const stop of stops.toReversed()) await stop().catch(() => undefined);
      throw error;
    }
  }

  of(role: Role): readonly RoleProcess[] {
    return this.processes.filter((one) => one.role === role);
  }

  get apiUrls(): readonly string[] {
    return this.of('api').map((one) => one.url);
  }

  /** The process that holds the lease of a role now; the first one when nobody does. */
  async active(role: 'relay' | 'projector'): Promise<RoleProcess> {
    const [database, name] = role === 'relay' ? [this.#eventStore, 'relay:%'] : [this.#readModels, 'consumer:%'];
    const rows = await database.ask<{ holder: string }>('select holder from leases where name like $1', [name]);
    const holders = rows?.map((row) => Number(row.holder.split('/').at(1))) ?? [];
    const all = this.of(role);
    const found = all.find((one) => one.pid !== undefined && holders.includes(one.pid)) ?? all[0];
    if (found === undefined) throw new Error(`There is no ${role}.`);
    return found;
  }

  /** A question to the event store, directly. Undefined when it does not answer. */
  askEventStore<R extends object>(sql: string, values: readonly unknown[] = []) {
    return this.#eventStore.ask<R & Record<string, unknown>>(sql, values);
  }

  /** A question to the read models, directly. Undefined when they do not answer. */
  askReadModels<R extends object>(sql: string, values: readonly unknown[] = []) {
    return this.#readModels.ask<R & Record<string, unknown>>(sql, values);
  }

  /** The queues of the projections, as RabbitMQ has them. */
  get queues(): readonly string[] {
    return waitingRoom.projections.map((projection) => projection.queue);
  }

  /** A run that believes in a RabbitMQ which nobody uses would prove nothing. */
  async #relayWorks(broker: string): Promise<void> {
    await waitFor(
      `a relay publishes to ${broker}`,
      async () => {
        const rows = await this.askEventStore<{ name: string }>(`select name from leases where name like 'relay:%'`);
        return rows?.some(({ name }) => name === `relay:${broker}`) === true;
      },
      { withinMs: relayWithinMs },
    );
  }

  async #closeQuestions(): Promise<void> {
    await Promise.all([this.#eventStore.close(), this.#readModels.close(), this.conservation.close()]);
  }

  /** Stops everything, also what hangs. `keepLogs`: the folder stays. */
  async stop(keepLogs: boolean): Promise<void> {
    await this.#closeQuestions();
    await Promise.all(this.processes.map((one) => one.stop()));
    await this.postgresWire?.close();
    await this.rabbitWire?.close();
    await this.rabbit?.stop();
    await this.postgres.stop();
    if (keepLogs) await rm(path.join(this.#folder, 'postgres'), { recursive: true, force: true });
    else await rm(this.#folder, { recursive: true, force: true });
  }
}
