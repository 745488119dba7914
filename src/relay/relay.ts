import { DatabaseError } from 'pg';
import type { Broker } from '../brokers/broker.ts';
import { isInLog } from '../store/log-checkpoint.ts';
import { backoff, Doorbell } from '../doorbell.ts';
import { MillraceError } from '../errors.ts';
import type { RecordedEvent } from '../events/envelope.ts';
import { wallClock } from '../events/wall-clock.ts';
import type { Lease, LeaseKeeper } from '../postgres/lease.ts';
import type { EventLog } from '../store/store.ts';
import type { Cursor, Publication, RelayStore } from './relay-store.ts';
import { Tail } from './tail.ts';

/** Milliseconds. What a crash makes of it: so much more is published again, and passed over. */
const pauseBetweenSaves = 20;

export interface RelayOptions {
  readonly log: EventLog;
  readonly broker: Broker;
  readonly store: RelayStore;
  readonly lease: Lease;
  /** Called after the cursor was written down. */
  readonly onAdvanced?: (position: number) => void;
  readonly onError?: (error: unknown) => void;
  /** Events in one publication. Default 500. */
  readonly batchSize?: number;
  /** Looks at the log so often even without a nudge, in milliseconds. Default 1,000. */
  readonly pollingInterval?: number;
  /** A publication that is not confirmed within so many milliseconds has failed, and is sent again. Default 10,000. */
  readonly publishTimeout?: number;
  /** The longest pause between two tries while the broker or the store is away, in milliseconds. Default 2,000. */
  readonly longestPause?: number;
}

/**
 * Carries events from the log to one broker, in order, at least once. Only the holder of the lease does; the others
 * stand by. What this process appended itself is published from memory as long as it joins the cursor without a gap
 * (positions have none, so that is all there is); anything else is read from the log.
 *
 * The cursor is written down beside the publishing, not before the next batch: after a crash the last events are
 * published again, and consumers pass over them. A broker that is away is waited out: the cursor stands still.
 */
export class Relay {
  readonly #options: RelayOptions;
  readonly #batchSize: number;
  readonly #stopListening: () => void;
  readonly #work = new Doorbell();
  readonly #stopping = new Doorbell();
  readonly #saveRest = new Doorbell();
  readonly #tail = new Tail();
  #keeper: LeaseKeeper | undefined;
  #incarnation = '';
  /** Confirmed by the broker. */
  #position = 0;
  #eventId: string | undefined;
  /** Written down. */
  #saved: Cursor = { position: 0, eventId: undefined };
  #publications: Publication[] = [];
  #saving: Promise<void> | undefined;
  #stopped = false;
  #loop: Promise<void> | undefined;
  #failures = 0;
  #lastProgress = performance.now();
  /** The log may hold something that this process did not append. */
  #lookAtLog = true;
  /** Log and cursor may not be what they were: compare before going on. */
  #doubt = false;

