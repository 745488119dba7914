import type { Client, Pool, QueryConfig, QueryResult, QueryResultRow } from 'pg';
import type { RecordedEvent } from '../../events/envelope.ts';
import { MillraceError } from '../../errors.ts';
import type { AppendOutcome, AppendRequest, EventLog, EventQuery, LogHead, ReadOptions, Snapshot } from '../store.ts';
import { checkQueries, checkRange, checkRequest, isUuid } from '../request-check.ts';
import { DiskLimit } from './disk-limit.ts';
import { asReadFailure } from './failure-class.ts';
import { GroupCommit, type GroupCommitOptions } from './group-commit.ts';
import { LogConnection, type LogConnectionOptions } from './log-connection.ts';
import type { LogNames } from '../../postgres/log-names.ts';
import { LogStatements, type EventRow } from './statements.ts';

export interface PostgresLogOptions extends GroupCommitOptions, LogConnectionOptions {
  /** `postgres://user:password@host:port/database` */
  readonly url: string;
  /** The log's name, as events carry it. */
  readonly name: string;
  readonly names: LogNames;
  /** Bytes that the database may have; above, appends are refused with LOG_FULL. Default: no limit. */
  readonly diskLimit?: number;
  /** How often its size is asked for, in milliseconds, while appends come. Default 10,000. */
  readonly diskLimitInterval?: number;
}

/**
 * Opens the log in a PostgreSQL database that `migrateLog` has prepared. The connection is made at the first use, and
 * made again whenever it breaks.
 */
export function openPostgresLog(options: PostgresLogOptions): PostgresLog {
  return new PostgresLog(options);
}

/** See {@link EventLog}. */
export class PostgresLog implements EventLog {
  readonly name: string;
  readonly statements: LogStatements;
  readonly #connection: LogConnection;
  readonly #commit: GroupCommit;
  readonly #diskLimit: DiskLimit | undefined;
  readonly #appendedListeners = new Set<(events: readonly RecordedEvent[]) => void>();
  readonly #incarnationListeners = new Set<() => void>();
  #known: LogHead | undefined;
  #announced = 0;

