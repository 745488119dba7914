import { clinicAccess } from '../../apps/waiting-room/access.ts';
import { application } from '../../apps/waiting-room/app.ts';
import type { Logger } from 'pino';
import { migrateSystem } from '../../src/migrate-system.ts';
import type { RunningSystem } from '../../src/running-system.ts';
import { defaultTimes, type AccessMode } from '../../src/server/access/access-settings.ts';
import { startServer, type Application, type RunningServer } from '../../src/server/index.ts';
import { startSystem } from '../../src/start-system.ts';
import type { Tracing } from '../../src/tracing.ts';
import type { SystemLog } from '../../src/telemetry/system-log.ts';
import { GrpcClient, loadForClient } from './grpc-client.ts';
import { createTestDatabase, type TestDatabase } from './test-database.ts';

export const clinicService = 'millrace.waiting_room.v1.WaitingRoom';
const proto = application.grpc?.protos[0]?.pathname ?? '';

/** The waiting room by HTTP and gRPC, on databases of its own, with an API key for each role. */
export class GrpcClinic {
  readonly system: RunningSystem;
  readonly server: RunningServer;
  readonly client: GrpcClient;
  readonly urls: { readonly eventStoreUrl: string; readonly readModelsUrl: string };
  readonly #keys: ReadonlyMap<string, string>;
  readonly #databases: readonly TestDatabase[];

  private constructor(
    system: RunningSystem,
    server: RunningServer,
    keys: ReadonlyMap<string, string>,
    databases: readonly TestDatabase[],
    urls: GrpcClinic['urls'],
  ) {
    this.urls = urls;
    this.system = system;
    this.server = server;
    this.#keys = keys;
    this.#databases = databases;
    this.client = new GrpcClient(this.address, loadForClient(proto), clinicService);
  }

  /**
   * @param mode whether somebody who does not say who it is may do everything, or nothing
   * @param more what is logged to, and what the application is, when it is not the waiting room as it stands
   */
  static async start(
    mode: AccessMode,
    more: {
      readonly logger?: Logger;
      readonly systemLog?: SystemLog;
      readonly app?: Application;
      readonly rabbitmqUrl?: string;
      readonly tracing?: Tracing;
    } = {},
  ): Promise<GrpcClinic> {
    const { logger, systemLog, app = application, rabbitmqUrl, tracing } = more;
    const [events, models] = await Promise.all([createTestDatabase(), createTestDatabase()]);
    const urls = { eventStoreUrl: events.url, readModelsUrl: models.url };
    await migrateSystem(app.system, urls);
    const system = await startSystem(app.system, {
      ...urls,
      ...(logger === undefined ? {} : { logger }),
      ...(systemLog === undefined ? {} : { systemLog }),
      ...(rabbitmqUrl === undefined ? {} : { rabbitmqUrl }),
      ...(tracing === undefined ? {} : { tracing }),
    });
    const keys = new Map<string, string>();
    for (const role of mode === 'required' ? clinicAccess.roles : []) {
      const added = await system.access?.addApiKey(
        { name: role, roles: [role], expiresAt: undefined },
        { actor: 'test' },
      );
      if (added !== undefined) keys.set(role, added.key);
    }
    const server = await startServer(app, system, {
      ...(logger === undefined ? {} : { logger }),
      ...(systemLog === undefined ? {} : { onRequestDone: (request) => systemLog.way.requestDone(request) }),
      host: '127.0.0.1',
      port: 0,
      grpc: { port: 0 },
      access: { mode, times: defaultTimes },
    });
    return new GrpcClinic(system, server, keys, [events, models], urls);
  }

  /** `host:port` of gRPC. */
  get address(): string {
    return this.server.grpc ?? '';
  }

  /** What somebody with that role sends along, as metadata or headers; nothing for nobody. */
  credentialsOf(role: string): { readonly 'x-api-key'?: string } {
    const key = this.#keys.get(role);
    return key === undefined ? {} : { 'x-api-key': key };
  }

  async stop(): Promise<void> {
    this.client.close();
    await this.server.stop();
    await this.system.stop();
    await Promise.all(this.#databases.map((database) => database.drop()));
  }
}
