import pg from 'pg';
import type { Broker } from '../brokers/broker.ts';
import type { RecordedEvent } from '../events/envelope.ts';
import { wallClock } from '../events/wall-clock.ts';
import type { HeldLease, Lease } from '../postgres/lease.ts';
import type { EventLog } from '../store/store.ts';
import type { Publication, RelayStore } from './relay-store.ts';

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
}

/** Events that were just appended in this process and wait to be published; beyond it they are read from the log. */
const tailCapacity = 20_000;

/**
 * Carries events from the log to one broker, in order, at least once. Only the holder of the lease does; the others
 * stand by. What this process appended itself is published from memory as long as it joins the cursor without a gap
 * (positions have none, so that is all there is); anything else is read from the log.
 *
 * The cursor is written down beside the publishing, not before the next batch: after a crash the last events are
 * published again, and consumers pass over them.
 */
export class Relay {
  readonly #options: RelayOptions;
  readonly #batchSize: number;
  readonly #stopListening: () => void;
  #tail: RecordedEvent[] = [];
  #lease: HeldLease | undefined;
  #position = 0;
  #incarnation = '';
  #publications: Publication[] = [];
  #lastEventId: string | undefined;
  #saving: Promise<void> | undefined;
  #wake: (() => void) | undefined;
  #stopped = false;
  #loop: Promise<void> | undefined;
  #lastProgress = performance.now();
  /** The log may hold something that this process did not append. */
  #lookAtLog = true;

  constructor(options: RelayOptions) {
    this.#options = options;
    this.#batchSize = options.batchSize ?? 500;
    this.#stopListening = options.log.onAppended((events) => this.#offer(events));
  }

  /** True while this process is the one that publishes. */
  get active(): boolean {
    return this.#lease !== undefined;
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
    this.#wake?.();
  }

  /** Publishes what is there, writes the cursor down, and gives the lease back. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#stopListening();
    this.nudge();
    await this.#loop;
  }

  #offer(events: readonly RecordedEvent[]): void {
    if (this.#lease === undefined) return;
    if (this.#tail.length + events.length > tailCapacity) this.#tail = [];
    for (const event of events) this.#tail.push(event);
    this.#wake?.();
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      try {
        if (this.#lease === undefined && !(await this.#takeOver())) {
          await this.#wait();
          continue;
        }
        await this.#publishAll();
        await this.#wait();
      } catch (error) {
        this.#options.onError?.(error);
        if (isFenced(error)) this.#standBy();
        await this.#wait();
      }
    }
    await this.#saving;
    if (this.#lease !== undefined) {
      await this.#save().catch(() => undefined);
      await this.#options.lease.release(this.#lease).catch(() => undefined);
      this.#lease = undefined;
    }
  }

  async #takeOver(): Promise<boolean> {
    const lease = await this.#options.lease.acquire();
    if (lease === undefined) return false;
    const [cursor, head] = await Promise.all([this.#options.store.position(), this.#options.log.head()]);
    this.#incarnation = head.incarnation;
    this.#position = cursor.position;
    if (cursor.position > head.position) {
      // The log is older than the cursor: a backup was put back. Whatever comes now is new to everybody.
      await this.#options.store.reset(head.position, head.eventId);
      this.#position = head.position;
    }
    this.#tail = [];
    this.#lookAtLog = true;
    this.#lease = lease;
    this.#renew(lease);
    return true;
  }

  #renew(lease: HeldLease): void {
    const timer = setInterval(() => {
      if (this.#lease !== lease) {
        clearInterval(timer);
        return;
      }
      this.#options.lease.renew(lease).then(
        (ours) => {
          if (!ours && this.#lease === lease) this.#standBy();
        },
        (error: unknown) => this.#options.onError?.(error),
      );
    }, 1000);
    timer.unref();
  }

  #standBy(): void {
    this.#lease = undefined;
    this.#tail = [];
    this.#publications = [];
  }

  async #publishAll(): Promise<void> {
    while (this.#lease !== undefined) {
      this.#lastProgress = performance.now();
      const events = await this.#next();
      const first = events[0];
      const last = events.at(-1);
      if (first === undefined || last === undefined) return;
      const handedAt = wallClock();
      await this.#options.broker.publish(
        events.map((event) => ({
          event,
          log: this.#options.log.name,
          incarnation: this.#incarnation,
          previous: event.position - 1,
          handedAt,
        })),
      );
      this.#position = last.position;
      this.#lastEventId = last.id;
      this.#publications.push({ first: first.position, last: last.position, handedAt, confirmedAt: wallClock() });
      this.#saveSoon();
    }
  }

  /** The events right after the cursor: from memory when they join it, else from the log. */
  async #next(): Promise<readonly RecordedEvent[]> {
    const next = this.#position + 1;
    let from = 0;
    while (from < this.#tail.length && (this.#tail[from]?.position ?? next) < next) from++;
    if (from > 0) this.#tail = this.#tail.slice(from);
    if (this.#tail[0]?.position === next) {
      let length = 1;
      while (length < this.#batchSize && this.#tail[length]?.position === next + length) length++;
      const events = this.#tail.slice(0, length);
      this.#tail = this.#tail.slice(length);
      return events;
    }
    if (this.#tail.length === 0 && !this.#lookAtLog) return [];
    const events = await this.#options.log.read({ after: this.#position, limit: this.#batchSize });
    if (events.length < this.#batchSize) this.#lookAtLog = false;
    return events;
  }

  #saveSoon(): void {
    this.#saving ??= this.#saveUntilQuiet().finally(() => {
      this.#saving = undefined;
    });
  }

  async #saveUntilQuiet(): Promise<void> {
    try {
      while (this.#publications.length > 0 && this.#lease !== undefined) await this.#save();
    } catch (error) {
      this.#options.onError?.(error);
      if (isFenced(error)) this.#standBy();
    }
  }

  async #save(): Promise<void> {
    if (this.#lease === undefined || this.#lastEventId === undefined || this.#publications.length === 0) return;
    const publications = this.#publications;
    const position = this.#position;
    this.#publications = [];
    try {
      await this.#options.store.advance(this.#lease, position, this.#lastEventId, publications);
    } catch (error) {
      this.#publications = [...publications, ...this.#publications];
      throw error;
    }
    this.#options.onAdvanced?.(position);
  }

  #wait(): Promise<void> {
    if (this.#stopped || (this.#lease !== undefined && this.#tail.length > 0)) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#wake = undefined;
        resolve();
      };
      const timer = setTimeout(() => {
        this.#lookAtLog = true;
        done();
      }, this.#options.pollingInterval ?? 1000);
      this.#wake = done;
    });
  }
}

function isFenced(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code === 'MR010';
}
