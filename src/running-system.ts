import type { Access } from './access/access.ts';
import type { CommandOptions } from './commands/command-handler.ts';
import type { Boundary, DecidedEvent, Decider } from './commands/decider.ts';
import type { CommandResult } from './commands/mailbox.ts';
import type { EventRegistry } from './events/codec.ts';
import type { Json, JsonObject } from './events/envelope.ts';
import type { FieldProblem } from './errors.ts';
import type { EventLog } from './store/store.ts';
import type { AppliedBatch, ConsumerReport, DatabaseFigures, ProcessActivity } from './process-activity.ts';
import type { SystemDefinition } from './system.ts';
import type { Row } from './projections/definition.ts';
import type { TimersReport } from './timers/timer-report.ts';

/** What one process may run; all of them in one process is the default. */
export type Role = 'api' | 'relay' | 'projector';

/** A system that runs in this process. Made by `startSystem`. */
export interface RunningSystem {
  readonly definition: SystemDefinition;
  readonly roles: readonly Role[];
  readonly log: EventLog;
  readonly registry: EventRegistry;
  /** Executes a command; see {@link CommandOptions}. */
  execute<State, Command, Event extends DecidedEvent>(
    decider: Decider<State, Command, Event>,
    command: Command,
    options?: CommandOptions,
  ): Promise<CommandResult>;
  /** The state that a command would be decided on now, read from the log. */
  state<State, Command, Event extends DecidedEvent>(
    decider: Decider<State, Command, Event>,
    boundary: Boundary,
  ): Promise<{ readonly state: State; readonly position: number }>;
  readonly readModels: ReadModels;
  readonly projections: Projections;
  readonly operations: Operations;
  readonly deadLetters: DeadLetters;
  readonly refusedEvents: RefusedEvents;
  readonly lag: LagStatistics;
  readonly outbox: Outbox;
  /** Accounts, sign-ins and API keys; where there is no database, none. */
  readonly access?: Access;
  /** The consumers of this process; none where it is no projector. */
  consumers?(): readonly ConsumerReport[];
  /** The timers of the system, as this process sees them; none where it takes no commands. */
  timers?(): readonly TimersReport[];
  /** Calls back for every batch that a consumer of this process has put into effect. Returns the way to stop it. */
  onApplied?(listener: (batch: AppliedBatch) => void): () => void;
  /** What this process does now, for its metrics. */
  activity?(): ProcessActivity;
  /** What the database servers tell of the two databases. */
  databases?(): Promise<readonly DatabaseFigures[]>;
  health(): Promise<Health>;
  /** Refuses new commands, lets what is under way finish, stops relay and projector, closes connections. */
  stop(): Promise<void>;
}

export interface ReadModels {
  /**
   * Rows of the live read model. `minPosition` waits until the primary projection has reached that position and rejects
   * with PROJECTION_BEHIND after `waitMs` (default 5,000).
   */
  query<R extends object = Row>(
    sql: string,
    parameters?: readonly unknown[],
    options?: { minPosition?: number; waitMs?: number },
  ): Promise<R[]>;
  /** The position that the live read model of the primary projection has reached. */
  position(): Promise<number>;
  /** Calls back after the read model moved on, in this process or another; many moves may make one call. */
  onChanged(listener: (position: number) => void): () => void;
}

/** One row of `projection_checkpoints`, with how it compares to the log. */
export interface ProjectionStatus {
  readonly id: string;
  readonly generation: number;
  readonly position: number;
  readonly eventId: string | null;
  readonly headPosition: number;
  /** Events between checkpoint and head. */
  readonly behind: number;
  /** Age of the oldest event that is not applied, in milliseconds; 0 when none. */
  readonly lagMs: number;
  readonly healthy: boolean;
  readonly state: 'live' | 'rebuilding';
  readonly error: string | null;
  readonly updatedAt: string;
  /** Events that wait in dead letters. */
  readonly parked: number;
}

/** One difference that a rebuild has found between the live read model and the new one, at the same position. */
export interface BuildDifference {
  readonly table: string;
  readonly problem: string;
  /** Null when the live one has no such table. */
  readonly liveRows: number | null;
  readonly newRows: number | null;
  /** Null when they were not counted. */
  readonly differingRows: number | null;
  /** Keys of the first rows that differ. */
  readonly keys: readonly string[];
}

export interface RebuildProgress {
  /** The id of the operation that does it. */
  readonly operation: number;
  readonly projection: string;
  /**
   * `requested`: no projector has taken it yet. `waiting`: other code made another read model than the live one; somebody
   * has to look at the differences and confirm the swap.
   */
  readonly state: 'requested' | 'running' | 'paused' | 'waiting' | 'done' | 'failed' | 'abandoned';
  readonly position: number;
  readonly target: number;
  readonly eventsPerSecond: number;
  readonly secondsLeft: number | null;
  readonly startedAt: string;
  readonly error: string | null;
  readonly differences: readonly BuildDifference[];
}

