import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { MessagesRefused, type Broker, type BrokerMessage } from '../../src/brokers/broker.ts';
import { EmbeddedBroker } from '../../src/brokers/embedded.ts';
import { Consumer, type ConsumerOptions } from '../../src/consumers/consumer.ts';
import type { RecordedEvent } from '../../src/events/envelope.ts';
import { wallClock } from '../../src/events/wall-clock.ts';
import { Lease } from '../../src/postgres/lease.ts';
import type { ExampleDatabases } from './example-databases.ts';

/** A consumer without a relay: the test says what is published and what is delivered. */
export interface ConsumerRig {
  readonly broker: EmbeddedBroker;
  /** What the relay's cursor says. */
  published: number;
  /** What the consumers reported. */
  readonly errors: unknown[];
  readonly incarnation: string;
  /** Hands events to the broker as messages of this log, in the order given. */
  deliver(events: readonly RecordedEvent[], changes?: Partial<BrokerMessage>): Promise<void>;
  /** Starts a consumer that ends with the databases. */
  start(options?: Partial<ConsumerOptions>): Consumer;
}

export async function consumerRig(databases: ExampleDatabases): Promise<ConsumerRig> {
  const pool = new pg.Pool({ connectionString: databases.readModelsUrl, max: 4 });
  pool.on('error', () => undefined);
  databases.onEnd(() => pool.end());
  const { incarnation } = await databases.log.head();
  const broker = new EmbeddedBroker();
  const rig: ConsumerRig = {
    broker,
    published: 0,
    errors: [],
    incarnation,
    deliver: (events, changes = {}) =>
      broker.publish(events.map((event) => ({ ...messageOf(event, incarnation), ...changes }))),
    start(options = {}) {
      const definition = options.definition ?? databases.example.projection;
      const consumer = new Consumer({
        definition,
        log: databases.log,
        registry: databases.registry,
        broker: options.broker ?? broker,
        readModelsUrl: databases.readModelsUrl,
        lease: new Lease(pool, `consumer:${definition.id}`, randomUUID()),
        published: () => Promise.resolve(rig.published),
        onError: (error) => rig.errors.push(error),
        idleInterval: 50,
        ...options,
      });
      consumer.start();
      databases.onEnd(() => consumer.stop());
      return consumer;
    },
  };
  return rig;
}

export function messageOf(event: RecordedEvent, incarnation: string, log = 'parcels'): BrokerMessage {
  return { event, log, incarnation, previous: event.position - 1, handedAt: wallClock() };
}

/** A broker whose every publish a test decides about. */
export class ScriptedBroker implements Broker {
  readonly name: string;
  readonly transit: number = 0;
  readonly reachesOthers: boolean = false;
  readonly #inner = new EmbeddedBroker();
  /** Decides what to do with a publication; `pass` hands it on, or some of it. */
  script: (
    messages: readonly BrokerMessage[],
    pass: (some?: readonly BrokerMessage[]) => Promise<void>,
  ) => Promise<void> = (_messages, pass) => pass();
  readonly published: BrokerMessage[][] = [];

  constructor(name = 'embedded') {
    this.name = name;
  }

  publish(messages: readonly BrokerMessage[]): Promise<void> {
    return this.script(messages, async (some = messages) => {
      this.published.push([...some]);
      await this.#inner.publish(some);
    });
  }

  /** Takes everything but the events that are bad, as long as they are. */
  refuse(isBad: (message: BrokerMessage) => boolean): void {
    this.script = async (messages, pass) => {
      const bad = messages.filter(isBad);
      const good = messages.filter((message) => !bad.includes(message));
      if (good.length > 0) await pass(good);
      if (bad.length > 0) {
        throw new MessagesRefused(
          bad.map(({ event }) => event.position),
          'will not have it',
        );
      }
    };
  }

  /** Positions in the order in which they were taken. */
  get positions(): number[] {
    return this.published.flat().map(({ event }) => event.position);
  }

  /** Hands messages to the queues beside what is published. */
  inject(messages: readonly BrokerMessage[]): Promise<void> {
    return this.#inner.publish(messages);
  }

  subscribe: Broker['subscribe'] = (queue, onAvailable) => this.#inner.subscribe(queue, onAvailable);

  check(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return this.#inner.close();
  }
}
