import { DatabaseError } from 'pg';
import { MessagesRefused } from '../brokers/broker.ts';
import { isInLog } from '../store/log-checkpoint.ts';
import { backoff, Doorbell } from '../doorbell.ts';
import type { RecordedEvent } from '../events/envelope.ts';
import { wallClock } from '../events/wall-clock.ts';
import type { LeaseKeeper } from '../postgres/lease.ts';
import { defaultRetrySchedule } from '../retry-schedule.ts';
import { ParkedKeys, stretches } from './parked-keys.ts';
import { publishWithin } from './publish-within.ts';
import { describeRefusal, RefusedRetries } from './refused-retries.ts';
import type { Cursor, PassedOver, Publication } from './relay-store.ts';
import type { RelayOptions } from './relay.ts';
import { Tail } from './tail.ts';

/** Milliseconds. What a crash makes of it: so much more is published again, and passed over. */
const pauseBetweenSaves = 20;
/** After so many failures in a row one event is tried before the rest: a broker may be stuck on what stands first. */
const failuresBeforeProbe = 3;

/** One life of a relay: from the start, or from a restart by its watchdog, to the end. See {@link Relay}. */
export class RelayRun {
  readonly #options: RelayOptions;
  readonly #batchSize: number;
  readonly #schedule: readonly number[];
  readonly #stopListening: () => void;
  readonly #work = new Doorbell();
  readonly #stopping = new Doorbell();
  readonly #saveRest = new Doorbell();
  readonly #tail = new Tail();
  readonly #parked: ParkedKeys;
  readonly #retries: RefusedRetries;
  #keeper: LeaseKeeper | undefined;
  #incarnation = '';
  /** Confirmed by the broker, or passed over. */
  #position = 0;
  #eventId: string | undefined;
  /** Written down. */
  #saved: Cursor = { position: 0, eventId: undefined };
  #publications: Publication[] = [];
  #passedOver: PassedOver[] = [];
  #saving: Promise<void> | undefined;
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
    this.#schedule = options.retrySchedule ?? defaultRetrySchedule;
    this.#parked = new ParkedKeys(this.#schedule);
    this.#retries = new RefusedRetries({
      log: options.log,
      store: options.store,
      parked: this.#parked,
      schedule: this.#schedule,
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
    return this.#position;
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
    this.#saveRest.ring();
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
        this.#failures = 0;
        this.#saveSoon();
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

