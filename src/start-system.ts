import pg from 'pg';
import type { Broker } from './brokers/broker.ts';
import { EmbeddedBroker } from './brokers/embedded.ts';
import { RabbitMqBroker } from './brokers/rabbitmq/rabbitmq.ts';
import { CommandHandler } from './commands/command-handler.ts';
import { describeStandstill } from './consumers/batch.ts';
import { Consumer } from './consumers/consumer.ts';
import { PostgresDeadLetters } from './consumers/dead-letters.ts';
import { letterOperations, RequestedDeadLetters } from './consumers/letter-operations.ts';
import { EventRegistry } from './events/codec.ts';
import { newEventId } from './events/event-id.ts';
import { LedgerCopier } from './lag/ledger-copier.ts';
import { PostgresLagStatistics } from './lag/lag-statistics.ts';
import { OperationRunner } from './operations/operation-runner.ts';
import { PostgresOperations } from './operations/operations.ts';
import { Lease } from './postgres/lease.ts';
import { WakeUp } from './postgres/wake-up.ts';
import { PostgresProjections } from './projections/projections.ts';
import { PostgresReadModels } from './projections/read-models.ts';
import { OldBuilds } from './rebuild/old-builds.ts';
import { rebuildHandlers } from './rebuild/rebuild-operations.ts';
import { Relay } from './relay/relay.ts';
import { PostgresOutbox } from './relay/outbox.ts';
import { PostgresRefusedEvents } from './relay/refused-events.ts';
import { RelayStore } from './relay/relay-store.ts';
import { defaultRetrySchedule } from './retry-schedule.ts';
import type { ConsumerReport, Health, Role, RunningSystem } from './running-system.ts';
import { openPostgresLog, type PostgresLog } from './store/postgres/postgres-log.ts';
import { checkHealth } from './telemetry/health.ts';
import type { SystemDefinition } from './system.ts';

/** Where to write what happens. Console and pino both fit. */
export interface Logger {
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

export interface StartOptions {
  readonly eventStoreUrl: string;
  readonly readModelsUrl: string;
  /** `amqp://user:password@host:5672/vhost`: a RabbitMQ instead of the broker inside the process. */
  readonly rabbitmqUrl?: string;
  /** Default: all. */
  readonly roles?: readonly Role[];
  /**
   * Pauses before an event that failed by itself is tried again, in milliseconds; behind the last one it waits for a
   * decision. Default: 30 s, 2 min, 30 min, 1 h.
   */
  readonly retrySchedule?: readonly number[];
  /** How often the relay looks at the log without a nudge, in milliseconds, and how many events it hands over at once. */
  readonly relay?: { readonly pollingInterval?: number; readonly batchSize?: number };
  /** Bytes that the event store's database may have; above, commands are refused with LOG_FULL. Default: no limit. */
  readonly logDiskLimit?: number;
  readonly logger?: Logger;
  /** How long the build before a rebuild is kept up to date for going back, in milliseconds. Default 24 hours. */
  readonly keepOldBuildMs?: number;
}

/** Milliseconds, for each projection that a process consumes already. */
const hesitation = 250;

const silent: Logger = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** The channels on which processes nudge each other. */
const channels = {
  appended: 'millrace_appended',
  published: 'millrace_published',
  projected: 'millrace_projected',
} as const;

/**
 * Starts a system on two databases that {@link migrateSystem} has prepared. Throws SCHEMA_MISSING when they were not,
 * STORE_UNAVAILABLE when one does not answer.
 * @example const system = await startSystem(cart, { eventStoreUrl, readModelsUrl });
 */
export async function startSystem(definition: SystemDefinition, options: StartOptions): Promise<RunningSystem> {
  const system = new MillraceSystem(definition, options);
  await system.start();
  return system;
}

/** One process's share of a system. See {@link RunningSystem}. */
class MillraceSystem implements RunningSystem {
  readonly definition: SystemDefinition;
  readonly roles: readonly Role[];
  readonly log: PostgresLog;
  readonly registry: EventRegistry;
  readonly readModels: PostgresReadModels;
  readonly projections: PostgresProjections;
  readonly operations: PostgresOperations;
  readonly deadLetters: RequestedDeadLetters;
  readonly refusedEvents: PostgresRefusedEvents;
  readonly lag: PostgresLagStatistics;
  readonly outbox: PostgresOutbox;
  readonly #commands: CommandHandler;
  readonly #eventStore: pg.Pool;
  readonly #readPool: pg.Pool;
  readonly #wakeEventStore: WakeUp;
  readonly #wakeReadModels: WakeUp;
  readonly #relay: Relay | undefined;
  readonly #consumers: readonly Consumer[];
  readonly #copier: LedgerCopier | undefined;
  readonly #operator: OperationRunner | undefined;
  readonly #oldBuilds: OldBuilds | undefined;
  readonly #broker: Broker;
  readonly #processedListeners = new Set<(eventType: string, seconds: number) => void>();
  readonly #housekeeping: NodeJS.Timeout | undefined;
  #stopping: Promise<void> | undefined;

