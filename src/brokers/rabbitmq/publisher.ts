import type { ChannelModel, ConfirmChannel, Message } from 'amqplib';
import { MillraceError } from '../../errors.ts';
import { MessagesRefused, type BrokerMessage } from '../broker.ts';
import { Link } from './link.ts';
import { encodeMessage } from './message-format.ts';
import { declareTopology, routingKey, type Topology } from './topology.ts';

export interface PublisherOptions {
  readonly url: string;
  readonly name: string;
  readonly topology: Topology;
  readonly onError: (error: unknown) => void;
  /** A publication without an answer for so long has failed, in milliseconds. Default 8,000. */
  readonly confirmTimeout?: number;
  /** A publication waits so long for a broker that is away or blocked, in milliseconds. Default 4,000. */
  readonly patience?: number;
}

/** How often a lone message may be refused before it counts as refused for its own sake. */
const refusalsOfOne = 3;

/**
 * Publishes with confirms. A message that no queue has taken comes back (`mandatory`) before it is confirmed: then the
 * topology is gone, which is an outage; it is declared again before the next publication. While the broker is away or
 * blocks publishers (its memory or disk is full), publications wait a little and leave at once when it is back.
 */
export class Publisher {
  readonly #options: PublisherOptions;
  readonly #link: Link;
  readonly #waiting = new Set<() => void>();
  #channel: ConfirmChannel | undefined;
  #blocked: string | undefined;
  /** What may come back from the broker, by message id. */
  #underWay = new Map<string, () => void>();
  /** Ends the publications that are under way. */
  readonly #aborts = new Set<(problem: unknown) => void>();
  /** The message that was refused alone last, and how often in a row. */
  #lone: { readonly id: string; readonly times: number } | undefined;
  #closed = false;

  constructor(options: PublisherOptions) {
    this.#options = options;
    this.#link = new Link({
      url: options.url,
      name: options.name,
      onConnected: (model) => this.#prepare(model),
      onLost: () => this.#lost(),
      onError: options.onError,
    });
  }

  /** See {@link Broker.publish}. */
  async publish(messages: readonly BrokerMessage[]): Promise<void> {
    if (messages.length === 0) return;
    const refused = await this.#send(await this.#ready(), messages);
    if (refused.length === 0) {
      this.#lone = undefined;
      return;
    }
    // All of them: the queues cannot take anything now, which is an outage. One alone may be either.
    if (refused.length === messages.length && !this.#isRefusedForItself(messages)) {
      throw unavailable('RabbitMQ took none of the messages.');
    }
    this.#lone = undefined;
    throw new MessagesRefused(refused, 'RabbitMQ refused the message.');
  }

  #isRefusedForItself(messages: readonly BrokerMessage[]): boolean {
    const [first] = messages;
    if (first === undefined || messages.length > 1) return false;
    const { id } = first.event;
    this.#lone = { id, times: this.#lone?.id === id ? this.#lone.times + 1 : 1 };
    return this.#lone.times >= refusalsOfOne;
  }

  /** Resolves when the broker is there and takes messages. */
  async check(): Promise<void> {
    await this.#ready(2_000);
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const wake of this.#waiting) wake();
    await this.#link.close();
  }

  /** Waits for a channel, with a bound. */
  async #ready(patience = this.#options.patience ?? 4_000): Promise<ConfirmChannel> {
    const limit = performance.now() + patience;
    for (;;) {
      if (this.#closed) throw unavailable('The publisher is closed.');
      if (this.#channel !== undefined && this.#blocked === undefined) return this.#channel;
      this.#link.start();
      const left = limit - performance.now();
      if (left <= 0) {
        if (this.#blocked !== undefined) throw unavailable(`RabbitMQ takes no messages: ${this.#blocked}.`);
        throw unavailable('RabbitMQ does not answer.', this.#link.problem);
      }
      await this.#change(left);
    }
  }

  /** Resolves when something has changed, or after some milliseconds. */
  #change(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, milliseconds);
      this.#waiting.add(done);
    });
  }

  /** Positions that the broker has refused; rejects when nothing is certain. */
  async #send(channel: ConfirmChannel, messages: readonly BrokerMessage[]): Promise<number[]> {
    const { topology, confirmTimeout = 8_000 } = this.#options;
    const refused: number[] = [];
    let returned = false;
    let abort: ((problem: unknown) => void) | undefined;
    let timer: NodeJS.Timeout | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        let left = messages.length;
        abort = reject;
        this.#aborts.add(reject);
        timer = setTimeout(() => {
          reject(unavailable(`RabbitMQ did not confirm within ${confirmTimeout} ms.`));
          // What was not confirmed may still be confirmed later, for nobody: a new channel knows nothing of it.
          this.#link.renew(new Error('no confirm in time'));
        }, confirmTimeout);
        for (const message of messages) {
          const { content, options } = encodeMessage(message);
          this.#underWay.set(message.event.id, () => {
            returned = true;
          });
          channel.publish(topology.exchange, routingKey(topology, message.event.type), content, options, (problem) => {
            if (isRefusal(problem)) refused.push(message.event.position);
            else if (problem !== null && problem !== undefined) reject(asError(problem));
            if (--left === 0) resolve();
          });
        }
      });
    } catch (error) {
      throw error instanceof MillraceError ? error : unavailable('The connection to RabbitMQ broke.', error);
    } finally {
      clearTimeout(timer);
      if (abort !== undefined) this.#aborts.delete(abort);
      for (const { event } of messages) this.#underWay.delete(event.id);
    }
    if (returned) {
      this.#link.renew(new Error('a queue or a binding is gone'));
      throw unavailable('No queue has taken a message: a queue or a binding is gone.');
    }
    return refused.sort((a, b) => a - b);
  }

  async #prepare(model: ChannelModel): Promise<void> {
    this.#blocked = undefined;
    model.on('blocked', (reason: string) => {
      this.#blocked = reason;
      this.#abortAll(unavailable(`RabbitMQ takes no messages: ${reason}.`));
    });
    model.on('unblocked', () => {
      this.#blocked = undefined;
      this.#wake();
    });
    const declaring = await model.createChannel();
    // A refused declaration closes its channel and rejects; the event alone would end the process.
    declaring.on('error', () => undefined);
    await declareTopology(declaring, this.#options.topology);
    await declaring.close();
    const channel = await model.createConfirmChannel();
    channel.on('return', (message: Message) => {
      const id: unknown = message.properties.messageId;
      if (typeof id === 'string') this.#underWay.get(id)?.();
    });
    channel.on('error', (error: unknown) => this.#link.renew(error));
    channel.on('close', () => {
      if (this.#channel === channel) this.#link.renew(new Error('the channel was closed'));
    });
    this.#channel = channel;
    // Not before the link itself counts as open.
    setImmediate(() => this.#wake());
  }

  #lost(): void {
    this.#channel = undefined;
    this.#blocked = undefined;
    this.#abortAll(unavailable('The connection to RabbitMQ broke.', this.#link.problem));
    this.#wake();
  }

  #abortAll(problem: MillraceError): void {
    for (const abort of this.#aborts) abort(problem);
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
  }
}

/** The library tells a refusal by the broker and a lost channel apart by nothing but the text. */
function isRefusal(problem: unknown): boolean {
  return problem instanceof Error && problem.message === 'message nacked';
}

function asError(problem: unknown): Error {
  return problem instanceof Error ? problem : new Error(String(problem));
}

function unavailable(message: string, cause?: unknown): MillraceError {
  return new MillraceError('BROKER_UNAVAILABLE', message, cause === undefined ? {} : { cause });
}
