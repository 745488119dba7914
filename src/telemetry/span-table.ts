import { SpanKind } from '@opentelemetry/api';

interface SpanEntry {
  /** The span's name, or the word that it begins with: then what stands in `<>` follows it. */
  readonly name: string;
  readonly follows?: '<method> <route>' | '<decider>' | '<event type>' | '<projection>';
  readonly kind: SpanKind;
  readonly meaning: string;
  /** Whose child it is. */
  readonly parent: string;
  /** What it has links to. */
  readonly links: string;
  readonly attributes: readonly string[];
}

/**
 * Every span of the platform, and every attribute that one may have. Nothing that a person could be known by stands in
 * either: routes and not paths, types and not data, codes and not texts of errors.
 *
 * The spans of a batch (`commit`, `relay`, `batch`) belong to many requests, so each is a trace of its own, with links to
 * those of the requests; the spans of one request link back to them.
 */
export const spanTable = {
  request: {
    name: '',
    follows: '<method> <route>',
    kind: SpanKind.SERVER,
    meaning: 'An HTTP request, or a gRPC call, until its answer is sent.',
    parent: 'the caller, by `traceparent`',
    links: '',
    attributes: [
      'http.request.method',
      'http.route',
      'http.response.status_code',
      'error.type',
      'millrace.correlation_id',
    ],
  },
  command: {
    name: 'command',
    follows: '<decider>',
    kind: SpanKind.INTERNAL,
    meaning: 'A command, until its events are durable. Its context is what its events carry.',
    parent: 'the request',
    links: '',
    attributes: ['millrace.decider', 'millrace.correlation_id', 'millrace.outcome', 'error.type'],
  },
  append: {
    name: 'append',
    kind: SpanKind.INTERNAL,
    meaning: 'The events of one command on their way into the log: the wait for their batch, and the commit.',
    parent: 'the command',
    links: 'commit',
    attributes: ['millrace.events', 'error.type'],
  },
  commit: {
    name: 'commit',
    kind: SpanKind.CLIENT,
    meaning: 'One transaction of the event store, with the events of many commands.',
    parent: '',
    links: 'each command',
    attributes: ['db.system.name', 'millrace.events', 'millrace.requests', 'error.type'],
  },
  publish: {
    name: 'publish',
    follows: '<event type>',
    kind: SpanKind.PRODUCER,
    meaning:
      'One event from the hand of the relay to the confirm of the broker. Its context is what the message carries.',
    parent: 'the command',
    links: 'relay',
    attributes: [
      'messaging.system',
      'messaging.operation.type',
      'messaging.message.id',
      'millrace.event.type',
      'millrace.position',
      'error.type',
    ],
  },
  relay: {
    name: 'relay',
    kind: SpanKind.CLIENT,
    meaning: 'One batch that the relay hands to the broker.',
    parent: '',
    links: 'each event’s command',
    attributes: ['messaging.system', 'messaging.operation.type', 'messaging.batch.message_count', 'error.type'],
  },
  deliver: {
    name: 'deliver',
    follows: '<event type>',
    kind: SpanKind.CONSUMER,
    meaning:
      'One event at a consumer, from its arrival until its batch begins. Not there when it was read from the log.',
    parent: 'the publication',
    links: '',
    attributes: [
      'messaging.operation.type',
      'messaging.message.id',
      'millrace.event.type',
      'millrace.position',
      'millrace.projection',
    ],
  },
  apply: {
    name: 'apply',
    follows: '<projection>',
    kind: SpanKind.INTERNAL,
    meaning: 'One event into one read model, until that has committed; also when a parked one is tried again.',
    parent: 'the delivery, or the command',
    links: 'batch',
    attributes: [
      'messaging.operation.type',
      'messaging.message.id',
      'millrace.event.type',
      'millrace.position',
      'millrace.projection',
      'millrace.source',
      'millrace.outcome',
      'error.type',
    ],
  },
  batch: {
    name: 'batch',
    follows: '<projection>',
    kind: SpanKind.INTERNAL,
    meaning: 'One transaction of a read model, with the effects of many events.',
    parent: '',
    links: 'each event’s publication, or its command',
    attributes: ['millrace.projection', 'millrace.events', 'error.type'],
  },
} as const satisfies { readonly [span: string]: SpanEntry };

/** The spans of the platform. */
export type SpanName = keyof typeof spanTable;

/** The attributes that a span may have. */
export type SpanAttributes<Name extends SpanName> = {
  readonly [Key in (typeof spanTable)[Name]['attributes'][number]]?: string | number | undefined;
};
