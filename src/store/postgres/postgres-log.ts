import type pg from 'pg';
import type { RecordedEvent } from '../../events/envelope.ts';
import { MillraceError } from '../../errors.ts';
import type { AppendOutcome, AppendRequest, EventLog, EventQuery, LogHead, ReadOptions, Snapshot } from '../store.ts';
import { GroupCommit, type GroupCommitOptions } from './group-commit.ts';
import { LogConnection } from './log-connection.ts';
import { LogStatements, type EventRow, type LogNames } from './statements.ts';

export interface PostgresLogOptions extends GroupCommitOptions {
  /** `postgres://user:password@host:port/database` */
  readonly url: string;
  /** The log's name, as events carry it. */
  readonly name: string;
  readonly names: LogNames;
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
  readonly #appendedListeners = new Set<(events: readonly RecordedEvent[]) => void>();
  readonly #incarnationListeners = new Set<() => void>();
  #known: LogHead | undefined;

  constructor(options: PostgresLogOptions) {
    this.name = options.name;
    this.statements = new LogStatements(options.names);
    this.#connection = new LogConnection(options.url, (client) => this.#checkIncarnation(client), `millrace ${options.name}`);
    this.#commit = new GroupCommit(this.#connection, this.statements, (events) => this.#stored(events), options);
  }

  append(request: AppendRequest): Promise<AppendOutcome> {
    const problem = problemOf(request);
    if (problem !== undefined) return Promise.reject(new MillraceError('APPEND_INVALID', problem));
    return this.#commit.append(request);
  }

  async query(queries: readonly EventQuery[], options: ReadOptions = {}): Promise<readonly RecordedEvent[]> {
    const { after = 0, upTo = Number.MAX_SAFE_INTEGER, limit = 1000 } = options;
    const result = await this.#read<EventRow>(this.statements.query(queries, after, upTo, limit));
    const events = result.rows.map((row) => this.statements.toEvent(row));
    // An event that answers two of the queries comes twice, next to itself.
    return queries.length === 1 ? events : events.filter((event, at) => events[at - 1]?.position !== event.position);
  }

  async read(options: ReadOptions = {}): Promise<readonly RecordedEvent[]> {
    const { after = 0, upTo = Number.MAX_SAFE_INTEGER, limit = 1000 } = options;
    const result = await this.#read<EventRow>(this.statements.read(after, upTo, limit));
    return result.rows.map((row) => this.statements.toEvent(row));
  }

  async event(id: string): Promise<RecordedEvent | undefined> {
    const result = await this.#read<EventRow>(this.statements.eventsById([id]));
    const row = result.rows[0];
    return row === undefined ? undefined : this.statements.toEvent(row);
  }

  async head(): Promise<LogHead> {
    const result = await this.#read<HeadRow>(this.statements.head());
    return toHead(result.rows[0]);
  }

  async saveSnapshot(snapshot: Snapshot): Promise<void> {
    await this.#read({
      name: 'save-snapshot',
      text: `insert into snapshots (name, position, state_version, state) values ($1, $2, $3, $4)
        on conflict (name) do update set position = excluded.position, state_version = excluded.state_version,
          state = excluded.state, taken_at = clock_timestamp()
        where snapshots.position < excluded.position or snapshots.state_version <> excluded.state_version`,
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

  /** Removes command keys older than 24 hours. */
  async pruneKeys(): Promise<void> {
    await this.#read({ text: `delete from command_keys where created_at < clock_timestamp() - interval '24 hours'` });
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

  #stored(events: readonly RecordedEvent[]): void {
    const last = events.at(-1);
    if (last !== undefined && this.#known !== undefined && last.position > this.#known.position) {
      this.#known = { ...this.#known, position: last.position, eventId: last.id };
    }
    for (const listener of this.#appendedListeners) listener(events);
  }

  /** I10: after a reconnect the log must be the one we knew, and still hold the last event that we know of. */
  async #checkIncarnation(client: pg.Client): Promise<void> {
    const head = toHead((await client.query<HeadRow>(this.statements.head())).rows[0]);
    const before = this.#known;
    this.#known = head;
    if (before === undefined) return;
    let changed = before.incarnation !== head.incarnation || head.position < before.position;
    if (!changed && before.eventId !== undefined) {
      const at = await client.query<EventRow>(this.statements.read(before.position - 1, before.position, 1));
      changed = at.rows[0]?.event_id !== before.eventId;
    }
    if (changed) for (const listener of this.#incarnationListeners) listener();
  }

  async #read<Row extends pg.QueryResultRow>(query: pg.QueryConfig): Promise<pg.QueryResult<Row>> {
    try {
      return await this.#connection.pool.query<Row>(query);
    } catch (error) {
      throw new MillraceError('STORE_UNAVAILABLE', 'The event store does not answer.', { cause: error });
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

function problemOf(request: AppendRequest): string | undefined {
  const ids = new Set<string>();
  for (const event of request.events) {
    if (ids.has(event.id)) return `The event id ${event.id} stands twice in one request.`;
    ids.add(event.id);
    if (!isName(event.stream)) return 'A stream name is empty, longer than 500 characters or has control characters.';
    if (new Set(event.tags).size !== event.tags.length) return 'An event has the same tag twice.';
    for (const tag of event.tags) if (!isName(tag)) return 'A tag is empty, longer than 500 characters or has control characters.';
  }
  for (const condition of request.conditions ?? []) {
    if (condition.tags.length === 0) return 'A condition needs a tag.';
    if (!Number.isSafeInteger(condition.after) || condition.after < 0) return 'A condition needs a position from 0 up.';
  }
  if (request.events.length === 0 && (request.keys ?? []).length === 0) return 'The request has nothing to store.';
  return undefined;
}

// Control characters would collide with the separators of the wire format, and nobody could read them.
// oxlint-disable-next-line no-control-regex -- control characters are exactly what is looked for
const controlCharacters = /[\u0000-\u001f]/;

function isName(text: string): boolean {
  return text.length > 0 && text.length <= 500 && !controlCharacters.test(text);
}
