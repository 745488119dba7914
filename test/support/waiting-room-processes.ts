import type { Static, TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { application } from '../../apps/waiting-room/app.ts';
import { migrateSystem } from '../../src/migrate-system.ts';
import type { RunningSystem } from '../../src/running-system.ts';
import { problemSchema, startServer, type RunningServer } from '../../src/server/index.ts';
import { startSystem } from '../../src/start-system.ts';
import { createTestDatabase, type TestDatabase } from './test-database.ts';

/** What is sent to the waiting room, and to which of its processes. */
export interface Ask {
  readonly method?: 'POST' | 'PUT';
  readonly body?: object;
  readonly key?: string;
  readonly process?: 0 | 1;
}

interface Process {
  readonly system: RunningSystem;
  readonly server: RunningServer;
}

/** Two processes' worth of the waiting room on databases of their own; the second only takes requests. */
export class WaitingRoomProcesses {
  readonly #databases: readonly TestDatabase[];
  readonly #processes: readonly Process[];

  private constructor(databases: readonly TestDatabase[], processes: readonly Process[]) {
    this.#databases = databases;
    this.#processes = processes;
  }

  /** `now`: the time that timers go by, in milliseconds since 1970. */
  static async start({ now }: { readonly now?: () => number } = {}): Promise<WaitingRoomProcesses> {
    const [events, models] = await Promise.all([createTestDatabase(), createTestDatabase()]);
    const urls = { eventStoreUrl: events.url, readModelsUrl: models.url };
    const timed = now === undefined ? urls : { ...urls, timers: { now } };
    await migrateSystem(application.system, urls);
    const start = async (roles?: readonly ['api']) => {
      const system = await startSystem(application.system, roles === undefined ? timed : { ...timed, roles });
      return { system, server: await startServer(application, system, { host: '127.0.0.1', port: 0 }) };
    };
    return new WaitingRoomProcesses([events, models], [await start(), await start(['api'])]);
  }

  /** The first one. */
  get system(): RunningSystem {
    const [first] = this.#processes;
    if (first === undefined) throw new Error('There is no process.');
    return first.system;
  }

  /** Where the first one listens. */
  get url(): string {
    return this.#processes[0]?.server.url ?? '';
  }

  /** Where the second one listens. */
  get secondUrl(): string {
    return this.#processes[1]?.server.url ?? '';
  }

  async stop(): Promise<void> {
    for (const { system, server } of this.#processes) {
      await server.stop();
      await system.stop();
    }
    await Promise.all(this.#databases.map((database) => database.drop()));
  }

  async ask(path: string, { method, body, key, process = 0 }: Ask = {}) {
    const response = await fetch(`${this.#processes[process]?.server.url}${path}`, {
      method: method ?? (body === undefined ? 'GET' : 'POST'),
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(key === undefined ? {} : { 'idempotency-key': key }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const json: unknown = await response.json();
    return { status: response.status, headers: response.headers, json };
  }

  /** Asks, and takes the answer apart with the schema that it is promised to have. */
  async answer<Schema extends TSchema>(schema: Schema, path: string, question: Ask = {}): Promise<Static<Schema>> {
    const { status, json } = await this.ask(path, question);
    if (status >= 300) throw new Error(`${path}: ${status} ${JSON.stringify(json)}`);
    return Value.Parse(schema, json);
  }

  /** The code with which something is refused. */
  async refusal(path: string, question: Ask): Promise<string> {
    return Value.Parse(problemSchema, (await this.ask(path, question)).json).code;
  }
}