  constructor(definition: SystemDefinition, options: StartOptions) {
    const { eventStoreUrl, readModelsUrl } = options;
    const logger = options.logger ?? silent;
    const instance = newEventId();
    this.definition = definition;
    this.roles = options.roles ?? ['api', 'relay', 'projector'];
    this.registry = new EventRegistry(definition.name, definition.events);
    this.log = openPostgresLog({
      url: eventStoreUrl,
      name: definition.name,
      names: definition.tables,
      ...(options.logDiskLimit === undefined ? {} : { diskLimit: options.logDiskLimit }),
    });
    this.#eventStore = makePool(eventStoreUrl, `millrace ${definition.name} event store`, logger);
    this.#readPool = makePool(readModelsUrl, `millrace ${definition.name} read models`, logger);
    this.#wakeEventStore = new WakeUp(eventStoreUrl);
    this.#wakeReadModels = new WakeUp(readModelsUrl);
    this.#commands = new CommandHandler(this.log, this.registry);
    this.outbox = new PostgresOutbox(this.#eventStore, definition.tables);
    this.refusedEvents = new PostgresRefusedEvents(this.#eventStore, definition.tables);
    this.lag = new PostgresLagStatistics(this.#eventStore, definition.tables);
    const retrySchedule = options.retrySchedule ?? defaultRetrySchedule;
    const letters = new PostgresDeadLetters(this.#readPool, this.log, this.registry, definition.projections, {
      retrySchedule,
    });
    const projections = definition.projections.map(({ id }) => id);
    this.readModels = new PostgresReadModels(this.#readPool, definition.projections);
    this.operations = new PostgresOperations(this.#readPool, this.#wakeReadModels);
    this.deadLetters = new RequestedDeadLetters(letters, this.operations, projections);
    this.projections = new PostgresProjections({
      definitions: definition.projections,
      pool: this.#readPool,
      log: this.log,
      operations: this.operations,
      errorOf: (id) => this.#errorOf(id),
    });
    const report = (part: string) => {
      const quiet = new Quiet((message) => logger.warn(`${part}: ${message}`));
      return (error: unknown) => quiet.say(describe(error));
    };

    this.#broker = brokerFor(definition, options.rabbitmqUrl, report('broker'));
    const { reachesOthers } = this.#broker;
    const store = new RelayStore(this.#eventStore, this.#broker.name);
    if (this.roles.includes('relay')) {
      this.#relay = new Relay({
        log: this.log,
        broker: this.#broker,
        store,
        lease: new Lease(this.#eventStore, store.leaseName, instance),
        retrySchedule,
        onAdvanced: () => {
          if (reachesOthers) return;
          // Consumers of this process are handed the events; those that are active elsewhere have to be told.
          if (!this.#consumers.every((consumer) => consumer.state.active) || this.#consumers.length === 0) {
            this.#wakeEventStore.notify(channels.published);
          }
        },
        onError: report('relay'),
        ...options.relay,
      });
      this.#wakeEventStore.listen(channels.appended, () => this.#relay?.nudge());
    }
    // Only when the relay that is active runs elsewhere does anybody else have to be woken.
    this.log.onAppended(() => {
      if (this.#relay?.active !== true) this.#wakeEventStore.notify(channels.appended);
    });

    const primary = definition.projections[0]?.id ?? '';
    this.#consumers = this.roles.includes('projector')
      ? definition.projections.map(
          (projection, index) =>
            new Consumer({
              definition: projection,
              log: this.log,
              registry: this.registry,
              broker: this.#broker,
              readModelsUrl,
              lease: new Lease(this.#readPool, `consumer:${projection.id}`, instance),
              // Several projectors share the projections: who has one already lets the others go first.
              hesitation: () =>
                hesitation * (this.#consumers.filter((one) => one.state.active).length + Math.sign(index)),
              published: async () =>
                Math.max((await store.cursor()).position, this.#relay?.active === true ? this.#relay.position : 0),
              stamps: projection.id === primary,
              retrySchedule,
              letters,
              onCommitted: (position) => {
                if (projection.id !== primary) return;
                this.readModels.moved(position);
                this.#copier?.nudge();
                this.#wakeReadModels.notify(channels.projected);
              },
              onProcessed: (eventType, seconds) => {
                if (projection.id !== primary) return;
                for (const listener of this.#processedListeners) listener(eventType, seconds);
              },
              onError: report(`consumer ${projection.id}`),
            }),
        )
      : [];
    if (this.roles.includes('projector') && !reachesOthers) {
      this.#wakeEventStore.listen(channels.published, () => {
        for (const consumer of this.#consumers) consumer.nudge();
      });
    }
    if (this.roles.includes('relay')) {
      this.#copier = new LedgerCopier({
        eventStore: this.#eventStore,
        readModels: this.#readPool,
        projection: primary,
        // One is enough; what two of them copy is copied twice and comes to the same.
        active: () => this.#relay?.active === true,
        onError: report('ledger'),
      });
    }
    if (this.roles.includes('projector')) {
      const pool = this.#readPool;
      const parts = definition.projections.map((projection) => ({
        definition: projection,
        log: this.log,
        registry: this.registry,
        readModelsUrl,
        lease: (name: string) => new Lease(pool, name, instance),
        primary: projection.id === primary,
        keepOldMs: options.keepOldBuildMs ?? 24 * 60 * 60 * 1000,
        retrySchedule,
      }));
      this.#oldBuilds = new OldBuilds({ parts, pool, operations: this.operations, onError: report('old build') });
      this.#operator = new OperationRunner({
        pool,
        wakeUp: this.#wakeReadModels,
        handlers: {
          ...letterOperations(letters),
          ...rebuildHandlers({ parts, pool, operations: this.operations, wakeUp: this.#wakeReadModels }),
        },
        runner: new Lease(this.#readPool, 'operations', instance).holder,
        onError: report('operations'),
      });
    }
    this.#wakeReadModels.listen(channels.projected, () => {
      // The consumer of this process has told already.
      if (this.#consumers[0]?.state.active === true) return;
      this.readModels.look();
      this.#copier?.nudge();
    });
    // Keys come with commands: who takes none may not delete them either.
    if (this.roles.includes('api')) {
      this.#housekeeping = setInterval(() => {
        this.log.pruneKeys().catch(report('command keys'));
      }, 60_000);
      this.#housekeeping.unref();
    }
  }

  async start(): Promise<void> {
    try {
      await Promise.all([this.log.head(), this.readModels.start(), this.log.lookAtSize()]);
    } catch (error) {
      await this.stop();
      throw error;
    }
    this.#relay?.start();
    for (const consumer of this.#consumers) consumer.start();
    this.#copier?.start();
    this.#operator?.start();
    this.#oldBuilds?.start();
  }

  readonly execute: RunningSystem['execute'] = (decider, command, options) =>
    this.#commands.execute(decider, command, options);
  readonly state: RunningSystem['state'] = (decider, boundary) => this.#commands.state(decider, boundary);

  consumers(): readonly ConsumerReport[] {
    return this.#consumers.map((consumer, index) => {
      const { active, position, logReads, refused, restarts } = consumer.state;
      return {
        projection: this.definition.projections[index]?.id ?? '',
        active,
        position,
        logReads,
        refused,
        restarts,
      };
    });
  }

  onProcessed(listener: (eventType: string, seconds: number) => void): () => void {
    this.#processedListeners.add(listener);
    return () => this.#processedListeners.delete(listener);
  }

  health(): Promise<Health> {
    return checkHealth({
      log: this.log,
      projections: this.projections,
      outbox: this.outbox,
      relay: this.#relay,
      broker: this.#broker.reachesOthers ? this.#broker : undefined,
      full: this.log.isFull(),
      stopping: this.#stopping !== undefined,
    });
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  /** In the order of an event's way, so that what was accepted still arrives. */
  async #stop(): Promise<void> {
    clearInterval(this.#housekeeping);
    await this.#commands.close();
    this.operations.close();
    await Promise.all([this.#operator?.stop(), this.#oldBuilds?.stop()]);
    await this.#relay?.stop();
    await Promise.all(this.#consumers.map((consumer) => consumer.stop()));
    await this.#copier?.stop();
    this.readModels.stop();
    await this.#broker.close();
    await Promise.all([this.#wakeEventStore.close(), this.#wakeReadModels.close(), this.log.close()]);
    await Promise.all([this.#eventStore.end(), this.#readPool.end()]);
  }

  #errorOf(id: string): string | null {
    const index = this.definition.projections.findIndex((projection) => projection.id === id);
    const error = this.#consumers[index]?.state.error;
    return error === undefined ? null : describeStandstill(error);
  }
}

function brokerFor(definition: SystemDefinition, url: string | undefined, onError: (error: unknown) => void): Broker {
  if (url === undefined) return new EmbeddedBroker();
  const queues = definition.projections.map((projection) => projection.queue);
  const topology = { ...definition.transport, queues };
  return new RabbitMqBroker({ url, name: `millrace ${definition.name}`, topology, onError });
}

/** Says the same thing once in ten seconds: a part that fails and tries again must not fill the log. */
class Quiet {
  readonly #write: (message: string) => void;
  #last = '';
  #until = 0;

  constructor(write: (message: string) => void) {
    this.#write = write;
  }

  say(message: string): void {
    const now = performance.now();
    if (message === this.#last && now < this.#until) return;
    this.#last = message;
    this.#until = now + 10_000;
    this.#write(message);
  }
}

function makePool(url: string, name: string, logger: Logger): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max: 8,
    application_name: name,
    options: '-c jit=off -c statement_timeout=60s -c lock_timeout=30s -c idle_in_transaction_session_timeout=60s',
    connectionTimeoutMillis: 10_000,
    // Longer than the server's own time-outs: on a half-open connection an answer would be waited for for many minutes,
    // and with it relay and ledger.
    query_timeout: 65_000,
    keepAlive: true,
  });
  pool.on('error', (error) => logger.warn(`${name}: ${describe(error)}`));
  return pool;
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? ` (${error.cause.message})` : '';
  return `${error.message}${cause}`;
}
