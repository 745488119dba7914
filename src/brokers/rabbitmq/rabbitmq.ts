import type { Broker, BrokerMessage, Subscription } from '../broker.ts';
import { Publisher, type PublisherOptions } from './publisher.ts';
import { RabbitSubscription } from './subscription.ts';
import type { Topology } from './topology.ts';

export interface RabbitMqOptions extends Pick<PublisherOptions, 'confirmTimeout' | 'patience'> {
  /** `amqp://user:password@host:5672/vhost`; `amqps://` for TLS. */
  readonly url: string;
  /** What the broker's own lists show for the connections: `millrace order-list`. */
  readonly name: string;
  readonly topology: Topology;
  /** Deliveries of a consumer that are not acknowledged, at most. Default 2,000. */
  readonly prefetch?: number;
  /** Told of every failure that is waited out: at most one in a pause. */
  readonly onError?: (error: unknown) => void;
}

/**
 * RabbitMQ 3.10 or newer. Connections are made when they are needed first, and again whenever they break. Nothing that
 * breaks loses an event: the log has it, and consumers fill holes from there.
 * @example const broker = new RabbitMqBroker({ url, name: 'millrace shop', topology: { exchange, routingPrefix, queues } });
 */
export class RabbitMqBroker implements Broker {
  readonly name = 'rabbitmq';
  readonly transit = 400;
  readonly reachesOthers = true;
  readonly #options: RabbitMqOptions;
  readonly #publisher: Publisher;
  readonly #subscriptions = new Set<Subscription>();
  readonly #onError: (error: unknown) => void;

  constructor(options: RabbitMqOptions) {
    this.#options = options;
    this.#onError = options.onError ?? (() => undefined);
    this.#publisher = new Publisher({ ...options, name: `${options.name} relay`, onError: this.#onError });
  }

  publish(messages: readonly BrokerMessage[]): Promise<void> {
    return this.#publisher.publish(messages);
  }

  subscribe(queue: string, onAvailable: () => void): Promise<Subscription> {
    const { url, name, topology, prefetch } = this.#options;
    const subscription: RabbitSubscription = new RabbitSubscription({
      url,
      name: `${name} ${queue}`,
      topology,
      queue,
      onAvailable,
      onError: this.#onError,
      onClosed: () => this.#subscriptions.delete(subscription),
      ...(prefetch === undefined ? {} : { prefetch }),
    });
    this.#subscriptions.add(subscription);
    return Promise.resolve(subscription);
  }

  check(): Promise<void> {
    return this.#publisher.check();
  }

  async close(): Promise<void> {
    await Promise.all([
      this.#publisher.close(),
      ...[...this.#subscriptions].map((subscription) => subscription.close()),
    ]);
  }
}
