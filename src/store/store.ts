import type { RecordedEvent } from '../events/envelope.ts';

/**
 * Which events something is about: those of one stream, or those with all the tags and, when types are named, one of
 * the types.
 */
export type EventQuery =
  | {
      readonly stream: string;
      /** Only events above this version; used instead of a position. */ readonly afterVersion?: number;
    }
  | { readonly tags: readonly string[]; readonly types?: readonly string[] };

/** "No event of this query came after that position." */
export interface AppendCondition {
  readonly tags: readonly string[];
  readonly types?: readonly string[];
  /** The last position that the decision has seen; 0 for "none ever". */
  readonly after: number;
}

export interface ExpectedVersion {
  readonly stream: string;
  /** 0 for a stream that must be new. */
  readonly version: number;
}

/** One event on its way into the log. */
export interface EventToAppend {
  /** UUIDv7. The same id again is the same event: sending it twice stores it once. */
  readonly id: string;
  readonly stream: string;
  readonly type: string;
  readonly schemaVersion: number;
  readonly tags: readonly string[];
  readonly payload: string;
  readonly metadata: string;
  readonly occurredAt: number;
}

/** What a command leaves behind so that the same key gets the same answer. */
export interface CommandKey {
  /** 16 bytes as a uuid: a hash of scope and key. */
  readonly key: string;
  /** 16 bytes as a uuid: a hash of the request. Another request under the same key is refused. */
  readonly requestHash: string;
  /** JSON text; what is answered again. */
  readonly answer: string;
  /** Index of this command's first event inside the request, and how many it has. */
  readonly firstEvent: number;
  readonly eventCount: number;
}

/**
 * What is appended as a whole or not at all: one command, or a chain of commands that one mailbox decided one after
 * the other on the same state.
 */
export interface AppendRequest {
  readonly events: readonly EventToAppend[];
  /** The version that a stream must have before the request's own events; 0 for a stream that must be new. Streams
   * that are not named get the next versions whatever they are. */
  readonly expect?: readonly ExpectedVersion[];
  readonly conditions?: readonly AppendCondition[];
  readonly keys?: readonly CommandKey[];
  /**
   * Asked when expectation or condition failed while the log's lock is held: decide again on fresh reads made through
   * `read`, and return what to append instead, or undefined to give up. When it is not given, a conflict is the answer.
   */
  readonly revise?: (read: ReadUnderLock) => Promise<AppendRequest | undefined>;
  /**
   * The caller knows that others write to the same and that it comes late: `revise` is asked at once, under the lock,
   * without a try that would fail. Says nothing without `revise`.
   */
  readonly stale?: boolean;
}

/** Reads the log while its lock is held: nothing can come between this read and the append. */
export type ReadUnderLock = (queries: readonly EventQuery[], after: number) => Promise<readonly RecordedEvent[]>;

/** A stored key with what was answered. */
export interface StoredKey {
  readonly key: string;
  readonly requestHash: string;
  readonly answer: string;
  /** Position of the command's first event; the head at that time when it had none. */
  readonly position: number;
  readonly eventCount: number;
}

export type AppendOutcome =
  | {
      readonly outcome: 'stored';
      /** Position of the first event; the rest follow without a gap. The head when the request had no events. */
      readonly firstPosition: number;
      readonly events: readonly RecordedEvent[];
    }
  | { readonly outcome: 'conflict'; readonly reason: 'version' | 'condition' }
  | { readonly outcome: 'key-exists'; readonly stored: readonly StoredKey[] };

export interface LogHead {
  readonly position: number;
  /** Id of the event at that position; undefined in an empty log. */
  readonly eventId: string | undefined;
  /** Changes when the log was restored from a backup or made anew. */
  readonly incarnation: string;
}

export interface Snapshot {
  /** Which state it is: a name of the decider and its boundary. */
  readonly name: string;
  /** The position up to which events are folded in. */
  readonly position: number;
  /** The state's own schema version; another one is ignored. */
  readonly stateVersion: number;
  /** JSON text. */
  readonly state: string;
}

export interface ReadOptions {
  /** Positions above this. Default 0. */
  readonly after?: number;
  /** Positions up to and including this. Default: the head. */
  readonly upTo?: number;
  /** At most so many events. Default 1,000. */
  readonly limit?: number;
}

/**
 * The log of one system. Positions are gapless and in commit order (I2); an append is durable when its promise
 * resolves (I1); requests whose decisions exclude each other never both succeed (I11).
 */
export interface EventLog {
  readonly name: string;
  /**
   * Appends a request; many requests at once share a transaction. Rejects with STORE_UNAVAILABLE only when it is
   * certain that nothing was stored, or when the store stayed away so long that nothing can be known (then the same
   * event ids may be sent again); with APPEND_INVALID for what can never hold; with QUEUE_FULL when too many wait.
   */
  append(request: AppendRequest): Promise<AppendOutcome>;
  /** The events of any of the queries in the order of positions. */
  query(queries: readonly EventQuery[], options?: ReadOptions): Promise<readonly RecordedEvent[]>;
  /** All events in the order of positions. */
  read(options?: ReadOptions): Promise<readonly RecordedEvent[]>;
  event(id: string): Promise<RecordedEvent | undefined>;
  head(): Promise<LogHead>;
  saveSnapshot(snapshot: Snapshot): Promise<void>;
  loadSnapshot(name: string): Promise<Snapshot | undefined>;
  /** Calls back after every commit of this process, in the order of positions. Returns the way to stop it. */
  onAppended(listener: (events: readonly RecordedEvent[]) => void): () => void;
  /** Calls back when the log turned out to be another incarnation than before: what is held in memory is void. */
  onIncarnationChanged(listener: () => void): () => void;
  close(): Promise<void>;
}
