import { MessagesRefused } from '../brokers/broker.ts';
import { backoff } from '../doorbell.ts';
import type { RecordedEvent } from '../events/envelope.ts';
import { wallClock } from '../events/wall-clock.ts';
import type { HeldLease } from '../postgres/lease.ts';
import type { EventLog } from '../store/store.ts';
import type { ParkedKeys } from './parked-keys.ts';
import type { RelayStore, Settlement } from './relay-store.ts';

/** Events of one key that are published in one turn at most: the other keys wait meanwhile. */
const eventsAtOnce = 200;
/** Events that are asked of the log at the same time. */
const readsAtOnce = 16;
/** A broker cannot always tell one message that it refuses from an outage at the first try. */
const triesOfOne = 3;
const longestText = 300;

export interface RefusedRetriesOptions {
  readonly log: EventLog;
  readonly store: RelayStore;
  readonly parked: ParkedKeys;
  readonly schedule: readonly number[];
  readonly publish: (events: readonly RecordedEvent[], handedAt: number) => Promise<void>;
  readonly onError?: (error: unknown) => void;
}

/** What is written down about a refusal. */
export function describeRefusal(refusal: MessagesRefused): string {
  return refusal.message.slice(0, longestText) || 'refused';
}

/**
 * Publishes what was refused before, one key after the other and each in order, in turns with what is new. The first
 * event of a key goes alone: when it is refused again, none behind it has overtaken it.
 */
export class RefusedRetries {
  readonly #options: RefusedRetriesOptions;
  #outages = 0;

  constructor(options: RefusedRetriesOptions) {
    this.#options = options;
  }

  /**
   * Looks at the rows and publishes a piece of one key that is due. Everything that this relay has passed over has to be
   * written down before.
   */
  async turn(lease: HeldLease): Promise<void> {
    const { parked, store } = this.#options;
    parked.replace(await store.parkedKeys());
    const key = parked.due;
    if (key === undefined) return;
    const positions = await store.waitingOf(key, eventsAtOnce);
    const events = await this.#read(positions);
    const settlement = await this.#publish(key, events);
    if (settlement === undefined) {
      // The broker is away, then. No attempt was made, and the other keys are none the worse.
      parked.rest(backoff(++this.#outages, 50, 2000));
      return;
    }
    this.#outages = 0;
    // A row without an event is about a log that was replaced.
    const known = new Set(events.map(({ position }) => position));
    const published = [...settlement.published, ...positions.filter((position) => !known.has(position))];
    await store.settle(lease, { ...settlement, published }, this.#options.schedule);
    parked.replace(await store.parkedKeys());
  }

  async #read(positions: readonly number[]): Promise<RecordedEvent[]> {
    const events: RecordedEvent[] = [];
    for (let at = 0; at < positions.length; at += readsAtOnce) {
      const found = await Promise.all(
        positions
          .slice(at, at + readsAtOnce)
          .map((position) => this.#options.log.read({ after: position - 1, upTo: position, limit: 1 })),
      );
      events.push(...found.flat());
    }
    return events;
  }

  /** Undefined when nothing is certain. */
  async #publish(key: string, events: readonly RecordedEvent[]): Promise<Settlement | undefined> {
    const handedAt = wallClock();
    const settled = (published: readonly RecordedEvent[], refusal?: MessagesRefused): Settlement => {
      const next = events[published.length];
      return {
        key,
        published: published.map(({ position }) => position),
        handedAt,
        confirmedAt: wallClock(),
        refused:
          refusal === undefined || next === undefined
            ? undefined
            : { position: next.position, error: describeRefusal(refusal) },
      };
    };
    const first = events.slice(0, 1);
    const outcome = await this.#try(first, handedAt, triesOfOne);
    if (outcome === 'unknown') return undefined;
    if (outcome instanceof MessagesRefused) return settled([], outcome);
    const rest = events.slice(1);
    const behind = await this.#try(rest, handedAt, 1);
    if (behind === 'unknown') return settled(first);
    if (behind === undefined) return settled(events);
    const refused = new Set(behind.positions);
    const taken = rest.findIndex(({ position }) => refused.has(position));
    // None of ours: then all of ours were taken.
    return taken < 0 ? settled(events) : settled(events.slice(0, 1 + taken), behind);
  }

  async #try(
    events: readonly RecordedEvent[],
    handedAt: number,
    tries: number,
  ): Promise<MessagesRefused | 'unknown' | undefined> {
    if (events.length === 0) return undefined;
    for (let left = tries; left > 0; left--) {
      try {
        await this.#options.publish(events, handedAt);
        return undefined;
      } catch (error) {
        if (error instanceof MessagesRefused) return error;
        this.#options.onError?.(error);
      }
    }
    return 'unknown';
  }
}
