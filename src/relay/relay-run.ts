import { DatabaseError } from 'pg';
import { MessagesRefused } from '../brokers/broker.ts';
import { isInLog } from '../store/log-checkpoint.ts';
import { backoff, Doorbell } from '../doorbell.ts';
import type { RecordedEvent } from '../events/envelope.ts';
import { wallClock } from '../events/wall-clock.ts';
import type { LeaseKeeper } from '../postgres/lease.ts';
import { defaultRetrySchedule } from '../retry-schedule.ts';
import { CursorJournal } from './cursor-journal.ts';
import { ParkedKeys, stretches } from './parked-keys.ts';
import { Pipeline } from './pipeline.ts';
import { publishWithin } from './publish-within.ts';
import { describeRefusal, RefusedRetries } from './refused-retries.ts';
import type { Cursor } from './relay-store.ts';
import type { RelayOptions } from './relay.ts';
import { Tail } from './tail.ts';

/** Batches that are handed to the broker before the first of them is confirmed. */
const mostUnderWay = 4;
/** After so many failures in a row one event is tried before the rest: a broker may be stuck on what stands first. */
const failuresBeforeProbe = 3;

/** One life of a relay: from the start, or from a restart by its watchdog, to the end. See {@link Relay}. */
export class RelayRun {
  readonly #options: RelayOptions;
  readonly #batchSize: number;
  readonly #stopListening: () => void;
  readonly #work = new Doorbell();
  readonly #stopping = new Doorbell();
  readonly #tail = new Tail();
  readonly #parked: ParkedKeys;
  readonly #retries: RefusedRetries;
  readonly #journal: CursorJournal;
  #pipeline: Pipeline;
  #keeper: LeaseKeeper | undefined;
  #incarnation = '';
  /** Handed to the broker, or passed over. */
  #handed = 0;
  #stopped = false;
  #abandoned = false;
  #loop: Promise<void> | undefined;
  #failures = 0;
  #lastProgress = performance.now();
  #busySince: number | undefined;
  /** The log may hold something that this process did not append. */
  #lookAtLog = true;
  /** Log and cursor may not be what they were: compare before going on. */
  #doubt = false;

