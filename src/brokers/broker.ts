import type { RecordedEvent } from '../events/envelope.ts';
import type { TraceContext } from '../tracing.ts';

/** What travels from relay to consumers: the whole event, and what lets a consumer tell holes, doubles and strangers. */
export interface BrokerMessage {
  readonly event: RecordedEvent;
  readonly log: string;
  readonly incarnation: string;
  /** Position of the event before this one on the same route; 0 for the first. */
  readonly previous: number;
  /** When the relay handed it to the broker: the relay's clock, milliseconds since 1970. */
  readonly handedAt: number;
  /** Of this publication, when somebody traces it. */
  readonly trace?: TraceContext | undefined;
}

/** A message at a consumer. */
export interface Delivery {
  readonly message: BrokerMessage;
  /** When it arrived: the consumer's clock, milliseconds since 1970. */
  readonly receivedAt: number;
}

/** A consumer's end of a queue. Deliveries are taken, not pushed: so a slow consumer bounds what it holds. */
export interface Subscription {
  /** Removes and returns up to `maximum` deliveries, oldest first. */
  take(maximum: number): readonly Delivery[];
  /** Deliveries that wait to be taken. */
  readonly waiting: number;
  /** Tells the broker that these are done with. What was taken and not acknowledged may be delivered again. */
  acknowledge(deliveries: readonly Delivery[]): void;
  close(): Promise<void>;
}

/**
 * Carries events from the relay to consumers. A broker keeps the order of publication while nothing breaks, and
 * delivers at least once; after a failure it may double, reorder or lose, which consumers notice and mend from the log.
 */
export interface Broker {
  /** The relay's cursor and lease carry it: `embedded`, `rabbitmq`. */
  readonly name: string;
  /** How long a confirmed message may be under way to an idle consumer before it counts as lost, in milliseconds. */
  readonly transit: number;
  /** Deliveries reach consumers in other processes as well. Those of a broker inside the process are told by nudges. */
  readonly reachesOthers: boolean;
  /**
   * Resolves when the broker has taken all of them, in order. Rejects with {@link MessagesRefused} when it has taken all
   * but some that it will not have; with anything else when nothing is certain: send all of them again.
   */
  publish(messages: readonly BrokerMessage[]): Promise<void>;
  /** `onAvailable` is called when a delivery arrives at an empty queue. */
  subscribe(queue: string, onAvailable: () => void): Promise<Subscription>;
  /** Resolves when the broker answers. Rejects with BROKER_UNAVAILABLE. */
  check(): Promise<void>;
  close(): Promise<void>;
}

/** The broker is there and has refused some messages of a publication, and those alone. */
export class MessagesRefused extends Error {
  override readonly name = 'MessagesRefused';
  /** Positions of the refused events, ascending. */
  readonly positions: readonly number[];

  constructor(positions: readonly number[], reason: string) {
    super(reason);
    this.positions = positions;
  }
}
