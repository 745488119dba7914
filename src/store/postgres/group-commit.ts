import type { Client, QueryResult } from 'pg';
import type { RecordedEvent } from '../../events/envelope.ts';
import { MillraceError } from '../../errors.ts';
import { checkRequest } from '../request-check.ts';
import type { Tracing } from '../../tracing.ts';
import type { AppendOutcome, AppendRequest, StoredKey } from '../store.ts';
import { sortAnswer, type AppendAnswer, type SortedOutcome } from './answer-sort.ts';
import { AppendBatch } from './append-batch.ts';
import { BatchMemory } from '../../postgres/binary-arrays.ts';
import { inOnePacket } from '../../postgres/one-packet.ts';
import { asFault, asRefused, asUnavailable, classify, RolledBack } from './failure-class.ts';
import type { LogConnection } from './log-connection.ts';
import { LockedReads } from './locked-reads.ts';
import { lookUp, lookUpUnderLock, storedEvents } from './look-up.ts';
import type { LogStatements } from './statements.ts';
import { sizeOf, WaitingRequests, type Pending } from './waiting-requests.ts';

export interface GroupCommitOptions {
  /** Events in one transaction at most. Default 512. */
  readonly maximumEvents?: number;
  /** Requests that may wait inside the process before QUEUE_FULL. Default 20,000. */
  readonly maximumWaiting?: number;
  /** Characters of payload and metadata that may wait before QUEUE_FULL. Default 128 million. */
  readonly maximumWaitingSize?: number;
  /**
   * How long a request may wait for a store that is away, in milliseconds; three times as long when it may be stored.
   * Default 10,000.
   */
  readonly patience?: number;
  /** A batch without an answer for so long makes the connection doubtful, in milliseconds. Default 5,000. */
  readonly doubtAfter?: number;
  readonly tracing?: Tracing | undefined;
}

type Settled = (readonly [Pending, SortedOutcome | { readonly outcome: 'failed'; readonly error: unknown }])[];

/**
 * The one flusher of a process: while a batch is on its way, whatever arrives waits, and becomes the next batch. There
 * is no timer before a flush; a lone request leaves at once.
 *
 * A batch with a request that lost before and knows how to decide again (`revise`) runs in an explicit transaction:
 * append, decide again what was stale while the lock is held, append that, commit. So no writer starves.
 */