  constructor(options: RelayOptions) {
    this.#options = options;
    this.#batchSize = options.batchSize ?? 500;
    const schedule = options.retrySchedule ?? defaultRetrySchedule;
    this.#parked = new ParkedKeys(schedule);
    this.#journal = new CursorJournal({
      store: options.store,
      schedule,
      onAdvanced: options.onAdvanced,
      onFailed: (error) => {
        options.onError?.(error);
        this.#doubt = true;
        this.#leaveWhenFenced(error);
      },
    });
    this.#pipeline = this.#openPipeline();
    this.#retries = new RefusedRetries({
      log: options.log,
      store: options.store,
      parked: this.#parked,
      schedule,
      publish: (events, handedAt) => this.#publish(events, handedAt),
      ...(options.onError === undefined ? {} : { onError: options.onError }),
    });
    const stopAppended = options.log.onAppended((events) => this.#offer(events));
    const stopIncarnation = options.log.onIncarnationChanged(() => {
      this.#doubt = true;
      this.#work.ring();
    });
    this.#stopListening = () => {
      stopAppended();
      stopIncarnation();
    };
  }

  get active(): boolean {
    return this.#keeper?.held === true;
  }

  get position(): number {
    return this.#journal.reached.position;
  }

  get quietFor(): number {
    return performance.now() - this.#lastProgress;
  }

  /** Milliseconds since the last step while a database is waited for; 0 when it waits for work or for the broker. */
  get busyFor(): number {
    return this.#busySince === undefined ? 0 : performance.now() - this.#busySince;
  }

  start(): void {
    this.#loop ??= this.#run();
  }

  nudge(): void {
    this.#lookAtLog = true;
    this.#work.ring();
  }

  async stop(): Promise<void> {
    this.#end();
    await this.#loop;
    this.#stopListening();
  }

  /** Gives up without waiting for anything. What is under way is fenced off, or has no effect. */
  abandon(): void {
    this.#abandoned = true;
    this.#stopListening();
    this.#standBy();
    this.#end();
  }

  #end(): void {
    this.#stopped = true;
    this.#stopping.ring();
    this.#journal.hurry();
    this.#work.ring();
  }

  #offer(events: readonly RecordedEvent[]): void {
    if (this.#keeper === undefined) return;
    this.#tail.add(events);
    this.#work.ring();
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      this.#step();
      try {
        if (this.#keeper === undefined && !(await this.#takeOver())) {
          // Nudges are for the one that publishes; who stands by only looks whether the lease is free.
          await this.#rest(this.#stopping, Math.min(500, this.#pollingInterval));
          continue;
        }
        if (this.#doubt) await this.#compare();
        await this.#publishAll();
        if (this.#pipeline.idle) this.#failures = 0;
        this.#journal.saveSoon();
        await this.#awaitWork();
      } catch (error) {
        if (!this.#abandoned) await this.#recover(error);
      }
    }
    if (!this.#abandoned) await this.#finish();
  }

  async #awaitWork(): Promise<void> {
    const { quietFor } = this.#parked;
    const rung = await this.#rest(this.#work, Math.min(this.#pollingInterval, quietFor));
    if (!rung && quietFor >= this.#pollingInterval) this.#doubt = true;
  }

  async #rest(bell: Doorbell, milliseconds: number): Promise<boolean> {
    this.#busySince = undefined;
    const rung = await bell.wait(milliseconds);
    this.#step();
    return rung;
  }

  #step(): void {
    this.#busySince = performance.now();
  }

  get #pollingInterval(): number {
    return this.#options.pollingInterval ?? 1000;
  }

  async #recover(problem: unknown): Promise<void> {
    this.#options.onError?.(problem);
    this.#busySince = undefined;
    // What is under way may still be confirmed, and need not be published twice then.
    await this.#pipeline.settled().catch(() => undefined);
    if (this.#abandoned) return;
    // What was taken from memory and not confirmed is in the log.
    this.#begin(this.#journal.reached);
    this.#doubt = true;
    this.#leaveWhenFenced(problem);
    await this.#rest(this.#stopping, backoff(++this.#failures, 50, this.#options.longestPause ?? 2000));
  }

  async #finish(): Promise<void> {
    const keeper = this.#keeper;
    if (keeper === undefined) return;
    const report = (error: unknown): void => this.#options.onError?.(error);
    await this.#publishAll().catch(report);
    await this.#pipeline.settled().catch(report);
    await this.#journal.flush().catch(report);
    keeper.stop();
    await this.#options.lease.release(keeper.lease).catch(() => undefined);
    this.#keeper = undefined;
  }

  async #takeOver(): Promise<boolean> {
    const { lease, log, store } = this.#options;
    const held = await lease.acquire();
    if (held === undefined) return false;
    const keeper = lease.keep(held, {
      onLost: () => {
        if (this.#keeper === keeper) this.#standBy();
      },
      onError: (error) => this.#options.onError?.(error),
    });
    let from: Cursor;
    try {
      await store.adoptCursor(held);
      const [cursor, head] = await Promise.all([store.cursor(), log.head()]);
      from = cursor;
      if (!(await isInLog(cursor, log))) {
        // Another log than the one that was published: then nothing of it was. What is published twice has no effect.
        from = { position: 0, eventId: undefined };
        await store.reset(held, from);
      }
      this.#parked.replace(await store.parkedKeys());
      this.#incarnation = head.incarnation;
    } catch (error) {
      keeper.stop();
      await lease.release(held).catch(() => undefined);
      throw error;
    }
    this.#tail.clear();
    this.#begin(from);
    this.#doubt = false;
    if (!keeper.held || this.#abandoned) {
      keeper.stop();
      return false;
    }
    this.#journal.begin(keeper, from);
    this.#keeper = keeper;
    return true;
  }

  /** Goes on behind this event. What is still under way counts no more. */
  #begin({ position }: Cursor): void {
    this.#pipeline = this.#openPipeline();
    this.#handed = position;
    this.#lookAtLog = true;
  }

  #openPipeline(): Pipeline {
    const pipeline: Pipeline = new Pipeline({
      publish: (events, handedAt) => this.#publish(events, handedAt),
      free: (events) => this.#parked.free(events),
      onConfirmed: (events, handedAt, refusal) => {
        if (this.#pipeline === pipeline && this.#keeper !== undefined) this.#account(events, handedAt, refusal);
      },
      onFailed: () => this.#work.ring(),
    });
    return pipeline;
  }

  /** Log and cursor must be as this relay left them; otherwise it begins anew. */
  async #compare(): Promise<void> {
    await this.#pipeline.settled();
    await this.#journal.settled();
    const [cursor, head] = await Promise.all([this.#options.store.cursor(), this.#options.log.head()]);
    this.#doubt = false;
    if (head.position > this.position) this.#lookAtLog = true;
    const same = this.#journal.wasLeftAt(cursor);
    if (!same || head.incarnation !== this.#incarnation || head.position < this.position) {
      const keeper = this.#keeper;
      this.#standBy();
      if (keeper !== undefined) await this.#options.lease.release(keeper.lease).catch(() => undefined);
      await this.#takeOver();
    }
  }

  #leaveWhenFenced(error: unknown): void {
    if (error instanceof DatabaseError && (error.code === 'MR010' || error.code === 'MR012')) this.#standBy();
  }

  #standBy(): void {
    this.#keeper?.stop();
    this.#keeper = undefined;
    this.#tail.clear();
    this.#journal.leave();
    this.#parked.clear();
  }

  async #publishAll(): Promise<void> {
    for (;;) {
      const keeper = this.#keeper;
      if (keeper === undefined) return;
      if (!keeper.held) {
        // The process was paused for so long that another one may publish now.
        this.#standBy();
        return;
      }
      this.#step();
      this.#lastProgress = performance.now();
      if (this.#pipeline.failed) await this.#pipeline.settled();
      if (this.#parked.looking && !this.#stopped) await this.#retryRefused(keeper);
      if (this.#keeper !== keeper) return;
      const events = await this.#next();
      const last = events.at(-1);
      if (last === undefined || this.#keeper !== keeper) return;
      if (this.#pipeline.holdsKeyOf(events)) {
        this.#busySince = undefined;
        await this.#pipeline.settled();
        if (this.#keeper !== keeper) return;
      }
      this.#handed = last.position;
      this.#pipeline.hand(events);
      // The broker's own time-out watches over this.
      this.#busySince = undefined;
      // After a failure one batch at a time, so that it is known what failed.
      await this.#pipeline.room(this.#failures > 0 ? 1 : mostUnderWay);
    }
  }

  /** Notes what became of each event of a batch. */
  #account(events: readonly RecordedEvent[], handedAt: number, refusal: MessagesRefused | undefined): void {
    const last = events.at(-1);
    if (last === undefined) return;
    this.#failures = 0;
    this.#lastProgress = performance.now();
    if (refusal !== undefined) this.#options.onError?.(refusal);
    const passedOver = this.#parked.passOver(
      events,
      new Set(refusal?.positions),
      refusal === undefined ? '' : describeRefusal(refusal),
    );
    const confirmedAt = wallClock();
    const publications = stretches(events, passedOver).map((stretch) => ({ ...stretch, handedAt, confirmedAt }));
    this.#journal.note({ position: last.position, eventId: last.id }, publications, passedOver);
  }

  /** In turns with what is new. What was passed over has to be written down before, since the rows are what counts. */
  async #retryRefused(keeper: LeaseKeeper): Promise<void> {
    await this.#pipeline.settled();
    await this.#journal.flush();
    if (this.#keeper !== keeper) return;
    await this.#retries.turn(keeper.lease);
  }

  async #publish(events: readonly RecordedEvent[], handedAt: number): Promise<void> {
    const { broker, log, publishTimeout = 10_000, tracing } = this.#options;
    try {
      await publishWithin(events, {
        broker,
        log: log.name,
        incarnation: this.#incarnation,
        handedAt,
        timeout: publishTimeout,
        tracing,
      });
    } catch (error) {
      if (error instanceof MessagesRefused) this.#tellConfirmed(events, handedAt, error.positions);
      throw error;
    }
    this.#tellConfirmed(events, handedAt, []);
  }

  #tellConfirmed(events: readonly RecordedEvent[], handedAt: number, refused: readonly number[]): void {
    this.#options.onConfirmed?.(events, handedAt, wallClock(), new Set(refused));
  }

  /** The events right after the cursor: from memory when they join it, else from the log. */
  async #next(): Promise<readonly RecordedEvent[]> {
    const next = this.#handed + 1;
    const size = this.#failures >= failuresBeforeProbe ? 1 : this.#batchSize;
    const events = this.#tail.take(next, size);
    if (events.length > 0) return events;
    if (this.#tail.empty && !this.#lookAtLog) return events;
    // Before the read, not after it: a nudge that comes meanwhile is about something that the read may not see.
    this.#lookAtLog = false;
    const read = await this.#options.log.read({ after: this.#handed, limit: size });
    if (read.length === size) this.#lookAtLog = true;
    if (read.length === 0 && !this.#tail.empty) {
      // Memory holds events that the log does not have: a backup was put back.
      this.#tail.clear();
      this.#doubt = true;
      this.#work.ring();
    }
    return read;
  }
}
