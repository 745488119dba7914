import type { Broker } from './brokers/broker.ts';
import { channels, type Connections } from './connections.ts';
import { Consumer, type ConsumerOptions, type ConsumerState } from './consumers/consumer.ts';
import type { PostgresDeadLetters } from './consumers/dead-letters.ts';
import { letterOperations } from './consumers/letter-operations.ts';
import type { EventRegistry } from './events/codec.ts';
import { wallClock } from './events/wall-clock.ts';
import { OperationRunner } from './operations/operation-runner.ts';
import { Lease } from './postgres/lease.ts';
import { OldBuilds } from './rebuild/old-builds.ts';
import { rebuildHandlers } from './rebuild/rebuild-operations.ts';
import type { ReportsOf } from './reports.ts';
import type { Operations } from './running-system.ts';
import type { EventLog } from './store/store.ts';
import type { SystemDefinition } from './system.ts';
import type { SystemLog } from './telemetry/system-log.ts';
import { timersProjectionId } from './timers/timers-projection.ts';

export interface ProjectorRoleOptions {
  readonly definition: SystemDefinition;
  readonly log: EventLog;
  readonly registry: EventRegistry;
  readonly broker: Broker;
  readonly connections: Connections;
  readonly readModelsUrl: string;
  readonly letters: PostgresDeadLetters;
  readonly operations: Operations;
  /** Names this process among the holders of leases. */
  readonly instance: string;
  readonly retrySchedule: readonly number[];
  /** How long the build before a rebuild is kept up to date, in milliseconds. */
  readonly keepOldBuildMs: number;
  /** The position up to which the relay has published. */
  readonly published: () => Promise<number>;
  /** Called after each commit of the primary projection. */
  readonly onProjected: (position: number) => void;
  /** Called after each commit of the timers' projection. */
  readonly onTimers: () => void;
  /** Called for every event that the primary projection has processed, with the seconds that its batch took. */
  readonly onProcessed: (eventType: string, seconds: number) => void;
  readonly systemLog?: SystemLog | undefined;
  readonly reportsOf: ReportsOf;
}

/** Milliseconds, for each projection that a process consumes already. */
const hesitation = 250;

/**
 * What a process with the role `projector` runs: a consumer for each projection, the builds that are kept for going
 * back, and what operators have asked for.
 */
export class ProjectorRole {
  readonly #consumers: readonly Consumer[];
  readonly #oldBuilds: OldBuilds;
  readonly #operator: OperationRunner;

  constructor(options: ProjectorRoleOptions) {
    const { definition, log, registry, broker, connections, readModelsUrl, instance, operations, reportsOf } = options;
    const pool = connections.readModels;
    const primary = definition.projections[0]?.id ?? '';
    this.#consumers = definition.projections.map(
      (projection, index) =>
        new Consumer({
          definition: projection,
          log,
          registry,
          broker,
          readModelsUrl,
          lease: new Lease(pool, `consumer:${projection.id}`, instance),
          // Several projectors share the projections: who has one already lets the others go first.
          hesitation: () => hesitation * (this.#consumers.filter((one) => one.state.active).length + Math.sign(index)),
          published: options.published,
          stamps: projection.id === primary,
          retrySchedule: options.retrySchedule,
          letters: options.letters,
          onCommitted: (position) => {
            if (projection.id === primary) options.onProjected(position);
            if (projection.id === timersProjectionId) options.onTimers();
          },
          onProcessed: (eventType, seconds) => {
            if (projection.id === primary) options.onProcessed(eventType, seconds);
          },
          ...tellWay(options.systemLog, projection.id, projection.id === primary),
          onError: reportsOf(`consumer ${projection.id}`),
        }),
    );
    if (!broker.reachesOthers) {
      connections.wakeEventStore.listen(channels.published, () => {
        for (const consumer of this.#consumers) consumer.nudge();
      });
    }
    const parts = definition.projections.map((projection) => ({
      definition: projection,
      log,
      registry,
      readModelsUrl,
      lease: (name: string) => new Lease(pool, name, instance),
      primary: projection.id === primary,
      keepOldMs: options.keepOldBuildMs,
      retrySchedule: options.retrySchedule,
    }));
    this.#oldBuilds = new OldBuilds({ parts, pool, operations, onError: reportsOf('old build') });
    this.#operator = new OperationRunner({
      pool,
      wakeUp: connections.wakeReadModels,
      handlers: {
        ...letterOperations(options.letters),
        ...rebuildHandlers({ parts, pool, operations, wakeUp: connections.wakeReadModels }),
      },
      runner: new Lease(pool, 'operations', instance).holder,
      onError: reportsOf('operations'),
    });
  }

  /** What the consumers do, in the order of the system's projections. */
  get states(): readonly ConsumerState[] {
    return this.#consumers.map((consumer) => consumer.state);
  }

  start(): void {
    for (const consumer of this.#consumers) consumer.start();
    this.#operator.start();
    this.#oldBuilds.start();
  }

  async stopOperations(): Promise<void> {
    await Promise.all([this.#operator.stop(), this.#oldBuilds.stop()]);
  }

  async stopConsumers(): Promise<void> {
    await Promise.all(this.#consumers.map((consumer) => consumer.stop()));
  }
}

/** Logs what came of each batch. */
function tellWay(
  systemLog: SystemLog | undefined,
  projection: string,
  primary: boolean,
): Pick<ConsumerOptions, 'onBatchApplied'> {
  if (systemLog === undefined) return {};
  const { way } = systemLog;
  return {
    onBatchApplied: (arrivals, parked) => {
      const withheld = new Set(parked.map(({ event }) => event.position));
      way.applied({ projection, primary, arrivals, withheld, committedAt: wallClock() });
      for (const { event, failure } of parked) {
        if (failure !== undefined) way.projectionFailed(projection, event, failure.error);
      }
    },
  };
}