export class GroupCommit {
  readonly #connection: LogConnection;
  readonly #statements: LogStatements;
  readonly #onStored: (events: readonly RecordedEvent[]) => void;
  readonly #maximumEvents: number;
  readonly #patience: number;
  readonly #doubtAfter: number;
  readonly #tracing: Tracing | undefined;
  readonly #waiting: WaitingRequests;
  readonly #memory = new BatchMemory();
  readonly #lookingUp = new Set<Promise<void>>();
  #running: Promise<void> | undefined;
  #lastSuccess = performance.now();
  /** When the batch that is on its way left. */
  #sentAt: number | undefined;
  #epoch = 0;
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
    this.#patience = options.patience ?? 10_000;
    this.#doubtAfter = options.doubtAfter ?? 5_000;
    this.#tracing = options.tracing;
    this.#waiting = new WaitingRequests(options.maximumWaiting ?? 20_000, options.maximumWaitingSize ?? 128_000_000);
  }

  /** Requests that wait and are not on their way yet. */
  get waiting(): number {
    return this.#waiting.length;
  }

  append(request: AppendRequest): Promise<AppendOutcome> {
    if (this.#closed) return Promise.reject(new MillraceError('STOPPING', 'The log is closed.'));
    return new Promise((resolve, reject) => {
      const since = performance.now();
      const size = sizeOf(request);
      const epoch = this.#epoch;
      this.#waiting.push({
        request,
        since,
        size,
        epoch,
        uncertain: false,
        failedSince: undefined,
        collisions: 0,
        resolve,
        reject,
      });
      this.#running ??= this.#run();
    });
  }

  /** The log is another one than before: what was decided on the old one is answered with a conflict. */
  voidDecisions(): void {
    this.#epoch++;
  }

  /** Refuses new requests, and resolves when what waits has been answered. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
    await Promise.all(this.#lookingUp);
  }

  async #run(): Promise<void> {
    const watch = setInterval(() => this.#look(), Math.min(1000, this.#patience, this.#doubtAfter));
    try {
      while (this.#waiting.length > 0) {
        // Callers that were just answered send their next command in this turn: let them, so that batches stay full.
        await nextTurn();
        const { batch, members } = this.#waiting.take(this.#maximumEvents);
        if (members.length > 0) await this.#flush(batch, members);
      }
    } finally {
      clearInterval(watch);
      this.#running = undefined;
    }
  }

  #look(): void {
    this.#expireWaiting();
    if (this.#sentAt !== undefined && performance.now() - this.#sentAt > this.#doubtAfter)
      void this.#connection.doubt();
  }

  /** While nothing gets through, what waits in vain hears so, although a batch is still on its way. */
  #expireWaiting(): void {
    const limit = performance.now() - this.#patience;
    if (this.#lastSuccess > limit) return;
    for (const pending of this.#waiting.remove(({ since, uncertain }) => !uncertain && since < limit)) {
      pending.reject(asUnavailable(new Error('The event store gave no answer in time.')));
    }
  }

  /** Sends a batch and answers its members, or puts them back to wait. Never throws. */
  async #flush(batch: AppendBatch, members: Pending[]): Promise<void> {
    let sent = members;
    const trace = this.#tracing?.commit(members);
    try {
      const client = await this.#connection.client();
      sent = this.#withoutVoid(members);
      if (sent.length === 0) return;
      this.#sentAt = performance.now();
      if (sent.some((member) => member.request.revise !== undefined)) await this.#sendLocked(client, sent);
      else {
        const whole = sent.length === members.length ? batch : asBatch(sent);
        this.#settle(sortAnswer(sent, await this.#send(client, whole)));
      }
      trace?.end();
    } catch (error) {
      trace?.end(error);
      this.#sentAt = undefined;
      await this.#recover(sent, error);
    } finally {
      this.#sentAt = undefined;
    }
  }

  /** Answers what was decided on another incarnation of the log, and returns the rest. */
  #withoutVoid(members: Pending[]): Pending[] {
    return members.filter((member) => {
      const decided = (member.request.expect ?? []).length > 0 || (member.request.conditions ?? []).length > 0;
      if (member.epoch === this.#epoch || !decided) return true;
      member.resolve({ outcome: 'conflict', reason: 'version' });
      return false;
    });
  }

  async #send(client: Client, batch: AppendBatch): Promise<AppendAnswer> {
    const result = await client.query<AppendAnswer>(this.#statements.append(parametersOf(batch, this.#memory)));
    const answer = result.rows[0];
    if (answer === undefined) throw new MillraceError('STORE_CORRUPT', 'The append function gave no answer.');
    // PostgreSQL's bigint arrives as text.
    return { ...answer, head: Number.parseInt(String(answer.head), 10) };
  }

  async #sendLocked(client: Client, members: Pending[]): Promise<void> {
    const settled: Settled = [];
    // Statements of one turn, the reads of those who decide again among them, travel together: everybody else waits
    // while the lock is held.
    const { stream } = client.connection;
    stream.cork();
    process.nextTick(() => stream.uncork());
    const began = client.query('begin');
    const locked = client.query('select millrace_lock_log()');
    const entered = Promise.all([began, locked]);
    // Heard below; until then it must not count as unhandled.
    entered.catch(() => undefined);
    try {
      // A try is worth a round trip under the lock only where nobody knows that it fails.
      let lost = members;
      if (members.every(({ request }) => request.stale !== true)) {
        lost = [];
        for (const [pending, outcome] of sortAnswer(members, await this.#send(client, asBatch(members)))) {
          if (outcome.outcome === 'conflict' && pending.request.revise !== undefined) lost.push(pending);
          else settled.push([pending, outcome]);
        }
      }
      const ended = await this.#decideAgain(client, lost, settled);
      await entered;
      if (ended.command !== 'COMMIT') throw new RolledBack('The transaction was rolled back.');
    } catch (error) {
      // A broken connection rolls back by itself; the answer to this rollback does not matter.
      await client.query('rollback').catch(() => undefined);
      throw error;
    }
    this.#settle(settled);
  }

  /**
   * Nobody else can write: what was decided on fresh reads and conflicts all the same can never be stored. Commits with
   * the last batch.
   */
  async #decideAgain(client: Client, lost: Pending[], settled: Settled): Promise<QueryResult> {
    const reads = new LockedReads(client, this.#statements);
    for (let left = lost; left.length > 0;) {
      const batch = new AppendBatch();
      const members: Pending[] = [];
      const rest: Pending[] = [];
      const revised = await Promise.all(left.map((pending) => revise(pending, reads, settled)));
      if (reads.failure !== undefined) throw reads.failure;
      for (const pending of revised) {
        if (pending === undefined) continue;
        if (batch.fits(pending.request)) {
          batch.add(pending.request);
          members.push(pending);
        } else rest.push(pending);
      }
      // The others were decided before these were appended: they look once more.
      left = rest;
      if (members.length === 0) continue;
      if (rest.length > 0) settled.push(...sortAnswer(members, await this.#send(client, batch)));
      else {
        const [answer, ended] = await Promise.all(
          inOnePacket(client, () => [this.#send(client, batch), client.query('commit')] as const),
        );
        settled.push(...sortAnswer(members, answer));
        return ended;
      }
    }
    return client.query('commit');
  }

  #settle(outcomes: Settled): void {
    this.#lastSuccess = performance.now();
    this.#connection.worked();
    const stored = outcomes.flatMap(([, outcome]) => (outcome.outcome === 'stored' ? outcome.events : []));
    if (stored.length > 0) this.#onStored(stored);
    for (const [pending, outcome] of outcomes) {
      if (outcome.outcome === 'failed') pending.reject(outcome.error);
      else if (outcome.outcome === 'present' || outcome.outcome === 'key-exists') this.#answerLater(pending, outcome);
      else pending.resolve(outcome);
    }
  }

  /** Fetches what the answer needs, beside the next batch. */
  #answerLater(pending: Pending, outcome: SortedOutcome): void {
    const answer =
      outcome.outcome === 'present' ? this.#fetchPresent(pending, outcome.reason) : this.#fetchKeys(pending);
    const work: Promise<void> = answer
      .then(pending.resolve, (error: unknown) => pending.reject(asUnavailable(error)))
      .finally(() => this.#lookingUp.delete(work));
    this.#lookingUp.add(work);
  }

  async #fetchPresent(pending: Pending, reason: 'version' | 'condition'): Promise<AppendOutcome> {
    const found = await lookUp(this.#connection.pool, this.#statements, [pending.request]);
    const events = storedEvents(pending.request, found);
    return events === undefined ? { outcome: 'conflict', reason } : asStored(events);
  }

  async #fetchKeys(pending: Pending): Promise<AppendOutcome> {
    const keys = (pending.request.keys ?? []).map((key) => key.key);
    const result = await this.#connection.pool.query<StoredKeyRow>(this.#statements.findKeys(keys));
    return {
      outcome: 'key-exists',
      stored: result.rows.map((row) => ({ ...row, position: Number.parseInt(row.position, 10) })),
    };
  }

  /** Finds out what a failed batch left behind, answers what can be answered and puts the rest back to wait. */
  async #recover(members: Pending[], error: unknown): Promise<void> {
    const failure = classify(error);
    if (failure === 'bad-request') return this.#oneByOne(members, error);
    if (failure === 'collision') return this.#recoverFromCollision(members, error);
    if (failure === 'fault') {
      for (const member of members) {
        member.reject(!member.uncertain ? asFault(error) : asUnavailable(error));
      }
      return;
    }
    for (const member of members) {
      member.failedSince ??= performance.now();
      if (failure === 'uncertain') member.uncertain = true;
    }
    await this.#connection.pause(failure !== 'again');
    const keep = members.filter((member) => {
      const expired = this.#isExpired(member);
      if (expired) member.reject(asUnavailable(error));
      return !expired;
    });
    try {
      const unknown = keep.some((member) => member.uncertain);
      this.#waiting.putBack(unknown ? await this.#lookUp(keep) : keep);
    } catch (lookUpError) {
      await this.#recover(keep, lookUpError);
    }
  }

  #isExpired({ failedSince, uncertain }: Pending): boolean {
    const patience = uncertain ? this.#patience * 3 : this.#patience;
    return failedSince !== undefined && performance.now() - failedSince > patience;
  }

  async #oneByOne(members: Pending[], error: unknown): Promise<void> {
    if (members.length === 1) members[0]?.reject(asRefused(error));
    else for (const member of members) await this.#flush(asBatch([member]), [member]);
  }

  /** A unique index fired: everything was rolled back, and a request may be in the log already, from another time. */
  async #recoverFromCollision(members: Pending[], error: unknown): Promise<void> {
    let rest: Pending[];
    try {
      rest = await this.#lookUp(members);
    } catch (lookUpError) {
      return this.#recover(members, lookUpError);
    }
    if (rest.length < members.length) return this.#waiting.putBack(rest);
    // Ids that collide with those of other requests can never be stored: find the culprit, let the others go on.
    for (const member of rest) member.collisions++;
    if (rest.some((member) => member.collisions > 2)) return this.#oneByOne(rest, error);
    this.#waiting.putBack(rest);
  }

  /** Answers those that are in the log, and returns the others. */
  async #lookUp(members: readonly Pending[]): Promise<Pending[]> {
    if (members.length === 0) return [];
    const client = await this.#connection.client();
    const found = await lookUpUnderLock(
      client,
      this.#statements,
      members.map((member) => member.request),
    );
    const rest: Pending[] = [];
    const stored: [Pending, readonly RecordedEvent[]][] = [];
    for (const member of members) {
      const events = storedEvents(member.request, found);
      if (events !== undefined) stored.push([member, events]);
      else {
        member.uncertain = false;
        rest.push(member);
      }
    }
    const inOrder = stored.flatMap(([, events]) => events).sort((a, b) => a.position - b.position);
    if (inOrder.length > 0) this.#onStored(inOrder);
    for (const [member, events] of stored) member.resolve(asStored(events));
    return rest;
  }
}