  constructor(options: PostgresLogOptions) {
    this.name = options.name;
    this.statements = new LogStatements(options.names);
    this.#connection = new LogConnection(
      options.url,
      (client) => this.#checkIncarnation(client),
      `millrace ${options.name}`,
      options,
    );
    if (options.diskLimit !== undefined) {
      this.#diskLimit = new DiskLimit(this.#connection.pool, options.diskLimit, options.diskLimitInterval);
    }
    this.#commit = new GroupCommit(this.#connection, this.statements, (events) => this.#stored(events), options);
  }

  /** The connections for reads. */
  get pool(): Pool {
    return this.#connection.pool;
  }

  async append(request: AppendRequest): Promise<AppendOutcome> {
    checkRequest(request);
    this.#diskLimit?.check();
    return this.#commit.append(request);
  }

  /** Whether the database has reached its limit, as far as is known; undefined when it has none. */
  isFull(): boolean | undefined {
    return this.#diskLimit?.isFull();
  }

  /** Asks for the database's size now, when it has a limit. */
  async lookAtSize(): Promise<void> {
    await this.#diskLimit?.look();
  }

  async query(queries: readonly EventQuery[], options: ReadOptions = {}): Promise<readonly RecordedEvent[]> {
    const { after, upTo, limit } = rangeOf(options);
    checkQueries(queries);
    const result = await this.#read<EventRow>(this.statements.query(queries, after, upTo, limit));
    return result.rows.map((row) => this.statements.toEvent(row));
  }

  async read(options: ReadOptions = {}): Promise<readonly RecordedEvent[]> {
    const { after, upTo, limit } = rangeOf(options);
    const result = await this.#read<EventRow>(this.statements.read(after, upTo, limit));
    return result.rows.map((row) => this.statements.toEvent(row));
  }

  async event(id: string): Promise<RecordedEvent | undefined> {
    if (!isUuid(id)) return undefined;
    const result = await this.#read<EventRow>(this.statements.eventsById([id]));
    const row = result.rows[0];
    return row === undefined ? undefined : this.statements.toEvent(row);
  }

  async head(): Promise<LogHead> {
    const before = this.#known;
    const head = toHead((await this.#read<HeadRow>(this.statements.head())).rows[0]);
    // Whoever follows the log asks often, so a process that only reads or refuses hears of a restore as well. What was
    // known before the question can only have grown.
    const changed =
      before !== undefined && (before.incarnation !== head.incarnation || head.position < before.position);
    if (changed && this.#known?.incarnation === before.incarnation && this.#known.position === before.position) {
      this.#known = head;
      this.#announceChange(head);
    }
    return head;
  }

  async saveSnapshot(snapshot: Snapshot): Promise<void> {
    await this.#read({
      name: 'save-snapshot',
      text: 'select millrace_save_snapshot($1, $2, $3, $4)',
      values: [snapshot.name, snapshot.position, snapshot.stateVersion, snapshot.state],
    });
  }

  async loadSnapshot(name: string): Promise<Snapshot | undefined> {
    const result = await this.#read<{ position: string; state_version: number; state: string }>({
      name: 'load-snapshot',
      text: 'select position, state_version, state::text as state from snapshots where name = $1',
      values: [name],
    });
    const row = result.rows[0];
    return row === undefined
      ? undefined
      : { name, position: Number(row.position), stateVersion: row.state_version, state: row.state };
  }

  /**
   * Deletes command keys that are older than 24 hours, a page at a time, and resolves with their number.
   * Meant to be called now and then; several processes may do so at once.
   */
  async pruneKeys(): Promise<number> {
    for (let deleted = 0; ;) {
      const pruned = await this.#read<{ pruned: string }>({
        name: 'prune-keys',
        text: 'select millrace_prune_keys() as pruned',
      });
      const page = Number(pruned.rows[0]?.pruned ?? 0);
      deleted += page;
      if (page === 0) return deleted;
    }
  }

  onAppended(listener: (events: readonly RecordedEvent[]) => void): () => void {
    this.#appendedListeners.add(listener);
    return () => this.#appendedListeners.delete(listener);
  }

  onIncarnationChanged(listener: () => void): () => void {
    this.#incarnationListeners.add(listener);
    return () => this.#incarnationListeners.delete(listener);
  }

  async close(): Promise<void> {
    await this.#commit.close();
    await this.#connection.close();
  }

  /** Events of this process that were found in the log long after their commit are no news any more. */
  #stored(events: readonly RecordedEvent[]): void {
    const news = events.filter((event) => event.position > this.#announced);
    const last = news.at(-1);
    if (last === undefined) return;
    this.#announced = last.position;
    if (this.#known !== undefined && last.position > this.#known.position) {
      this.#known = { ...this.#known, position: last.position, eventId: last.id };
    }
    for (const listener of this.#appendedListeners) callBack(() => listener(news));
  }

  /** I10: after a reconnect the log must be the one we knew, and still hold the last event that we know of. */
  async #checkIncarnation(client: Client): Promise<void> {
    const head = toHead((await client.query<HeadRow>(this.statements.head())).rows[0]);
    const before = this.#known;
    this.#known = head;
    if (before === undefined) return;
    let changed = before.incarnation !== head.incarnation || head.position < before.position;
    if (!changed && before.eventId !== undefined) {
      const at = await client.query<EventRow>(this.statements.read(before.position - 1, before.position, 1));
      changed = at.rows[0]?.event_id !== before.eventId;
    }
    if (changed) this.#announceChange(head);
  }

  #announceChange(head: LogHead): void {
    this.#announced = head.position;
    this.#commit.voidDecisions();
    for (const listener of this.#incarnationListeners) callBack(listener);
  }

  async #read<Row extends QueryResultRow>(query: QueryConfig): Promise<QueryResult<Row>> {
    try {
      return await this.#connection.pool.query<Row>(query);
    } catch (error) {
      throw asReadFailure(error);
    }
  }
}

interface HeadRow {
  readonly incarnation: string;
  readonly position: string | null;
  readonly event_id: string | null;
}

function toHead(row: HeadRow | undefined): LogHead {
  if (row === undefined) throw new MillraceError('SCHEMA_MISSING', 'The event store has not been prepared.');
  return { position: Number(row.position ?? 0), eventId: row.event_id ?? undefined, incarnation: row.incarnation };
}

/** A listener's failure is its own: the event is stored, and the others want to hear of it. */
function callBack(listener: () => void): void {
  try {
    listener();
  } catch (error) {
    process.emitWarning(error instanceof Error ? error : String(error));
  }
}

function rangeOf(options: ReadOptions): Required<ReadOptions> {
  checkRange(options);
  const { after = 0, upTo = Number.MAX_SAFE_INTEGER, limit = 1000 } = options;
  return { after, upTo, limit };
}
