import pg from 'pg';
import type { RecordedEvent } from '../../events/envelope.ts';
import { MillraceError } from '../../errors.ts';
import type { AppendOutcome, AppendRequest, StoredKey } from '../store.ts';
import { AppendBatch, plannedVersions } from './append-batch.ts';
import { classify } from './failure-class.ts';
import { LockedReads } from './locked-reads.ts';
import type { LogConnection } from './log-connection.ts';
import type { LogStatements } from './statements.ts';

/** One request that waits for its outcome. */
interface Pending {
  request: AppendRequest;
  readonly since: number;
  /** It was sent and the connection broke: it may be stored. */
  uncertain: boolean;
  /** How often a unique index fired in its batch although a look-up found nothing. */
  collisions: number;
  readonly resolve: (outcome: AppendOutcome) => void;
  readonly reject: (error: unknown) => void;
}

export interface GroupCommitOptions {
  /** Events in one transaction at most. Default 512. */
  readonly maximumEvents?: number;
  /** Requests that may wait inside the process before QUEUE_FULL. Default 20,000. */
  readonly maximumWaiting?: number;
  /** How long a request may wait for a store that is away, in milliseconds. Default 10,000. */
  readonly patience?: number;
}

/**
 * The one flusher of a process: while a batch is on its way, whatever arrives waits, and becomes the next batch. There
 * is no timer; a lone request leaves at once.
 *
 * A batch with a request that lost before and knows how to decide again (`revise`) runs in an explicit transaction:
 * append, decide again what was stale while the lock is held, append that, commit. So no writer starves.
 */
export class GroupCommit {
  readonly #connection: LogConnection;
  readonly #statements: LogStatements;
  readonly #onStored: (events: readonly RecordedEvent[]) => void;
  readonly #maximumEvents: number;
  readonly #maximumWaiting: number;
  readonly #patience: number;
  #waiting: Pending[] = [];
  #running: Promise<void> | undefined;
  #closed = false;

  constructor(
    connection: LogConnection,
    statements: LogStatements,
    onStored: (events: readonly RecordedEvent[]) => void,
    options: GroupCommitOptions = {},
  ) {
    this.#connection = connection;
    this.#statements = statements;
    this.#onStored = onStored;
    this.#maximumEvents = options.maximumEvents ?? 512;
    this.#maximumWaiting = options.maximumWaiting ?? 20_000;
    this.#patience = options.patience ?? 10_000;
  }

  /** Requests that wait and are not on their way yet. */
  get waiting(): number {
    return this.#waiting.length;
  }

