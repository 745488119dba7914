import type { PasswordCost } from './access/passwords.ts';
import { PostgresAccess } from './access/postgres-access.ts';
import type { Broker } from './brokers/broker.ts';
import { EmbeddedBroker } from './brokers/embedded.ts';
import { RabbitMqBroker } from './brokers/rabbitmq/rabbitmq.ts';
import { CommandHandler } from './commands/command-handler.ts';
import { channels, closePools, closeWakeUps, openConnections, poolReport, type Connections } from './connections.ts';
import { describeStandstill } from './consumers/batch.ts';
import { PostgresDeadLetters } from './consumers/dead-letters.ts';
import { RequestedDeadLetters } from './consumers/letter-operations.ts';
import { EventRegistry } from './events/codec.ts';
import { newEventId } from './events/event-id.ts';
import { PostgresLagStatistics } from './lag/lag-statistics.ts';
import { PostgresOperations } from './operations/operations.ts';
import { databaseFigures } from './postgres/database-figures.ts';
import { PostgresProjections } from './projections/projections.ts';
import { PostgresReadModels } from './projections/read-models.ts';
import { ProjectorRole } from './projector-role.ts';
import { RelayRole } from './relay-role.ts';
import { PostgresOutbox } from './relay/outbox.ts';
import { PostgresRefusedEvents } from './relay/refused-events.ts';
import { RelayStore } from './relay/relay-store.ts';
import { reportsTo, silent, type Logger } from './reports.ts';
import { defaultRetrySchedule } from './retry-schedule.ts';
import type { AppliedBatch, ConsumerReport, DatabaseFigures, ProcessActivity } from './process-activity.ts';
import type { Health, Role, RunningSystem } from './running-system.ts';
import { openPostgresLog, type PostgresLog } from './store/postgres/postgres-log.ts';
import { checkHealth } from './telemetry/health.ts';
import type { SystemDefinition } from './system.ts';
import { timersRole } from './timers-role.ts';
import type { TimersReport } from './timers/timer-report.ts';
import type { TimerRunner } from './timers/timer-runner.ts';
import { timersProjectionId } from './timers/timers-projection.ts';

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
  /** For tests: what hashing a password costs. */
  readonly passwordCost?: PasswordCost;
  /** For tests: milliseconds between two looks at whether log and read models agree; Infinity for never. */
  readonly conservationInterval?: number;
  /** For tests: the time that timers go by, in milliseconds since 1970. Default: the clock of the read-model database. */
  readonly timers?: { readonly now?: () => number };
}

