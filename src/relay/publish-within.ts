import type { Broker } from '../brokers/broker.ts';
import { MillraceError } from '../errors.ts';
import type { RecordedEvent } from '../events/envelope.ts';
import type { Tracing } from '../tracing.ts';
import { within } from '../within.ts';

export interface PublishOptions {
  readonly broker: Broker;
  readonly log: string;
  readonly incarnation: string;
  /** When the relay hands them over: its clock. */
  readonly handedAt: number;
  /** In milliseconds. */
  readonly timeout: number;
  readonly tracing?: Tracing | undefined;
}

/** A broker may never answer (a connection that is half open): that is a failure like any other. */
export async function publishWithin(events: readonly RecordedEvent[], options: PublishOptions): Promise<void> {
  const { broker, log, incarnation, handedAt, timeout, tracing } = options;
  const trace = tracing?.publish(broker.name, events, handedAt);
  const confirmed = broker.publish(
    events.map((event) => {
      const previous = event.position - 1;
      return { event, log, incarnation, previous, handedAt, trace: trace?.contextOf(event) };
    }),
  );
  const late = (): MillraceError =>
    new MillraceError('BROKER_UNAVAILABLE', `The broker did not confirm within ${timeout} ms.`);
  try {
    await within(timeout, confirmed, late);
    trace?.end();
  } catch (error) {
    trace?.end(error);
    throw error;
  }
}