  async #recover(error: unknown): Promise<void> {
    this.#options.onError?.(error);
    // What was taken from memory and not confirmed is in the log.
    this.#lookAtLog = true;
    this.#doubt = true;
    if (isSqlState(error, 'MR010') || isSqlState(error, 'MR012')) this.#standBy();
    await this.#rest(this.#stopping, backoff(++this.#failures, 50, this.#options.longestPause ?? 2000));
  }

  async #finish(): Promise<void> {
    const keeper = this.#keeper;
    if (keeper === undefined) return;
    await this.#publishAll().catch((error: unknown) => this.#options.onError?.(error));
    await this.#saving;
    await this.#save().catch((error: unknown) => this.#options.onError?.(error));
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
    try {
      await store.adoptCursor(held);
      const [cursor, head] = await Promise.all([store.cursor(), log.head()]);
      let from = cursor;
      if (!(await isInLog(cursor, log))) {
        // Another log than the one that was published: then nothing of it was. What is published twice has no effect.
        from = { position: 0, eventId: undefined };
        await store.reset(held, from);
      }
      this.#parked.replace(await store.parkedKeys());
      this.#incarnation = head.incarnation;
      this.#saved = { position: from.position, eventId: from.eventId };
      this.#position = from.position;
      this.#eventId = from.eventId;
    } catch (error) {
      keeper.stop();
      await lease.release(held).catch(() => undefined);
      throw error;
    }
    this.#tail.clear();
    this.#forgetUnsaved();
    this.#lookAtLog = true;
    this.#doubt = false;
    if (!keeper.held || this.#abandoned) {
      keeper.stop();
      return false;
    }
    this.#keeper = keeper;
    return true;
  }

  /** Log and cursor must be as this relay left them; otherwise it begins anew. */
  async #compare(): Promise<void> {
    await this.#saving;
    const [cursor, head] = await Promise.all([this.#options.store.cursor(), this.#options.log.head()]);
    this.#doubt = false;
    if (head.position > this.#position) this.#lookAtLog = true;
    const same =
      (cursor.position === this.#saved.position && cursor.eventId === this.#saved.eventId) ||
      // A call that failed here may have succeeded there.
      (cursor.position === this.#position && cursor.eventId === this.#eventId);
    if (!same || head.incarnation !== this.#incarnation || head.position < this.#position) {
      const keeper = this.#keeper;
      this.#standBy();
      if (keeper !== undefined) await this.#options.lease.release(keeper.lease).catch(() => undefined);
      await this.#takeOver();
    }
  }

  #standBy(): void {
    this.#keeper?.stop();
    this.#keeper = undefined;
    this.#tail.clear();
    this.#forgetUnsaved();
    this.#parked.clear();
  }

  #forgetUnsaved(): void {
    this.#publications = [];
    this.#passedOver = [];
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
      if (this.#parked.looking && !this.#stopped) await this.#retryRefused(keeper);
      if (this.#keeper !== keeper) return;
      const events = await this.#next();
      const last = events.at(-1);
      if (last === undefined) return;
      const handedAt = wallClock();
      const refusal = await this.#publishFree(events, handedAt);
      if (this.#keeper !== keeper) return;
      this.#failures = 0;
      this.#account(events, handedAt, refusal);
      this.#position = last.position;
      this.#eventId = last.id;
      this.#saveSoon();
    }
  }

  /** Publishes what belongs to no parked key. Returns what the broker would not have, and throws what is an outage. */
  async #publishFree(events: readonly RecordedEvent[], handedAt: number): Promise<MessagesRefused | undefined> {
    const free = this.#parked.free(events);
    if (free.length === 0) return undefined;
    try {
      await this.#publish(free, handedAt);
      return undefined;
    } catch (error) {
      if (error instanceof MessagesRefused) return error;
      throw error;
    }
  }

  /** Notes what became of each event of a batch, for the next save. */
  #account(events: readonly RecordedEvent[], handedAt: number, refusal: MessagesRefused | undefined): void {
    if (refusal !== undefined) this.#options.onError?.(refusal);
    const passedOver = this.#parked.passOver(
      events,
      new Set(refusal?.positions),
      refusal === undefined ? '' : describeRefusal(refusal),
    );
    const confirmedAt = wallClock();
    for (const { first, last } of stretches(events, passedOver)) {
      this.#publications.push({ first, last, handedAt, confirmedAt });
    }
    this.#passedOver.push(...passedOver);
  }

  /** In turns with what is new. What was passed over has to be written down before, since the rows are what counts. */
  async #retryRefused(keeper: LeaseKeeper): Promise<void> {
    this.#saveRest.ring();
    await this.#saving;
    await this.#save();
    if (this.#keeper !== keeper) return;
    await this.#retries.turn(keeper.lease);
  }

  async #publish(events: readonly RecordedEvent[], handedAt: number): Promise<void> {
    const { broker, log, publishTimeout = 10_000 } = this.#options;
    // The broker's own time-out watches over this.
    this.#busySince = undefined;
    try {
      await publishWithin(events, {
        broker,
        log: log.name,
        incarnation: this.#incarnation,
        handedAt,
        timeout: publishTimeout,
      });
    } finally {
      this.#step();
    }
  }

  /** The events right after the cursor: from memory when they join it, else from the log. */
  async #next(): Promise<readonly RecordedEvent[]> {
    const next = this.#position + 1;
    const size = this.#failures >= failuresBeforeProbe ? 1 : this.#batchSize;
    const events = this.#tail.take(next, size);
    if (events.length > 0) return events;
    if (this.#tail.empty && !this.#lookAtLog) return events;
    // Before the read, not after it: a nudge that comes meanwhile is about something that the read may not see.
    this.#lookAtLog = false;
    const read = await this.#options.log.read({ after: this.#position, limit: size });
    if (read.length === size) this.#lookAtLog = true;
    if (read.length === 0 && !this.#tail.empty) {
      // Memory holds events that the log does not have: a backup was put back.
      this.#tail.clear();
      this.#doubt = true;
      this.#work.ring();
    }
    return read;
  }

  get #unsaved(): boolean {
    return this.#publications.length > 0 || this.#passedOver.length > 0;
  }

  #saveSoon(): void {
    if (!this.#unsaved) return;
    this.#saving ??= this.#saveUntilQuiet().finally(() => {
      this.#saving = undefined;
    });
  }

  async #saveUntilQuiet(): Promise<void> {
    try {
      while (this.#unsaved && this.#keeper !== undefined) {
        await this.#save();
        // The first one is written down at once; under load one row for each pause is enough.
        if (!this.#stopped) await this.#saveRest.wait(pauseBetweenSaves);
      }
    } catch (error) {
      this.#options.onError?.(error);
      this.#doubt = true;
      if (isSqlState(error, 'MR010') || isSqlState(error, 'MR012')) this.#standBy();
    }
  }

  async #save(): Promise<void> {
    const keeper = this.#keeper;
    if (keeper === undefined || !this.#unsaved) return;
    const publications = this.#publications;
    const passedOver = this.#passedOver;
    const to: Cursor = { position: this.#position, eventId: this.#eventId };
    this.#forgetUnsaved();
    try {
      await this.#options.store.advance(keeper.lease, this.#saved, to, publications, passedOver, this.#schedule);
    } catch (error) {
      if (this.#keeper === keeper) {
        this.#publications = [...publications, ...this.#publications];
        this.#passedOver = [...passedOver, ...this.#passedOver];
      }
      throw error;
    }
    if (this.#keeper !== keeper) return;
    this.#saved = to;
    this.#options.onAdvanced?.(to.position);
  }
}

function isSqlState(error: unknown, code: string): boolean {
  return error instanceof DatabaseError && error.code === code;
}
