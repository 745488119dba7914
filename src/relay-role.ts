import type { Broker } from './brokers/broker.ts';
import { channels, type Connections } from './connections.ts';
import { LedgerCopier } from './lag/ledger-copier.ts';
import { Lease } from './postgres/lease.ts';
import { Relay } from './relay/relay.ts';
import type { RelayStore } from './relay/relay-store.ts';
import type { ReportsOf } from './reports.ts';
import type { PostgresLog } from './store/postgres/postgres-log.ts';
import type { SystemLog } from './telemetry/system-log.ts';

export interface RelayRoleOptions {
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
}

/** What a process with the role `relay` runs: the relay itself, and the copying of stamps into the ledger. */
export class RelayRole {
  readonly relay: Relay;
  readonly #copier: LedgerCopier;

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
      ...options.relay,
    });
    connections.wakeEventStore.listen(channels.appended, () => this.relay.nudge());
    this.#copier = new LedgerCopier({
      eventStore: connections.eventStore,
      readModels: connections.readModels,
      projection: options.primary,
      // One is enough; what two of them copy is copied twice and comes to the same.
      active: () => this.relay.active,
      onError: reportsOf('ledger'),
    });
  }

  /** There are new stamps to copy. */
  stamped(): void {
    this.#copier.nudge();
  }

  start(): void {
    this.relay.start();
    this.#copier.start();
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
