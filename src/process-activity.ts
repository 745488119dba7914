/** Events that a consumer has put into effect in one transaction. */
export interface AppliedBatch {
  readonly projection: string;
  /** The projection that the lag ledger follows. */
  readonly primary: boolean;
  readonly seconds: number;
  /** This process's clock, in milliseconds since 1970. */
  readonly appliedAt: number;
  readonly events: readonly { readonly type: string; readonly occurredAt: number }[];
}

/** What one process does, as far as nobody else knows it. Numbers count from its start. */
export interface ProcessActivity {
  readonly pools: readonly PoolReport[];
  /** Undefined where it is no relay. */
  readonly relay: RelayReport | undefined;
  /** Of the consumers that this process runs and that are active. */
  readonly conservation: readonly ConservationReport[];
}

/** Connections of one pool. */
export interface PoolReport {
  readonly pool: 'event_store' | 'read_models' | 'log';
  readonly busy: number;
  readonly idle: number;
  /** Callers that wait for a connection. */
  readonly waiting: number;
  readonly most: number;
}

export interface RelayReport {
  /** False while another process publishes. */
  readonly active: boolean;
  readonly restarts: number;
  /** Events that the broker refused. */
  readonly refused: number;
  /** Other failures: the publication, or what writes down how far it came, is tried again. */
  readonly failures: number;
}

/** What came of comparing a read model with the log, event by event. */
export interface ConservationReport {
  readonly projection: string;
  /** Events below the checkpoint whose effect is not there, as far as comparing has come. */
  readonly gap: number;
  /** Events that were folded anew and compared. */
  readonly compared: number;
  /** How often it went through the whole log. */
  readonly rounds: number;
}

export interface DatabaseFigures {
  readonly database: 'event_store' | 'read_models';
  readonly sizeBytes: number;
  /** Of the oldest transaction that holds a snapshot, as far as this user may see it; 0 when there is none. */
  readonly oldestSnapshotMs: number;
}

/** What one consumer of a process does. */
export interface ConsumerReport {
  readonly projection: string;
  /** False while another process consumes. */
  readonly active: boolean;
  /** Events up to here are in effect, parked or discarded. */
  readonly position: number;
  /** Pages of events that were read from the log, because they were not delivered: 0 in a healthy run. */
  readonly logReads: number;
  /** Messages of another log or another incarnation that were refused. */
  readonly refused: number;
  /** How often it was started again because it had work and made no progress. */
  readonly restarts: number;
  /** Events that failed, and failures of the consumer itself. */
  readonly errors: number;
}
