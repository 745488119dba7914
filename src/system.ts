import type { AnyEventDefinition } from './events/definition.ts';
import type { LogNames } from './postgres/log-names.ts';
import type { ProjectionDefinition } from './projections/definition.ts';
import { MillraceError } from './errors.ts';
import type { TimersDefinition } from './timers/definition.ts';
import { timersProjection, timersView } from './timers/timers-projection.ts';

/** The names that events go by on a broker outside the process. */
export interface TransportNames {
  /** The topic exchange that the relay publishes to. */
  readonly exchange: string;
  /** Words with dots between them; an event's routing key is this, a dot, and its type: `shop.orders.OrderPlaced`. */
  readonly routingPrefix: string;
}

/** Everything that Millrace has to know of an application. */
export interface SystemDefinition {
  /** `order-list`: names the log, metrics and logs. */
  readonly name: string;
  readonly events: readonly AnyEventDefinition[];
  readonly tables: LogNames;
  /** The two databases that the embedded server makes. */
  readonly databases: { readonly eventStore: string; readonly readModels: string };
  /** The first one is the primary projection: the lag ledger follows it. The last is `timers`, where there are any. */
  readonly projections: readonly ProjectionDefinition[];
  readonly timers: readonly TimersDefinition[];
  readonly transport: TransportNames;
}

/** What {@link defineSystem} is given. */
export interface SystemOptions extends Omit<SystemDefinition, 'timers' | 'transport'> {
  /** Made by `defineTimers`; they are kept in a projection `timers` with a view `timers`. Default: none. */
  readonly timers?: readonly TimersDefinition[];
  /** Default, for a system `order-list`: exchange `order_list_events`, routing prefix `order.list`. */
  readonly transport?: TransportNames;
}

/** Longer names are refused by RabbitMQ. */
const exchangeName = /^[a-zA-Z][a-zA-Z0-9_.-]{0,99}$/;
const routingWords = /^[a-zA-Z0-9_-]+(?:\.[a-zA-Z0-9_-]+)*$/;

/**
 * Defines a system: the one value that binds events, projections, timers and names together. Throws DEFINITION_INVALID
 * when two of a kind share a name, a timer is set by an event that is not listed, or a name is not sound.
 */
export function defineSystem(options: SystemOptions): SystemDefinition {
  if (!/^[a-z][a-z0-9-]{0,39}$/.test(options.name)) {
    throw new MillraceError('DEFINITION_INVALID', 'A system name is lower case letters, digits and dashes.');
  }
  if (options.projections.length === 0) {
    throw new MillraceError('DEFINITION_INVALID', `System ${options.name} has no projection.`);
  }
  const timers = options.timers ?? [];
  checkTimers(options, timers);
  const projections = timers.length === 0 ? options.projections : [...options.projections, timersProjection(timers)];
  const ids = projections.map((projection) => projection.id);
  if (new Set(ids).size !== ids.length) {
    throw new MillraceError('DEFINITION_INVALID', `System ${options.name} has two projections of the same id.`);
  }
  const transport = options.transport ?? {
    exchange: `${options.name.replaceAll('-', '_')}_events`,
    routingPrefix: options.name.replaceAll('-', '.'),
  };
  if (!exchangeName.test(transport.exchange) || !routingWords.test(transport.routingPrefix)) {
    throw new MillraceError(
      'DEFINITION_INVALID',
      `System ${options.name}: the exchange or the routing prefix is not a name that a broker takes.`,
    );
  }
  const queues = projections.map((projection) => projection.queue);
  if (new Set(queues).size !== queues.length) {
    throw new MillraceError('DEFINITION_INVALID', `System ${options.name} has two projections on one queue.`);
  }
  return { ...options, projections, timers, transport };
}

function checkTimers({ name, events, projections }: SystemOptions, timers: readonly TimersDefinition[]): void {
  const invalid = (problem: string) => new MillraceError('DEFINITION_INVALID', `System ${name} ${problem}.`);
  if (new Set(timers.map(({ id }) => id)).size !== timers.length) throw invalid('has two timers of the same id');
  const types = new Set(events.map(({ type }) => type));
  for (const { id, on } of timers) {
    const unknown = Object.keys(on).find((type) => !types.has(type));
    if (unknown !== undefined) throw invalid(`has no event ${unknown}, which its timers ${id} wait for`);
  }
  if (timers.length > 0 && projections.some(({ exposes }) => exposes.includes(timersView))) {
    throw invalid(`has timers, and a projection with a view ${timersView}`);
  }
}

/** The types of events that end a stream. */
export function endingTypes({ events }: SystemDefinition): string[] {
  return events.filter(({ endsStream }) => endsStream).map(({ type }) => type);
}