  constructor(options: RelayOptions) {
    this.#options = options;
    this.#batchSize = options.batchSize ?? 500;
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

  /** True while this process is the one that publishes. */
  get active(): boolean {
    return this.#keeper?.held === true;
  }

  /** The last position that was handed to the broker and confirmed. */
  get position(): number {
    return this.#position;
  }

  /** Milliseconds since the relay last published something or found nothing to do. */
  get quietFor(): number {
    return performance.now() - this.#lastProgress;
  }

  start(): void {
    this.#loop ??= this.#run();
  }

  /** There may be something new in the log. */
  nudge(): void {
    this.#lookAtLog = true;
    this.#work.ring();
  }

  /** Publishes what is there, writes the cursor down, and gives the lease back. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#stopping.ring();
    this.#saveRest.ring();
    this.#work.ring();
    await this.#loop;
    this.#stopListening();
  }

  #offer(events: readonly RecordedEvent[]): void {
    if (this.#keeper === undefined) return;
    this.#tail.add(events);
    this.#work.ring();
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      try {
        if (this.#keeper === undefined && !(await this.#takeOver())) {
          // Nudges are for the one that publishes; who stands by only looks whether the lease is free.
          await this.#stopping.wait(Math.min(1000, this.#pollingInterval));
          continue;
        }
        if (this.#doubt) await this.#compare();
        await this.#publishAll();
        this.#failures = 0;
        if (this.#publications.length > 0) this.#saveSoon();
        if (!(await this.#work.wait(this.#pollingInterval))) this.#doubt = true;
      } catch (error) {
        await this.#recover(error);
      }
    }
    await this.#finish();
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
    await this.#stopping.wait(backoff(++this.#failures, 50, this.#options.longestPause ?? 2000));
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
      const [cursor, head] = await Promise.all([store.cursor(), log.head()]);
      let from = cursor;
      if (!(await isInLog(cursor, log))) {
        // Another log than the one that was published: then nothing of it was. What is published twice has no effect.
        from = { position: 0, eventId: undefined };
        await store.reset(held, from);
      }
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
    this.#publications = [];
    this.#lookAtLog = true;
    this.#doubt = false;
    if (!keeper.held) return false;
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
    this.#publications = [];
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
      this.#lastProgress = performance.now();
      const events = await this.#next();
      const first = events[0];
      const last = events.at(-1);
      if (first === undefined || last === undefined) return;
      const handedAt = wallClock();
      await this.#publish(events, handedAt);
      if (this.#keeper !== keeper) return;
      this.#failures = 0;
      this.#position = last.position;
      this.#eventId = last.id;
      this.#publications.push({ first: first.position, last: last.position, handedAt, confirmedAt: wallClock() });
      this.#saveSoon();
    }
  }

  /** A broker may never answer (a connection that is half open): that is a failure like any other. */
  async #publish(events: readonly RecordedEvent[], handedAt: number): Promise<void> {
    const { broker, log, publishTimeout = 10_000 } = this.#options;
    const confirmed = broker.publish(
      events.map((event) => ({
        event,
        log: log.name,
        incarnation: this.#incarnation,
        previous: event.position - 1,
        handedAt,
      })),
    );
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        reject(new MillraceError('BROKER_UNAVAILABLE', `The broker did not confirm within ${publishTimeout} ms.`));
      }, publishTimeout);
    });
    try {
      await Promise.race([confirmed, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** The events right after the cursor: from memory when they join it, else from the log. */
  async #next(): Promise<readonly RecordedEvent[]> {
    const next = this.#position + 1;
    const events = this.#tail.take(next, this.#batchSize);
    if (events.length > 0) return events;
    if (this.#tail.empty && !this.#lookAtLog) return events;
    // Before the read, not after it: a nudge that comes meanwhile is about something that the read may not see.
    this.#lookAtLog = false;
    const read = await this.#options.log.read({ after: this.#position, limit: this.#batchSize });
    if (read.length === this.#batchSize) this.#lookAtLog = true;
    if (read.length === 0 && !this.#tail.empty) {
      // Memory holds events that the log does not have: a backup was put back.
      this.#tail.clear();
      this.#doubt = true;
      this.#work.ring();
    }
    return read;
  }

  #saveSoon(): void {
    this.#saving ??= this.#saveUntilQuiet().finally(() => {
      this.#saving = undefined;
    });
  }

  async #saveUntilQuiet(): Promise<void> {
    try {
      while (this.#publications.length > 0 && this.#keeper !== undefined) {
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
    if (keeper === undefined || this.#publications.length === 0) return;
    const publications = this.#publications;
    const to: Cursor = { position: this.#position, eventId: this.#eventId };
    this.#publications = [];
    try {
      await this.#options.store.advance(keeper.lease, this.#saved, to, publications);
    } catch (error) {
      if (this.#keeper === keeper) this.#publications = [...publications, ...this.#publications];
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