/** Who wants a rebuild, or something of one, and why. */
export interface RebuildRequest {
  /** Default: `system`. */
  readonly actor?: string;
  readonly reason?: string;
}

/** What can be asked of the builds of a projection. */
export type RebuildAction = 'pause' | 'resume' | 'abandon' | 'confirm' | 'go-back' | 'drop-old';

/** What came of an action: the generation that is live now, its position, and the old build when there is one. */
export interface BuildsNow {
  readonly generation: number;
  readonly position: number;
  readonly old: {
    readonly generation: number;
    readonly position: number;
    /** Why it is not kept up to date; null when it is. */
    readonly problem: string | null;
    /** When it is dropped, as an ISO string. */
    readonly dropAfter: string | null;
  } | null;
}

export interface Projections {
  list(): Promise<ProjectionStatus[]>;
  /** Throws PROJECTION_UNKNOWN. */
  get(id: string): Promise<ProjectionStatus>;
  /**
   * Builds the read model anew beside the live one, compares the two at one position and swaps. Resolves when it is done;
   * the old one is kept up to date for a while. A projector does it, in this process or in another. Throws
   * REBUILD_IN_PROGRESS, REBUILD_DIFFERS, REBUILD_FAILED, PROJECTION_UNKNOWN, OPERATION_ABANDONED, PROJECTOR_MISSING.
   * `acceptDifferences` swaps although the same code made another read model (a live row was changed by hand, say); it
   * wants a reason (REASON_REQUIRED).
   */
  rebuild(
    id: string,
    onProgress?: (progress: RebuildProgress) => void,
    request?: RebuildRequest & { readonly acceptDifferences?: boolean },
  ): Promise<RebuildProgress>;
  /** The newest rebuild of a projection, whatever process does it; undefined when there was none. */
  rebuildProgress(id: string): Promise<RebuildProgress | undefined>;
  /** Calls back with the newest rebuild now and whenever it gets on, until it is over or the returned function is called. */
  watchRebuild(operation: number, onProgress: (progress: RebuildProgress) => void): () => void;
  /**
   * Resolves when it has taken effect. `pause`, `resume`, `abandon`, `confirm` are about the rebuild under way
   * (REBUILD_NOT_RUNNING); `go-back` makes the old build the live one again, at the same position (OLD_BUILD_MISSING,
   * OLD_BUILD_BEHIND); `drop-old` removes it.
   */
  act(id: string, action: RebuildAction, request?: RebuildRequest): Promise<BuildsNow>;
  /** The live build and the old one. */
  builds(id: string): Promise<BuildsNow>;
}

/** What an operator asks for, executed by a process with the role projector. */
export interface OperationRequest {
  /** Lower case letters, digits and dashes: `rebuild`. */
  readonly kind: string;
  readonly projection: string;
  readonly input?: JsonObject;
  /** Who asks. */
  readonly actor: string;
  readonly reason?: string;
}

/** One operation: the request, and what became of it. Times are ISO strings. */
export interface Operation {
  readonly id: number;
  readonly kind: string;
  readonly projection: string;
  readonly input: JsonObject;
  readonly actor: string;
  readonly reason: string | null;
  readonly requestedAt: string;
  readonly state: 'requested' | 'running' | 'done' | 'failed' | 'abandoned';
  /** What was asked of it while it runs. */
  readonly asked: string | null;
  readonly progress: Json;
  readonly result: Json;
  readonly error: { readonly code: string; readonly message: string; readonly fields: readonly FieldProblem[] } | null;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  /** The process that runs it: host, process id and instance with `/` between them. */
  readonly runner: string | null;
}

/**
 * Requested by any process, executed by one with the role projector: only that one may write read models. The record of
 * all of them stays.
 */
export interface Operations {
  /** Resolves with the id. Throws PROJECTION_UNKNOWN, REBUILD_IN_PROGRESS. */
  request(request: OperationRequest): Promise<number>;
  /**
   * Resolves with the result, or throws what the operation failed with: the same code and message. PROJECTOR_MISSING when
   * nobody is there to take it, after a few seconds; OPERATION_UNFINISHED after `timeoutMs` (default 30,000; Infinity
   * waits on). Either way it stays requested or goes on.
   */
  wait(id: number, options?: { readonly timeoutMs?: number }): Promise<Json>;
  /** Calls back with the operation now and whenever it changed, until it is over or the returned function is called. */
  watch(id: number, onChange: (operation: Operation) => void): () => void;
  /** Throws OPERATION_UNKNOWN. */
  get(id: number): Promise<Operation>;
  /** The newest first. Default limit 100. */
  list(filter?: {
    readonly projection?: string;
    readonly kinds?: readonly string[];
    readonly open?: boolean;
    readonly limit?: number;
  }): Promise<Operation[]>;
}

