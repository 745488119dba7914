import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import process from 'node:process';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { waitingRoom } from '../../apps/waiting-room/system.ts';
import type { Role } from '../../src/running-system.ts';
import { startDebianCluster, type DebianCluster } from '../support/debian-cluster.ts';
import { freePort } from '../support/free-port.ts';
import { millraceProgram } from '../support/millrace-process.ts';
import type { RabbitMq } from '../support/rabbitmq-server.ts';
import { Conservation } from './conservation.ts';
import { RoleProcess } from './role-process.ts';

const run = promisify(execFile);
const withinMs = 120_000;

/** One process of each role on a PostgreSQL that has pg_dump. */
export class RestoreSite {
  readonly cluster: DebianCluster;
  readonly conservation: Conservation;
  readonly processes: readonly RoleProcess[];
  readonly #settings: NodeJS.ProcessEnv;

  private constructor(cluster: DebianCluster, processes: readonly RoleProcess[], settings: NodeJS.ProcessEnv) {
    this.cluster = cluster;
    this.processes = processes;
    this.#settings = settings;
    this.conservation = new Conservation(waitingRoom, {
      eventStoreUrl: this.url(waitingRoom.databases.eventStore),
      readModelsUrl: this.url(waitingRoom.databases.readModels),
    });
  }

  /** A fresh cluster with two empty databases. Nothing runs yet. */
  static async make(folder: string, rabbit: RabbitMq | undefined): Promise<RestoreSite> {
    await mkdir(folder, { recursive: true });
    const cluster = await startDebianCluster();
    try {
      for (const name of Object.values(waitingRoom.databases)) {
        await onServer(cluster.url, `create database ${name} template template0`);
      }
      const settings: NodeJS.ProcessEnv = {
        EVENT_STORE_URL: urlOf(cluster, waitingRoom.databases.eventStore),
        READ_MODELS_URL: urlOf(cluster, waitingRoom.databases.readModels),
        ...(rabbit === undefined ? {} : { RABBITMQ_URL: rabbit.url }),
      };
      const processes: RoleProcess[] = [];
      for (const role of ['api', 'relay', 'projector'] as const) {
        processes.push(new RoleProcess(role, role, await freePort(), folder, settings));
      }
      return new RestoreSite(cluster, processes, settings);
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  get apiUrl(): string {
    return this.processes.find((one) => one.role === 'api')?.url ?? '';
  }

  url(database: string): string {
    return urlOf(this.cluster, database);
  }

  /** Runs `millrace` to its end and gives what it wrote; rejects when it fails. */
  async millrace(...args: readonly string[]): Promise<string> {
    const { stdout } = await run(process.execPath, [millraceProgram, ...args], {
      env: { ...process.env, ...this.#settings },
      timeout: withinMs,
    });
    return stdout;
  }

  async start(...roles: readonly Role[]): Promise<void> {
    await Promise.all(this.processes.filter((one) => roles.includes(one.role)).map((one) => one.start()));
  }

  async stopProcesses(): Promise<void> {
    await Promise.all(this.processes.map((one) => one.stop()));
  }

  /** Puts another database in the place of the event store, whose content is gone then. Nobody may be connected. */
  async replaceEventStore(by: string): Promise<void> {
    const { eventStore } = waitingRoom.databases;
    await onServer(this.cluster.url, `drop database ${eventStore} with (force)`);
    await onServer(this.cluster.url, `alter database ${by} rename to ${eventStore}`);
  }

  async createDatabase(name: string): Promise<string> {
    await onServer(this.cluster.url, `create database ${name} template template0`);
    return this.url(name);
  }

  async stop(): Promise<void> {
    await this.stopProcesses();
    await this.conservation.close();
    await this.cluster.stop();
  }
}

function urlOf(cluster: DebianCluster, database: string): string {
  const url = new URL(cluster.url);
  url.pathname = `/${database}`;
  return url.href;
}

async function onServer(url: string, sql: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
