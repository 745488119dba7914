import { connect, type ChannelModel, type ConsumeMessage } from 'amqplib';
import { setTimeout as pause } from 'node:timers/promises';

/** Somebody else at the broker: takes messages away, puts copies in, purges. */
export class RabbitMqHand {
  readonly #model: ChannelModel;

  private constructor(model: ChannelModel) {
    this.#model = model;
    model.on('error', () => undefined);
  }

  static async at(url: string): Promise<RabbitMqHand> {
    return new RabbitMqHand(await connect(url, { timeout: 5_000 }));
  }

  async close(): Promise<void> {
    await this.#model.close().catch(() => undefined);
  }

  /** Deletes queues with all that is in them, and with their bindings. */
  async deleteQueues(queues: readonly string[]): Promise<void> {
    await this.#onChannel(async (channel) => {
      for (const queue of queues) await channel.deleteQueue(queue);
    });
  }

  /** Throws away what waits in the queues. Gives how many messages that were. */
  async purge(queues: readonly string[]): Promise<number> {
    let purged = 0;
    await this.#onChannel(async (channel) => {
      for (const queue of queues) purged += (await channel.purgeQueue(queue)).messageCount;
    });
    return purged;
  }

  /** Takes messages out of a queue for good until none has come for a while. */
  async takeAll(queue: string, quietMs = 300): Promise<readonly ConsumeMessage[]> {
    const taken: ConsumeMessage[] = [];
    await this.#onChannel(async (channel) => {
      let lastAt = performance.now();
      await channel.consume(queue, (message) => {
        if (message === null) return;
        lastAt = performance.now();
        taken.push(message);
        channel.ack(message);
      });
      while (performance.now() - lastAt < quietMs) await pause(20);
    });
    return taken;
  }

  /** Puts messages straight into a queue, with everything that belongs to them. */
  async put(queue: string, messages: readonly ConsumeMessage[]): Promise<void> {
    const channel = await this.#model.createConfirmChannel();
    channel.on('error', () => undefined);
    for (const { content, properties } of messages) {
      const { headers, messageId, type, contentType } = properties as {
        readonly headers?: Record<string, unknown>;
        readonly messageId?: string;
        readonly type?: string;
        readonly contentType?: string;
      };
      channel.sendToQueue(queue, content, {
        persistent: true,
        ...(headers === undefined ? {} : { headers }),
        ...(messageId === undefined ? {} : { messageId }),
        ...(type === undefined ? {} : { type }),
        ...(contentType === undefined ? {} : { contentType }),
      });
    }
    await channel.waitForConfirms();
    await channel.close();
  }

  /** Gets a copy of everything that is published to an exchange from now on, until `stop` is called. */
  async listen(exchange: string, onMessage: (message: ConsumeMessage) => void): Promise<() => Promise<void>> {
    const channel = await this.#model.createChannel();
    channel.on('error', () => undefined);
    const { queue } = await channel.assertQueue('', { exclusive: true, autoDelete: true });
    await channel.bindQueue(queue, exchange, '#');
    await channel.consume(
      queue,
      (message) => {
        if (message !== null) onMessage(message);
      },
      { noAck: true },
    );
    return () => channel.close();
  }

  async #onChannel(
    work: (channel: Awaited<ReturnType<ChannelModel['createChannel']>>) => Promise<void>,
  ): Promise<void> {
    const channel = await this.#model.createChannel();
    channel.on('error', () => undefined);
    await work(channel);
    await channel.close();
  }
}
