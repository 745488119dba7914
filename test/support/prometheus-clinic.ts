import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { application } from '../../apps/waiting-room/app.ts';
import { checkIns } from '../../apps/waiting-room/load.ts';
import { migrateSystem } from '../../src/migrate-system.ts';
import type { Role, RunningSystem } from '../../src/running-system.ts';
import { startHealthServer, startServer, type RunningServer } from '../../src/server/start-server.ts';
import { startSystem } from '../../src/start-system.ts';
import { freePort } from './free-port.ts';
import { createTestDatabase, type TestDatabase } from './test-database.ts';

interface Part {
  readonly system: RunningSystem;
  readonly server: RunningServer;
}

/** Milliseconds between two check-ins of the load. */
const pace = 15;

/**
 * The waiting room as three roles, each with its metrics on a port of its own, and somebody who checks patients in all
 * the time.
 */
export class MeasuredClinic {
  readonly ports: Readonly<Record<Role, number>>;
  readonly #databases: { readonly eventStore: TestDatabase; readonly readModels: TestDatabase };
  readonly #parts = new Map<Role, Part>();
  #load: Promise<void> | undefined;
  #loadEnds = false;

  private constructor(
    ports: MeasuredClinic['ports'],
    databases: { readonly eventStore: TestDatabase; readonly readModels: TestDatabase },
  ) {
    this.ports = ports;
    this.#databases = databases;
  }

  static async start(): Promise<MeasuredClinic> {
    const [eventStore, readModels] = await Promise.all([createTestDatabase(), createTestDatabase()]);
    const ports = { api: await freePort(), relay: await freePort(), projector: await freePort() };
    const clinic = new MeasuredClinic(ports, { eventStore, readModels });
    await migrateSystem(application.system, { eventStoreUrl: eventStore.url, readModelsUrl: readModels.url });
    for (const role of ['api', 'relay', 'projector'] as const) await clinic.startPart(role);
    return clinic;
  }

  /** What Prometheus scrapes: job → targets. */
  get jobs(): Readonly<Record<string, readonly string[]>> {
    const target = (role: Role) => [`127.0.0.1:${this.ports[role]}`];
    return { 'rlapp-api': target('api'), relay: target('relay'), projector: target('projector') };
  }

  get api(): RunningSystem {
    const part = this.#parts.get('api');
    if (part === undefined) throw new Error('The API does not run.');
    return part.system;
  }

  async startPart(role: Role): Promise<void> {
    const { eventStore, readModels } = this.#databases;
    const urls = { eventStoreUrl: eventStore.url, readModelsUrl: readModels.url };
    const system = await startSystem(application.system, { ...urls, roles: [role], conservationInterval: 500 });
    const where = { host: '127.0.0.1', port: this.ports[role] };
    const server =
      role === 'api' ? await startServer(application, system, where) : await startHealthServer(system, where);
    this.#parts.set(role, { system, server });
  }

  /** Stops it in order: it answers nobody any more. */
  async stopPart(role: Role): Promise<void> {
    const part = this.#parts.get(role);
    this.#parts.delete(role);
    await part?.server.stop();
    await part?.system.stop();
  }

  /** Patients come from now on, until the end. */
  startLoad(): void {
    this.#load ??= this.#checkIn();
  }

  /** Rows from the read-model database; writing to it is what nobody should do. */
  async read<Row extends pg.QueryResultRow>(sql: string): Promise<Row[]> {
    const client = new pg.Client({ connectionString: this.#databases.readModels.url });
    await client.connect();
    try {
      return (await client.query<Row>(sql)).rows;
    } finally {
      await client.end();
    }
  }

  async stop(): Promise<void> {
    this.#loadEnds = true;
    await this.#load;
    for (const role of ['api', 'relay', 'projector'] as const) await this.stopPart(role);
    await Promise.all([this.#databases.eventStore.drop(), this.#databases.readModels.drop()]);
  }

  async #checkIn(): Promise<void> {
    const run = String(Date.now());
    for (let n = 0; !this.#loadEnds; n++) {
      const { method, path, body } = checkIns.request(n, run);
      const answer = await fetch(`http://127.0.0.1:${this.ports.api}${path}`, {
        method,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      await answer.arrayBuffer();
      await pause(pace);
    }
  }
}
