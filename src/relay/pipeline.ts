import { MessagesRefused } from '../brokers/broker.ts';
import { Doorbell } from '../doorbell.ts';
import type { RecordedEvent } from '../events/envelope.ts';
import { wallClock } from '../events/wall-clock.ts';

export interface PipelineOptions {
  /** Rejects with {@link MessagesRefused} for what the broker would not have, and with what is an outage. */
  readonly publish: (events: readonly RecordedEvent[], handedAt: number) => Promise<void>;
  /** What of a batch may be published. */
  readonly free: (events: readonly RecordedEvent[]) => readonly RecordedEvent[];
  /** Called for each batch in the order in which they were handed over, and never behind one that failed. */
  readonly onConfirmed: (
    events: readonly RecordedEvent[],
    handedAt: number,
    refusal: MessagesRefused | undefined,
  ) => void;
  /** Called when a batch has failed. */
  readonly onFailed: () => void;
}

/**
 * Batches that were handed to the broker and are not confirmed yet. The next one is handed over before the one ahead of
 * it is confirmed: an event waits for its own confirm and not for the ones of others. They count in order, so a batch
 * that fails takes those behind it with it: they are published again, behind it.
 */
export class Pipeline {
  readonly #options: PipelineOptions;
  readonly #change = new Doorbell();
  /** The keys of each batch that is under way. */
  readonly #underWay = new Set<ReadonlySet<string>>();
  #accounted: Promise<void> = Promise.resolve();
  #failure: { readonly error: unknown } | undefined;

  constructor(options: PipelineOptions) {
    this.#options = options;
  }

  get idle(): boolean {
    return this.#underWay.size === 0;
  }

  get failed(): boolean {
    return this.#failure !== undefined;
  }

  /** True when an event of one of these keys is under way: should it be refused, those behind it have to wait. */
  holdsKeyOf(events: readonly RecordedEvent[]): boolean {
    return [...this.#underWay].some((keys) => events.some(({ stream }) => keys.has(stream)));
  }

  hand(events: readonly RecordedEvent[]): void {
    this.#accounted = this.#account(this.#accounted, events);
  }

  /** Resolves when fewer than so many batches are under way, or when one has failed. */
  async room(most: number): Promise<void> {
    while (this.#underWay.size >= most && !this.failed) await this.#change.wait(60_000);
  }

  /** Resolves when nothing is under way any more. Rejects when a batch has failed. */
  async settled(): Promise<void> {
    await this.#accounted;
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  async #account(before: Promise<void>, events: readonly RecordedEvent[]): Promise<void> {
    const { onConfirmed, onFailed } = this.#options;
    const handedAt = wallClock();
    const keys = new Set(events.map(({ stream }) => stream));
    this.#underWay.add(keys);
    try {
      const refusal = await this.#publish(events, handedAt);
      await before;
      if (!this.failed) onConfirmed(events, handedAt, refusal);
    } catch (error) {
      await before;
      if (!this.failed) {
        this.#failure = { error };
        onFailed();
      }
    } finally {
      this.#underWay.delete(keys);
      this.#change.ring();
    }
  }

  async #publish(events: readonly RecordedEvent[], handedAt: number): Promise<MessagesRefused | undefined> {
    const free = this.#options.free(events);
    if (free.length === 0) return undefined;
    try {
      await this.#options.publish(free, handedAt);
      return undefined;
    } catch (error) {
      if (error instanceof MessagesRefused) return error;
      throw error;
    }
  }
}