type StoredKeyRow = Omit<StoredKey, 'position'> & { readonly position: string };

function asBatch(members: readonly Pending[]): AppendBatch {
  const batch = new AppendBatch();
  for (const member of members) batch.add(member.request);
  return batch;
}

/** A value that cannot be written is the request's fault, and nothing was sent. */
function parametersOf(batch: AppendBatch, memory: BatchMemory): Buffer[] {
  try {
    // One batch is on its way at a time: nobody reads the memory of the one before.
    memory.reset();
    return batch.parameters(memory.take);
  } catch (error) {
    throw asRefused(error);
  }
}

/** A request that cannot be decided again stands as it is, and conflicts if it is late. */
async function revise(pending: Pending, reads: LockedReads, settled: Settled): Promise<Pending | undefined> {
  if (pending.request.revise === undefined) return pending;
  try {
    const request = await pending.request.revise(reads.read);
    if (request !== undefined) {
      checkRequest(request);
      return Object.assign(pending, { request });
    }
    settled.push([pending, { outcome: 'conflict', reason: 'version' }]);
  } catch (error) {
    settled.push([pending, { outcome: 'failed', error }]);
  }
  return undefined;
}

function asStored(events: readonly RecordedEvent[]): AppendOutcome {
  return { outcome: 'stored', firstPosition: events[0]?.position ?? 0, events };
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