const keepOldBuildMs = 24 * 60 * 60 * 1000;

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
  readonly access: PostgresAccess;
  readonly #commands: CommandHandler;
  readonly #connections: Connections;
  readonly #broker: Broker;
  readonly #relay: RelayRole | undefined;
  readonly #projector: ProjectorRole | undefined;
  readonly #timers: TimerRunner | undefined;
  readonly #appliedListeners = new Set<(batch: AppliedBatch) => void>();
  readonly #housekeeping: NodeJS.Timeout | undefined;
  #stopping: Promise<void> | undefined;

  constructor(definition: SystemDefinition, options: StartOptions) {
    const { eventStoreUrl, readModelsUrl, retrySchedule = defaultRetrySchedule, logger = silent } = options;
    const instance = newEventId();
    const reportsOf = reportsTo(logger);
    const names = definition.tables;
    const ids = definition.projections.map(({ id }) => id);
    this.definition = definition;
    this.roles = options.roles ?? ['api', 'relay', 'projector'];
    this.registry = new EventRegistry(definition.name, definition.events);
    this.log = openPostgresLog({
      url: eventStoreUrl,
      name: definition.name,
      names,
      ...(options.logDiskLimit === undefined ? {} : { diskLimit: options.logDiskLimit }),
    });
    const connections = openConnections(definition.name, { eventStoreUrl, readModelsUrl }, logger);
    const { eventStore, readModels, wakeEventStore, wakeReadModels } = connections;
    this.#connections = connections;
    this.#commands = new CommandHandler(this.log, this.registry);
    this.outbox = new PostgresOutbox(eventStore, names);
    this.access = new PostgresAccess(eventStore, {
      // Who answers no requests need not hear of what is revoked.
      ...(this.roles.includes('api') ? { wakeUp: wakeEventStore } : {}),
      ...(options.passwordCost === undefined ? {} : { cost: options.passwordCost }),
    });
    this.refusedEvents = new PostgresRefusedEvents(eventStore, names);
    this.lag = new PostgresLagStatistics(eventStore, names);
    const letters = new PostgresDeadLetters(readModels, this.log, this.registry, definition.projections, {
      retrySchedule,
    });
    this.readModels = new PostgresReadModels(readModels, definition.projections);
    this.operations = new PostgresOperations(readModels, wakeReadModels);
    this.deadLetters = new RequestedDeadLetters(letters, this.operations, ids);
    this.projections = new PostgresProjections({
      definitions: definition.projections,
      pool: readModels,
      log: this.log,
      operations: this.operations,
      errorOf: (id) => this.#errorOf(id),
    });

    this.#broker = brokerFor(definition, options.rabbitmqUrl, reportsOf('broker'));
    const shared = { log: this.log, broker: this.#broker, connections, instance, retrySchedule, reportsOf };
    const store = new RelayStore(eventStore, this.#broker.name);
    if (this.roles.includes('relay')) {
      this.#relay = new RelayRole({
        ...shared,
        store,
        primary: ids[0] ?? '',
        consumesAll: () => this.#projector?.states.every(({ active }) => active) === true,
        ...(options.relay === undefined ? {} : { relay: options.relay }),
      });
    }
    if (this.roles.includes('projector')) {
      this.#projector = new ProjectorRole({
        ...shared,
        definition,
        registry: this.registry,
        readModelsUrl,
        letters,
        operations: this.operations,
        keepOldBuildMs: options.keepOldBuildMs ?? keepOldBuildMs,
        published: async () => Math.max((await store.cursor()).position, this.#publishedHere),
        onProjected: (position) => {
          this.readModels.moved(position);
          this.#relay?.stamped();
          wakeReadModels.notify(channels.projected);
        },
        onTimers: () => {
          this.#timers?.nudge();
          wakeReadModels.notify(channels.timers);
        },
        ...(options.conservationInterval === undefined ? {} : { conservationInterval: options.conservationInterval }),
        onApplied: (batch) => {
          for (const listener of this.#appliedListeners) listener(batch);
        },
      });
    }
    // Only when the relay that is active runs elsewhere does anybody else have to be woken.
    this.log.onAppended(() => {
      if (this.#relay?.relay.active !== true) wakeEventStore.notify(channels.appended);
    });
    wakeReadModels.listen(channels.projected, () => {
      // The consumer of this process has told already.
      if (this.#projector?.states[0]?.active === true) return;
      this.readModels.look();
      this.#relay?.stamped();
    });
    if (this.roles.includes('api') && definition.timers.length > 0) {
      this.#timers = timersRole({
        definitions: definition.timers,
        log: this.log,
        commands: this.#commands,
        connections,
        logger,
        reportsOf,
        ...options.timers,
        consumedHere: () => this.#projector?.states[ids.indexOf(timersProjectionId)]?.active === true,
      });
    }
    // Keys come with commands: who takes none may not delete them either.
    if (this.roles.includes('api')) {
      this.#housekeeping = setInterval(() => {
        this.log.pruneKeys().catch(reportsOf('command keys'));
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
    this.#projector?.start();
    this.#timers?.start();
  }

  readonly execute: RunningSystem['execute'] = (decider, command, options) =>
    this.#commands.execute(decider, command, options);
  readonly state: RunningSystem['state'] = (decider, boundary) => this.#commands.state(decider, boundary);

  consumers(): readonly ConsumerReport[] {
    return (this.#projector?.states ?? []).map(({ active, position, logReads, refused, restarts, errors }, index) => {
      const projection = this.definition.projections[index]?.id ?? '';
      return { projection, active, position, logReads, refused, restarts, errors };
    });
  }

  timers(): readonly TimersReport[] {
    return this.#timers?.reports ?? [];
  }

  onApplied(listener: (batch: AppliedBatch) => void): () => void {
    this.#appliedListeners.add(listener);
    return () => this.#appliedListeners.delete(listener);
  }

  activity(): ProcessActivity {
    const { eventStore, readModels } = this.#connections;
    const relay = this.#relay?.relay;
    return {
      pools: [
        poolReport('event_store', eventStore),
        poolReport('read_models', readModels),
        poolReport('log', this.log.pool),
      ],
      relay:
        relay === undefined
          ? undefined
          : {
              active: relay.active,
              restarts: relay.restarts,
              refused: relay.refused,
              failures: relay.failures,
            },
      conservation: this.#projector?.conservation ?? [],
    };
  }

  databases(): Promise<readonly DatabaseFigures[]> {
    const { eventStore, readModels } = this.#connections;
    return Promise.all([databaseFigures('event_store', eventStore), databaseFigures('read_models', readModels)]);
  }

  health(): Promise<Health> {
    return checkHealth({
      log: this.log,
      projections: this.projections,
      outbox: this.outbox,
      relay: this.#relay?.relay,
      broker: this.#broker.reachesOthers ? this.#broker : undefined,
      full: this.log.isFull(),
      timers: this.#timers,
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
    await this.#timers?.stop();
    await this.#commands.close();
    this.operations.close();
    await this.#projector?.stopOperations();
    await this.#relay?.stopRelay();
    await this.#projector?.stopConsumers();
    await this.#relay?.stopCopier();
    this.readModels.stop();
    await this.#broker.close();
    await Promise.all([closeWakeUps(this.#connections), this.log.close()]);
    await closePools(this.#connections);
  }

  /** What the relay of this process has published and may not have written down yet. */
  get #publishedHere(): number {
    const relay = this.#relay?.relay;
    return relay?.active === true ? relay.position : 0;
  }

  #errorOf(id: string): string | null {
    const index = this.definition.projections.findIndex((projection) => projection.id === id);
    const error = this.#projector?.states[index]?.error;
    return error === undefined ? null : describeStandstill(error);
  }
}

function brokerFor(definition: SystemDefinition, url: string | undefined, onError: (error: unknown) => void): Broker {
  if (url === undefined) return new EmbeddedBroker();
  const queues = definition.projections.map((projection) => projection.queue);
  const topology = { ...definition.transport, queues };
  return new RabbitMqBroker({ url, name: `millrace ${definition.name}`, topology, onError });
}