export interface DeadLetter {
  readonly id: number;
  readonly projection: string;
  readonly orderingKey: string;
  readonly position: number;
  readonly eventId: string;
  readonly eventName: string;
  /** `failed`: this event failed. `waiting`: it came behind a failed one of its key. */
  readonly status: 'failed' | 'waiting' | 'retried' | 'discarded' | 'rebuilt';
  readonly error: string | null;
  readonly attempts: number;
  readonly firstFailedAt: string;
  readonly lastFailedAt: string;
  /** When it is tried again by itself; null for one that waits behind another, and for one that waits for a decision. */
  readonly nextAttemptAt: string | null;
  readonly reason: string | null;
  readonly actor: string | null;
}

/** One dead letter with its place in its ordering key. */
export interface DeadLetterDetail extends DeadLetter {
  /** Events of the same key that wait behind it. */
  readonly behind: number;
  /** The letter that goes first in this key; null when the key is not parked. */
  readonly first: number | null;
}

/** Which parked keys: all that fit. */
export interface DeadLetterGroup {
  readonly projection?: string;
  readonly orderingKey?: string;
  /** Type of the event that stands first in its key. */
  readonly eventName?: string;
}

export interface DeadLetterFilter {
  readonly projection?: string;
  readonly orderingKey?: string;
  readonly eventName?: string;
  /** `manual`: failed, and not tried again by itself. */
  readonly status?: DeadLetter['status'] | 'manual';
  /** Only what waits, only what does not, or `null` for both. Default: what waits, unless `status` says otherwise. */
  readonly open?: boolean | null;
  /** Only letters with a higher id. */
  readonly after?: number;
  /** Default 100. */
  readonly limit?: number;
}

/** What became of one key's parked events. */
export interface Drained {
  readonly applied: number;
  /** Events of the key that still wait. */
  readonly left: number;
}

/** What became of many keys. */
export interface RetriedKeys {
  readonly keys: number;
  /** Events that were applied. */
  readonly applied: number;
  /** Keys that are still parked, since one of their events failed again. */
  readonly failedAgain: number;
}

export interface DeadLetters {
  /** In the order of ids. */
  list(filter?: DeadLetterFilter): Promise<DeadLetter[]>;
  /** Throws DEAD_LETTER_UNKNOWN. */
  get(id: number): Promise<DeadLetterDetail>;
  /** Counts events that wait. */
  count(): Promise<number>;
  /** Applies the parked events of the letter's key in order; stops at the first that fails again. */
  retry(id: number, actor: string, reason?: string): Promise<Drained>;
  /** The same for every parked key of a group. */
  retryAll(group: DeadLetterGroup, actor: string, reason?: string): Promise<RetriedKeys>;
  /** Gives one event up, for good, with a reason (REASON_REQUIRED); the key goes on behind it. A rebuild repeats it. */
  discard(id: number, actor: string, reason: string): Promise<Drained>;
}

/** An event that a broker refused, or that waits behind such a one of its ordering key. */
export interface RefusedEvent {
  readonly id: number;
  /** The broker's name, as the relay's cursor has it. */
  readonly destination: string;
  /** The stream. */
  readonly orderingKey: string;
  readonly position: number;
  readonly eventId: string;
  readonly eventName: string;
  /** `FAILED`: tried again at `nextAttemptAt`. `MANUAL`: waits for a decision. `PENDING`: waits behind another one. */
  readonly status: 'FAILED' | 'PENDING' | 'MANUAL' | 'DISCARDED';
  readonly error: string | null;
  readonly attempts: number;
  readonly lastFailedAt: string | null;
  readonly nextAttemptAt: string | null;
}

/** What somebody has decided about a refused event. */
export interface RelayDecision {
  readonly decidedAt: string;
  readonly action: 'retry' | 'discard';
  readonly actor: string;
  readonly reason: string | null;
}

export interface RefusedEventDetail extends RefusedEvent {
  /** Events of the same key that wait behind it. */
  readonly behind: number;
  /** The one that goes first in this key; null when the key is not parked. */
  readonly first: number | null;
  /** The oldest first. */
  readonly decisions: readonly RelayDecision[];
}

export interface RefusedEventGroup {
  readonly destination?: string;
  readonly orderingKey?: string;
  /** Type of the event that stands first in its key. */
  readonly eventName?: string;
}

export interface RefusedEventFilter extends RefusedEventGroup {
  readonly status?: RefusedEvent['status'];
  /** Only what waits, only what does not, or `null` for both. Default: what waits, unless `status` says otherwise. */
  readonly open?: boolean | null;
  /** Only events with a higher id. */
  readonly after?: number;
  /** Default 100. */
  readonly limit?: number;
}

