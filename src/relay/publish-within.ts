import type { Broker } from '../brokers/broker.ts';
import { MillraceError } from '../errors.ts';
import type { RecordedEvent } from '../events/envelope.ts';
import { within } from '../within.ts';

export interface PublishOptions {
  readonly broker: Broker;
  readonly log: string;
  readonly incarnation: string;
  /** When the relay hands them over: its clock. */
  readonly handedAt: number;
  /** In milliseconds. */
  readonly timeout: number;
}

/** A broker may never answer (a connection that is half open): that is a failure like any other. */
export async function publishWithin(events: readonly RecordedEvent[], options: PublishOptions): Promise<void> {
  const { broker, log, incarnation, handedAt, timeout } = options;
  const confirmed = broker.publish(
    events.map((event) => ({ event, log, incarnation, previous: event.position - 1, handedAt })),
  );
  const late = (): MillraceError =>
    new MillraceError('BROKER_UNAVAILABLE', `The broker did not confirm within ${timeout} ms.`);
  await within(timeout, confirmed, late);
}
