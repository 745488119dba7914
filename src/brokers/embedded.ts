import { wallClock } from '../events/wall-clock.ts';
import type { Broker, BrokerMessage, Delivery, Subscription } from './broker.ts';

/** Deliveries that a queue holds at most. What does not fit is dropped: the log has it, and the consumer sees the hole. */
const defaultCapacity = 10_000;

/**
 * The broker inside the process. It keeps nothing: the log is the durable copy, and a consumer that missed something
 * reads it there. So it needs no disk, no second copy and no extra process, and cannot lose what is stored.
 */
export class EmbeddedBroker implements Broker {
  readonly name = 'embedded';
  readonly transit = 0;
  readonly reachesOthers = false;
  readonly #queues = new Map<string, Set<EmbeddedSubscription>>();
  readonly #capacity: number;

  constructor(capacity: number = defaultCapacity) {
    this.#capacity = capacity;
  }

  publish(messages: readonly BrokerMessage[]): Promise<void> {
    const receivedAt = wallClock();
    for (const subscriptions of this.#queues.values()) {
      for (const subscription of subscriptions) subscription.deliver(messages, receivedAt);
    }
    return Promise.resolve();
  }

  subscribe(queue: string, onAvailable: () => void): Promise<Subscription> {
    const subscriptions = this.#queues.get(queue) ?? new Set();
    this.#queues.set(queue, subscriptions);
    const subscription = new EmbeddedSubscription(this.#capacity, onAvailable, () =>
      subscriptions.delete(subscription),
    );
    subscriptions.add(subscription);
    return Promise.resolve(subscription);
  }

  check(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.#queues.clear();
    return Promise.resolve();
  }
}

class EmbeddedSubscription implements Subscription {
  readonly #capacity: number;
  readonly #onAvailable: () => void;
  readonly #onClose: () => void;
  #deliveries: Delivery[] = [];

  constructor(capacity: number, onAvailable: () => void, onClose: () => void) {
    this.#capacity = capacity;
    this.#onAvailable = onAvailable;
    this.#onClose = onClose;
  }

  get waiting(): number {
    return this.#deliveries.length;
  }

  deliver(messages: readonly BrokerMessage[], receivedAt: number): void {
    const wasEmpty = this.#deliveries.length === 0;
    const room = this.#capacity - this.#deliveries.length;
    const taken = messages.length <= room ? messages : messages.slice(0, Math.max(0, room));
    for (const message of taken) this.#deliveries.push({ message, receivedAt });
    if (wasEmpty && messages.length > 0) this.#onAvailable();
  }

  take(maximum: number): readonly Delivery[] {
    if (this.#deliveries.length <= maximum) {
      const all = this.#deliveries;
      this.#deliveries = [];
      return all;
    }
    return this.#deliveries.splice(0, maximum);
  }

  acknowledge(): void {
    // Nothing is kept for a second delivery: the log is.
  }

  close(): Promise<void> {
    this.#deliveries = [];
    this.#onClose();
    return Promise.resolve();
  }
}