/** What the broker refused. Read models are not behind for it: consumers take the event from the log. */
export interface RefusedEvents {
  /** In the order of ids. */
  list(filter?: RefusedEventFilter): Promise<RefusedEvent[]>;
  /** Throws DEAD_LETTER_UNKNOWN. */
  get(id: number): Promise<RefusedEventDetail>;
  /** Counts events that wait. */
  count(): Promise<number>;
  /** Lets the relay publish the key of an event at once. Resolves before it has. Throws DEAD_LETTER_UNKNOWN. */
  retry(id: number, actor: string, reason?: string): Promise<{ readonly keys: number }>;
  /** The same for every parked key of a group. */
  retryAll(group: RefusedEventGroup, actor: string, reason?: string): Promise<{ readonly keys: number }>;
  /**
   * Gives the first event of a key up: it is never published, those behind it are. Wants a reason (REASON_REQUIRED).
   * Throws DEAD_LETTER_NOT_FIRST, DEAD_LETTER_UNKNOWN.
   */
  discard(id: number, actor: string, reason: string): Promise<{ readonly left: number }>;
}

/** The way of one event, with the clock stamps as ISO strings and durations in milliseconds. */
export interface EventLag {
  readonly eventId: string;
  readonly eventName: string;
  readonly aggregateId: string;
  readonly position: number;
  readonly status: 'CREATED' | 'PUBLISHED' | 'PROCESSED' | 'FAILED';
  readonly createdAt: string;
  readonly publishedAt: string | null;
  readonly receivedAt: string | null;
  readonly processedAt: string | null;
  /** created → handed to the broker */
  readonly outboxWaitMs: number | null;
  /** handed to the broker → confirmed */
  readonly outboxDispatchDurationMs: number | null;
  /** confirmed → received by the consumer */
  readonly transitMs: number | null;
  /** received → read model committed */
  readonly projectionProcessingDurationMs: number | null;
  /** created → read model committed: the sum of the parts */
  readonly totalLagMs: number | null;
}

export interface LagSummary {
  readonly eventName: string | null;
  readonly from: string | null;
  readonly to: string | null;
  readonly count: number;
  readonly processedCount: number;
  readonly pendingCount: number;
  readonly failedCount: number;
  readonly avgLagMs: number | null;
  readonly minLagMs: number | null;
  readonly maxLagMs: number | null;
  readonly p50LagMs: number | null;
  readonly p95LagMs: number | null;
  readonly p99LagMs: number | null;
  readonly avgOutboxWaitMs: number | null;
  readonly avgOutboxDispatchDurationMs: number | null;
  readonly avgTransitMs: number | null;
  readonly avgProjectionProcessingDurationMs: number | null;
  readonly eventsPerSecond: number | null;
}

export interface LagStatistics {
  /** Over all events, or those of a type, a time range, or the newest `sample` ones. */
  statistics(filter?: { eventName?: string; from?: Date; to?: Date; sample?: number }): Promise<LagSummary>;
  event(eventId: string): Promise<EventLag | undefined>;
  slowest(limit: number, eventName?: string): Promise<EventLag[]>;
  recent(limit: number): Promise<EventLag[]>;
  /** The ledger's rows of the positions above `after` up to `upTo`, in their order; none for a position without a row. */
  range(after: number, upTo: number): Promise<EventLag[]>;
}

export interface PendingEvent {
  readonly eventId: string;
  readonly position: number;
  readonly eventName: string;
  readonly aggregateId: string;
  readonly status: string;
  readonly retryCount: number;
  readonly lastFailedAt: string | null;
  /** When it is tried again by itself; null when it waits for the relay, for another event or for a decision. */
  readonly nextAttemptAt: string | null;
  readonly createdAt: string;
  readonly ageMs: number;
}

export interface PendingEvents {
  /** All events that were not published and not given up. */
  readonly count: number;
  readonly oldestAgeMs: number;
  /** Those of them that the broker refused, or that wait behind such a one. */
  readonly parked: number;
  /** Age of the first event that the relay has not come to; 0 when there is none. */
  readonly backlogAgeMs: number;
  readonly events: readonly PendingEvent[];
}

export interface Outbox {
  /** How many events were not published yet, and the first of them. */
  pending(limit?: number): Promise<PendingEvents>;
}

export interface HealthCheck {
  readonly name: string;
  readonly healthy: boolean;
  readonly detail: string | null;
}

export interface Health {
  readonly status: 'healthy' | 'degraded' | 'unhealthy';
  /** Commands can be accepted. */
  readonly ready: boolean;
  readonly checks: readonly HealthCheck[];
}