  append(request: AppendRequest): Promise<AppendOutcome> {
    if (this.#closed) return Promise.reject(new MillraceError('STOPPING', 'The log is closed.'));
    if (this.#waiting.length >= this.#maximumWaiting) {
      return Promise.reject(new MillraceError('QUEUE_FULL', 'Too many commands wait for the event store.'));
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ request, since: performance.now(), uncertain: false, collisions: 0, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** Refuses new requests, and resolves when what waits has been answered. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    try {
      while (this.#waiting.length > 0) {
        // Callers that were just answered send their next command in this turn: let them, so that batches stay full.
        await nextTurn();
        const { batch, members } = this.#take();
        await this.#flush(batch, members);
      }
    } finally {
      this.#running = undefined;
    }
  }

  #take(): { batch: AppendBatch; members: Pending[] } {
    const batch = new AppendBatch();
    const members: Pending[] = [];
    const later: Pending[] = [];
    let index = 0;
    for (; index < this.#waiting.length; index++) {
      const pending = this.#waiting[index];
      if (pending === undefined) break;
      const size = pending.request.events.length;
      if (members.length > 0 && (batch.eventCount + size > this.#maximumEvents || batch.bytes > maximumBytes)) break;
      if (batch.fits(pending.request)) {
        batch.add(pending.request);
        members.push(pending);
      } else later.push(pending);
    }
    this.#waiting = index < this.#waiting.length ? [...later, ...this.#waiting.slice(index)] : later;
    return { batch, members };
  }

  /** Sends a batch until every member has its answer. Never throws. */
  async #flush(batch: AppendBatch, members: Pending[]): Promise<void> {
    try {
      const client = await this.#connection.client();
      if (members.some((member) => member.request.revise !== undefined)) await this.#sendLocked(client, members);
      else this.#settle(members, await this.#send(client, batch), true);
    } catch (error) {
      await this.#recover(members, error);
    }
  }

  async #send(client: pg.Client, batch: AppendBatch): Promise<AppendAnswer> {
    const result = await client.query<AppendAnswer>(this.#statements.append(batch.parameters()));
    const answer = result.rows[0];
    if (answer === undefined) throw new MillraceError('STORE_CORRUPT', 'The append function gave no answer.');
    return { ...answer, head: Number(answer.head) };
  }

  async #sendLocked(client: pg.Client, members: Pending[]): Promise<void> {
    const settled: (() => void)[] = [];
    const stored: RecordedEvent[] = [];
    await client.query('begin');
    try {
      const first = asBatch(members);
      const answer = await this.#send(client, first);
      const lost: Pending[] = [];
      const sorted = this.#sort(members, answer);
      for (const [pending, outcome] of sorted) {
        if (outcome.outcome === 'conflict' && pending.request.revise !== undefined) lost.push(pending);
        else settled.push(() => this.#answer(pending, outcome));
        if (outcome.outcome === 'stored') stored.push(...outcome.events);
      }
      if (lost.length > 0) await this.#revise(client, lost, settled, stored);
      await client.query('commit');
    } catch (error) {
      // A broken connection rolls back by itself; the answer to this rollback does not matter.
      await client.query('rollback').catch(() => undefined);
      throw error;
    }
    if (stored.length > 0) this.#onStored(stored);
    for (const settle of settled) settle();
  }

  async #revise(client: pg.Client, lost: Pending[], settled: (() => void)[], stored: RecordedEvent[]): Promise<void> {
    const reads = new LockedReads(client, this.#statements);
    let again: Pending[] = [];
    await Promise.all(
      lost.map(async (pending) => {
        try {
          const revised = await pending.request.revise?.(reads.read);
          if (revised === undefined) settled.push(() => this.#answer(pending, { outcome: 'conflict', reason: 'version' }));
          else again.push(Object.assign(pending, { request: revised }));
        } catch (error) {
          settled.push(() => pending.reject(error));
        }
      }),
    );
    while (again.length > 0) {
      const batch = new AppendBatch();
      const members: Pending[] = [];
      const rest: Pending[] = [];
      for (const pending of again) {
        if (batch.fits(pending.request)) {
          batch.add(pending.request);
          members.push(pending);
        } else rest.push(pending);
      }
      for (const [pending, outcome] of this.#sort(members, await this.#send(client, batch))) {
        settled.push(() => this.#answer(pending, outcome));
        if (outcome.outcome === 'stored') stored.push(...outcome.events);
      }
      again = rest;
    }
  }

  /** Pairs every member with its outcome; key rows are looked up later, by {@link #answer}. */
  #sort(members: readonly Pending[], answer: AppendAnswer): (readonly [Pending, AppendOutcome])[] {
    let position = answer.head;
    let eventIndex = 0;
    const rejected = answer.stale !== null || answer.excluded !== null || answer.known !== null;
    return members.map((pending, index) => {
      const { request } = pending;
      const base = eventIndex;
      eventIndex += request.events.length;
      if (rejected) {
        const group = index + 1;
        if (answer.known?.includes(group) === true) return [pending, { outcome: 'key-exists', stored: [] }] as const;
        if (answer.stale?.includes(group) === true) return [pending, { outcome: 'conflict', reason: 'version' }] as const;
        if (answer.excluded?.includes(group) === true) {
          return [pending, { outcome: 'conflict', reason: 'condition' }] as const;
        }
      }
      const firstPosition = request.events.length === 0 ? position : position + 1;
      const versions = answer.versions === null ? plannedVersions(request) : undefined;
      const events = request.events.map((event, at): RecordedEvent => ({
        id: event.id,
        position: ++position,
        stream: event.stream,
        version: versions?.[at] ?? Number(answer.versions?.[base + at]),
        type: event.type,
        schemaVersion: event.schemaVersion,
        tags: event.tags,
        payload: event.payload,
        metadata: event.metadata,
        occurredAt: event.occurredAt,
      }));
      return [pending, { outcome: 'stored', firstPosition, events }] as const;
    });
  }

  #settle(members: readonly Pending[], answer: AppendAnswer, committed: true): void {
    const outcomes = this.#sort(members, answer);
    if (committed) {
      const stored = outcomes.flatMap(([, outcome]) => (outcome.outcome === 'stored' ? outcome.events : []));
      if (stored.length > 0) this.#onStored(stored);
    }
    for (const [pending, outcome] of outcomes) this.#answer(pending, outcome);
  }

  #answer(pending: Pending, outcome: AppendOutcome): void {
    if (outcome.outcome !== 'key-exists') {
      pending.resolve(outcome);
      return;
    }
    const keys = (pending.request.keys ?? []).map((key) => key.key);
    this.#connection.pool
      .query<StoredKey>(this.#statements.findKeys(keys))
      .then((result) => pending.resolve({ outcome: 'key-exists', stored: result.rows.map(withNumbers) }))
      .catch((error: unknown) => pending.reject(unavailable(error)));
  }

  /** Finds out what a failed batch left behind, answers what can be answered and sends the rest again. */
  async #recover(members: Pending[], error: unknown): Promise<void> {
    const failure = classify(error);
    if (failure === 'bad-request') {
      if (members.length === 1) members[0]?.reject(refused(error));
      else for (const member of members) await this.#flush(asBatch([member]), [member]);
      return;
    }
    // Ids that collide with those of other requests can never be stored: find the culprit, let the others go on.
    if (isCollision(error) && members.some((member) => ++member.collisions > 2)) {
      if (members.length === 1) members[0]?.reject(refused(error));
      else for (const member of members) await this.#flush(asBatch([member]), [member]);
      return;
    }
    if (failure === 'fault') {
      for (const member of members) member.reject(refused(error));
      return;
    }
    if (failure === 'uncertain') for (const member of members) member.uncertain = true;
    await this.#connection.pause(failure === 'uncertain');
    const now = performance.now();
    const keep: Pending[] = [];
    for (const member of members) {
      const patience = member.uncertain ? this.#patience * 3 : this.#patience;
      if (now - member.since > patience) member.reject(unavailable(error));
      else keep.push(member);
    }
    try {
      const rest = keep.some((member) => member.uncertain) ? await this.#lookUp(keep) : keep;
      this.#waiting.unshift(...rest);
    } catch (lookUpError) {
      await this.#recover(keep, lookUpError);
    }
  }

  /**
   * An unknown outcome is resolved by the id of a request's first event. The look-up takes the log's lock first: a
   * transaction that is still committing has ended then. One that has not even begun to wait may run later; its event
   * ids and versions collide with what is sent again, so only one of the two can succeed.
   */
  async #lookUp(members: readonly Pending[]): Promise<Pending[]> {
    const client = await this.#connection.client();
    const ids = members.flatMap((member) => member.request.events.map((event) => event.id));
    await client.query('begin');
    let found: Map<string, RecordedEvent>;
    try {
      await client.query('select 1 from log_lock for update');
      const rows = await client.query(this.#statements.eventsById(ids));
      found = new Map(rows.rows.map((row) => [String(row.event_id), this.#statements.toEvent(row)]));
      await client.query('commit');
    } catch (error) {
      await client.query('rollback').catch(() => undefined);
      throw error;
    }
    const rest: Pending[] = [];
    const stored: [Pending, RecordedEvent[]][] = [];
    for (const member of members) {
      const events = member.request.events.map((event) => found.get(event.id)).filter((event) => event !== undefined);
      if (events.length > 0 && events.length === member.request.events.length) stored.push([member, events]);
      else {
        member.uncertain = false;
        rest.push(member);
      }
    }
    const inOrder = stored.flatMap(([, events]) => events).sort((a, b) => a.position - b.position);
    if (inOrder.length > 0) this.#onStored(inOrder);
    for (const [member, events] of stored) {
      member.resolve({ outcome: 'stored', firstPosition: events[0]?.position ?? 0, events });
    }
    return rest;
  }
}

/** Characters of payload and metadata in one batch, roughly. */
const maximumBytes = 1_000_000;

/** The answer of `millrace_append`; groups count from 1. */
interface AppendAnswer {
  head: number;
  stale: number[] | null;
  excluded: number[] | null;
  known: number[] | null;
  versions: string[] | null;
}

function asBatch(members: readonly Pending[]): AppendBatch {
  const batch = new AppendBatch();
  for (const member of members) batch.add(member.request);
  return batch;
}

function isCollision(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code === '23505';
}

function withNumbers(row: StoredKey): StoredKey {
  return { ...row, position: Number(row.position) };
}

function refused(error: unknown): MillraceError {
  const message = error instanceof Error ? error.message : String(error);
  return new MillraceError('APPEND_INVALID', `The event store refused it: ${message}`, { cause: error });
}

function unavailable(error: unknown): MillraceError {
  return error instanceof MillraceError && error.code === 'STORE_CORRUPT'
    ? error
    : new MillraceError('STORE_UNAVAILABLE', 'The event store does not answer.', { cause: error });
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
