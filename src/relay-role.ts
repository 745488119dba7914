import { ArchiveJob } from './archive/archive-job.ts';
import type { ArchiveOptions } from './archive/archive-options.ts';
import type { Broker } from './brokers/broker.ts';
import { channels, type Connections } from './connections.ts';
import { LagRetention } from './lag/lag-retention.ts';
import { LedgerCopier } from './lag/ledger-copier.ts';
import { Lease } from './postgres/lease.ts';
import { Relay } from './relay/relay.ts';
import type { RelayStore } from './relay/relay-store.ts';
import type { ReportsOf } from './reports.ts';
import type { PostgresLog } from './store/postgres/postgres-log.ts';
import { endingTypes, type SystemDefinition } from './system.ts';
import type { Tracing } from './tracing.ts';
import type { SystemLog } from './telemetry/system-log.ts';

export interface RelayRoleOptions {
  readonly definition: SystemDefinition;
  readonly archive?: ArchiveOptions;
  /** How long rows of the ledger and sums of minutes are kept, in milliseconds. */
  readonly lagRetention?: { readonly keepRowsMs?: number; readonly keepMinutesMs?: number };
  readonly log: PostgresLog;
  readonly broker: Broker;
  readonly store: RelayStore;
  readonly connections: Connections;
  /** Names this process among the holders of leases. */
  readonly instance: string;
  /** The projection that the ledger follows. */
  readonly primary: string;
  readonly retrySchedule: readonly number[];
  readonly relay?: { readonly pollingInterval?: number; readonly batchSize?: number };
  /** True when all consumers are active in this process: nobody else has to be told what was published. */
  readonly consumesAll: () => boolean;
  readonly systemLog?: SystemLog | undefined;
  readonly reportsOf: ReportsOf;
  readonly tracing: Tracing | undefined;
}

/** What a process with the role `relay` runs: the relay itself, the copying of stamps into the ledger, and housekeeping. */
export class RelayRole {
  readonly relay: Relay;
  readonly #copier: LedgerCopier;
  readonly #retention: LagRetention;
  readonly #archive: ArchiveJob | undefined;

  constructor(options: RelayRoleOptions) {
    const { log, broker, store, connections, reportsOf } = options;
    const way = options.systemLog?.way;
    this.relay = new Relay({
      log,
      broker,
      store,
      lease: new Lease(connections.eventStore, store.leaseName, options.instance),
      retrySchedule: options.retrySchedule,
      onAdvanced: () => {
        if (!broker.reachesOthers && !options.consumesAll()) connections.wakeEventStore.notify(channels.published);
      },
      ...(way === undefined
        ? {}
        : {
            onConfirmed: (events, handedAt, confirmedAt, refused) =>
              way.published(events, handedAt, confirmedAt, refused),
          }),
      onError: reportsOf('relay'),
      tracing: options.tracing,
      ...options.relay,
    });
    connections.wakeEventStore.listen(channels.appended, () => this.relay.nudge());
    this.#copier = new LedgerCopier({
      eventStore: connections.eventStore,
      readModels: connections.readModels,
      projection: options.primary,
      // One is enough; what two of them copy is copied twice and comes to the same.
      active: () => this.relay.active,
      ...(options.lagRetention?.keepMinutesMs === undefined
        ? {}
        : { keepMinutesMs: options.lagRetention.keepMinutesMs }),
      onError: reportsOf('ledger'),
    });
    this.#retention = new LagRetention({
      ...options.lagRetention,
      eventStore: connections.eventStore,
      instance: options.instance,
      onError: reportsOf('lag retention'),
    });
    const { archive, definition } = options;
    if (archive !== undefined) {
      this.#archive = new ArchiveJob({
        ...archive,
        eventStore: connections.eventStore,
        readModels: connections.readModels,
        log: definition.name,
        names: definition.tables,
        endingTypes: endingTypes(definition),
        projections: definition.projections.map(({ id }) => id),
        instance: options.instance,
        onError: reportsOf('archive'),
      });
    }
  }

  /** There are new stamps to copy. */
  stamped(): void {
    this.#copier.nudge();
  }

  start(): void {
    this.relay.start();
    this.#copier.start();
    this.#retention.start();
    this.#archive?.start();
  }

  /** Lets a page of retention and a batch of the archive finish. */
  async stopHousekeeping(): Promise<void> {
    await Promise.all([this.#retention.stop(), this.#archive?.stop()]);
  }

  /** Publishes what is there. */
  stopRelay(): Promise<void> {
    return this.relay.stop();
  }

  /** Copies what is there: after the consumers have stopped. */
  stopCopier(): Promise<void> {
    return this.#copier.stop();
  }
}
