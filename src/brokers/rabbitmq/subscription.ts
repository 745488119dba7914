import type { Channel, ChannelModel, ConsumeMessage } from 'amqplib';
import { wallClock } from '../../events/wall-clock.ts';
import type { BrokerMessage, Delivery, Subscription } from '../broker.ts';
import { decodeMessage } from './message-format.ts';
import { Link } from './link.ts';
import { declareQueue, declareTopology, type Topology } from './topology.ts';

export interface SubscriptionOptions {
  readonly url: string;
  readonly name: string;
  readonly topology: Topology;
  readonly queue: string;
  readonly onAvailable: () => void;
  readonly onError: (error: unknown) => void;
  readonly onClosed?: () => void;
  /** Deliveries that are handed out and not acknowledged, at most. Default 2,000, the most that quorum queues like. */
  readonly prefetch?: number;
}

/** A delivery with what is needed to acknowledge it. */
class RabbitDelivery implements Delivery {
  readonly message: BrokerMessage;
  readonly receivedAt: number;
  readonly raw: ConsumeMessage;
  readonly channel: Channel;

  constructor(message: BrokerMessage, receivedAt: number, raw: ConsumeMessage, channel: Channel) {
    this.message = message;
    this.receivedAt = receivedAt;
    this.raw = raw;
    this.channel = channel;
  }
}

/**
 * A consumer's end of a queue, on a connection of its own: a broker that blocks publishers does not touch it. After a
 * lost connection it begins anew; what was not acknowledged is delivered again, and what was taken before cannot be
 * acknowledged any more, which only means that it comes twice.
 */
export class RabbitSubscription implements Subscription {
  readonly #options: SubscriptionOptions;
  readonly #link: Link;
  /** Not taken yet. */
  #deliveries: RabbitDelivery[] = [];
  #channel: Channel | undefined;
  #closed = false;

  constructor(options: SubscriptionOptions) {
    this.#options = options;
    this.#link = new Link({
      url: options.url,
      name: options.name,
      onConnected: (model) => this.#consume(model),
      onLost: () => this.#forget(),
      onError: options.onError,
    });
    this.#link.start();
  }

  get waiting(): number {
    return this.#deliveries.length;
  }

  take(maximum: number): readonly Delivery[] {
    return this.#deliveries.splice(0, maximum);
  }

  /** All up to the last one in one message: deliveries are taken in the order in which they came. */
  acknowledge(deliveries: readonly Delivery[]): void {
    const last = deliveries.at(-1);
    if (!(last instanceof RabbitDelivery) || last.channel !== this.#channel) return;
    last.channel.ack(last.raw, true);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#forget();
    this.#options.onClosed?.();
    await this.#link.close();
  }

  async #consume(model: ChannelModel): Promise<void> {
    const { topology, queue, prefetch = 2_000 } = this.#options;
    const channel = await model.createChannel();
    channel.on('error', (error: unknown) => this.#link.renew(error));
    channel.on('close', () => {
      if (this.#channel === channel) this.#link.renew(new Error('the channel was closed'));
    });
    await declareTopology(channel, topology);
    if (!topology.queues.includes(queue)) await declareQueue(channel, topology, queue);
    await channel.prefetch(prefetch);
    this.#deliveries = [];
    this.#channel = channel;
    await channel.consume(queue, (raw) => {
      // The queue was deleted under us: declare it again.
      if (raw === null) this.#link.renew(new Error(`the queue ${queue} was deleted`));
      else this.#arrive(channel, raw);
    });
  }

  #arrive(channel: Channel, raw: ConsumeMessage): void {
    if (this.#closed || channel !== this.#channel) return;
    const message = decodeMessage(raw);
    if (message === undefined) {
      // Nobody will ever be able to read it: to the dead letters of the exchange.
      channel.reject(raw, false);
      this.#options.onError(new Error(`A message that is no event was delivered to ${this.#options.queue}.`));
      return;
    }
    this.#deliveries.push(new RabbitDelivery(message, wallClock(), raw, channel));
    if (this.waiting === 1) this.#options.onAvailable();
  }

  #forget(): void {
    this.#channel = undefined;
    this.#deliveries = [];
  }
}
