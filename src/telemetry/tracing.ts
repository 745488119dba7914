import { SpanStatusCode, type Span, type SpanContext, type Tracer } from '@opentelemetry/api';
import { MessagesRefused } from '../brokers/broker.ts';
import { DomainError } from '../errors.ts';
import type { EventMetadata, RecordedEvent } from '../events/envelope.ts';
import { wallClock } from '../events/wall-clock.ts';
import type {
  ApplyTrace,
  CommandTrace,
  Ending,
  PublishTrace,
  RequestTrace,
  SpanCounts,
  TraceContext,
  TracedAppend,
  TracedArrival,
  Tracing,
} from '../tracing.ts';
import { errorForLog } from './error-for-log.ts';
import { spanTable, type SpanAttributes, type SpanName } from './span-table.ts';
import type { TraceRoots } from './trace-roots.ts';
import { below, isSampled, recordedSpan, recordedSpanIn, spanOf, written } from './tracing-context.ts';

interface Start<Name extends SpanName> {
  /** What follows the span's word. */
  readonly about?: string;
  readonly parent?: SpanContext | undefined;
  readonly links?: readonly SpanContext[];
  /** Milliseconds since 1970. Default: now. */
  readonly at?: number;
  readonly attributes: SpanAttributes<Name>;
}

const unrecorded: CommandTrace = { metadata: { traceparent: undefined, tracestate: undefined }, end: () => undefined };

/**
 * Makes spans of what the parts tell. A trace begins with a request, or with a command that none has sent, and there it
 * is decided whether it is recorded; an event carries a context only if it is. So every later part knows by its event
 * whether there is anything to do, in whatever process and however much later.
 */
export class SpanTracing implements Tracing {
  readonly counts: SpanCounts;
  readonly #tracer: Tracer;
  readonly #roots: TraceRoots;

  /** @param roots what draws the tracer's ids */
  constructor(tracer: Tracer, roots: TraceRoots, counts: SpanCounts) {
    this.#tracer = tracer;
    this.#roots = roots;
    this.counts = counts;
  }

  request(
    method: string,
    route: string | undefined,
    caller: Partial<TraceContext>,
    correlationId: string,
  ): RequestTrace {
    const parent = spanOf(caller);
    const unrecordedRoot = parent === undefined ? this.#roots.unrecorded() : undefined;
    if (unrecordedRoot !== undefined) return { context: written(unrecordedRoot), end: undefined };
    const span = this.#start('request', {
      about: route === undefined ? method : `${method} ${route}`,
      parent,
      attributes: {
        'http.request.method': method,
        'http.route': route,
        'millrace.correlation_id': correlationId,
      },
    });
    const context = written(span.spanContext());
    if (!span.isRecording()) return { context, end: undefined };
    return {
      context,
      end: (status) => {
        const attributes: SpanAttributes<'request'> = { 'http.response.status_code': status };
        span.setAttributes(attributes);
        if (status >= 500) fail(span, String(status));
        span.end(wallClock());
      },
    };
  }

  command(decider: string, given: Partial<EventMetadata> | undefined): CommandTrace {
    // A request that is not recorded was asked about already.
    if (given?.traceparent !== undefined && !isSampled(given.traceparent)) return unrecorded;
    const { traceparent, tracestate, correlationId } = given ?? {};
    const parent = traceparent === undefined ? undefined : recordedSpan(contextOf(traceparent, tracestate));
    if (parent === undefined && this.#roots.unrecorded() !== undefined) return unrecorded;
    const span = this.#start('command', {
      about: decider,
      parent,
      attributes: { 'millrace.decider': decider, 'millrace.correlation_id': correlationId },
    });
    if (!span.isRecording()) return unrecorded;
    return {
      metadata: { tracestate: undefined, ...written(span.spanContext()) },
      end: (error) => {
        const outcome = error === undefined ? 'done' : error instanceof DomainError ? 'refused' : 'failed';
        const attributes: SpanAttributes<'command'> = { 'millrace.outcome': outcome };
        span.setAttributes(attributes);
        // A refusal is an answer of the domain and no failure of the system.
        if (outcome === 'refused') span.setAttribute('error.type', kindOf(error));
        else if (outcome === 'failed') fail(span, kindOf(error));
        span.end(wallClock());
      },
    };
  }

  commit(members: readonly TracedAppend[]): Ending | undefined {
    const commands: { readonly parent: SpanContext; readonly since: number; events: number }[] = [];
    let events = 0;
    for (const { request, since } of members) {
      events += request.events.length;
      for (const event of request.events) {
        const parent = recordedSpanIn(event.metadata);
        if (parent === undefined) continue;
        const last = commands.at(-1);
        if (last?.parent.spanId === parent.spanId) last.events++;
        else commands.push({ parent, since, events: 1 });
      }
    }
    if (commands.length === 0) return undefined;
    const begun = wallClock();
    const waited = performance.now();
    const commit = this.#start('commit', {
      links: commands.map(({ parent }) => parent),
      at: begun,
      attributes: { 'db.system.name': 'postgresql', 'millrace.events': events, 'millrace.requests': members.length },
    });
    if (!commit.isRecording()) return undefined;
    return ended((error) => {
      const now = wallClock();
      for (const { parent, since, events: own } of commands) {
        const append = this.#start('append', {
          parent,
          links: [commit.spanContext()],
          at: begun - (waited - since),
          attributes: { 'millrace.events': own },
        });
        close(append, now, error);
      }
      close(commit, now, error);
    });
  }

  publish(broker: string, events: readonly RecordedEvent[], handedAt: number): PublishTrace | undefined {
    const traced: { readonly event: RecordedEvent; readonly parent: SpanContext }[] = [];
    for (const event of events) {
      const parent = recordedSpanIn(event.metadata);
      if (parent !== undefined) traced.push({ event, parent });
    }
    if (traced.length === 0) return undefined;
    const common = { 'messaging.system': broker, 'messaging.operation.type': 'send' } as const;
    const relay = this.#start('relay', {
      links: traced.map(({ parent }) => parent),
      at: handedAt,
      attributes: { ...common, 'messaging.batch.message_count': events.length },
    });
    if (!relay.isRecording()) return undefined;
    const spans = new Map<RecordedEvent, Span>();
    for (const { event, parent } of traced) {
      const publish = this.#start('publish', {
        about: event.type,
        parent,
        links: [relay.spanContext()],
        at: handedAt,
        attributes: { ...common, ...aboutEvent(event) },
      });
      spans.set(event, publish);
    }
    return {
      contextOf: (event) => {
        const span = spans.get(event);
        return span === undefined ? undefined : written(span.spanContext());
      },
      ...ended((error) => {
        const now = wallClock();
        close(relay, now, error);
        // Of a batch that the broker has looked at, it has taken the others.
        const refused = error instanceof MessagesRefused ? new Set(error.positions) : undefined;
        for (const [{ position }, span] of spans)
          close(span, now, refused?.has(position) === false ? undefined : error);
      }),
    };
  }

  apply(projection: string, arrivals: readonly TracedArrival[]): ApplyTrace | undefined {
    const traced: { readonly arrival: TracedArrival; readonly parent: SpanContext }[] = [];
    for (const arrival of arrivals) {
      const parent = recordedSpan(arrival.trace) ?? recordedSpan(contextIn(arrival.event.metadata));
      if (parent !== undefined) traced.push({ arrival, parent });
    }
    if (traced.length === 0) return undefined;
    const begun = wallClock();
    const batch = this.#start('batch', {
      about: projection,
      links: traced.map(({ parent }) => parent),
      at: begun,
      attributes: { 'millrace.projection': projection, 'millrace.events': arrivals.length },
    });
    if (!batch.isRecording()) return undefined;
    const parked = new Set<number>();
    return {
      parked: (positions) => {
        for (const position of positions) parked.add(position);
      },
      ...ended((error) => {
        const now = wallClock();
        close(batch, now, error);
        // It is done again, with all of them.
        if (error !== undefined) return;
        for (const { arrival, parent } of traced) {
          const { event, handedAt, receivedAt } = arrival;
          const about = { ...aboutEvent(event), 'millrace.projection': projection };
          let above = parent;
          if (handedAt !== undefined) {
            const deliver = this.#start('deliver', {
              about: event.type,
              parent,
              at: receivedAt,
              attributes: { ...about, 'messaging.operation.type': 'receive' },
            });
            deliver.end(Math.max(begun, receivedAt));
            above = deliver.spanContext();
          }
          const apply = this.#start('apply', {
            about: projection,
            parent: above,
            links: [batch.spanContext()],
            at: begun,
            attributes: {
              ...about,
              'messaging.operation.type': 'process',
              'millrace.source': handedAt === undefined ? 'log' : 'broker',
              'millrace.outcome': parked.has(event.position) ? 'parked' : 'applied',
            },
          });
          if (parked.has(event.position)) fail(apply, 'parked');
          apply.end(now);
        }
      }),
    };
  }

  retry(projection: string, event: RecordedEvent): Ending | undefined {
    const parent = recordedSpanIn(event.metadata);
    if (parent === undefined) return undefined;
    const apply = this.#start('apply', {
      about: projection,
      parent,
      attributes: {
        ...aboutEvent(event),
        'messaging.operation.type': 'process',
        'millrace.projection': projection,
        'millrace.source': 'dead letter',
      },
    });
    return ended((error) => {
      const attributes: SpanAttributes<'apply'> = { 'millrace.outcome': error === undefined ? 'applied' : 'parked' };
      apply.setAttributes(attributes);
      close(apply, wallClock(), error);
    });
  }

  #start<Name extends SpanName>(name: Name, { about, parent, links, at, attributes }: Start<Name>): Span {
    const entry = spanTable[name];
    return this.#tracer.startSpan(
      [entry.name, about].filter((part) => part !== undefined && part !== '').join(' '),
      {
        kind: entry.kind,
        startTime: at ?? wallClock(),
        links: (links ?? []).map((context) => ({ context })),
        attributes,
      },
      below(parent),
    );
  }
}

function aboutEvent({ id, type, position }: Pick<RecordedEvent, 'id' | 'type' | 'position'>) {
  return { 'messaging.message.id': id, 'millrace.event.type': type, 'millrace.position': position };
}

function contextIn({ traceparent, tracestate }: Partial<EventMetadata>): TraceContext | undefined {
  return traceparent === undefined ? undefined : contextOf(traceparent, tracestate);
}

function contextOf(traceparent: string, tracestate: string | undefined): TraceContext {
  return tracestate === undefined ? { traceparent } : { traceparent, tracestate };
}

/** Of two calls the first one counts: an answer that came too late changes nothing. */
function ended(end: (error: unknown) => void): Ending {
  let isOver = false;
  return {
    end: (error) => {
      if (isOver) return;
      isOver = true;
      end(error);
    },
  };
}

function close(span: Span, at: number, error: unknown): void {
  if (error !== undefined) fail(span, kindOf(error));
  span.end(at);
}

/** The kind of an error alone: its text may quote what it failed on. */
function fail(span: Span, kind: string): void {
  span.setAttribute('error.type', kind);
  span.setStatus({ code: SpanStatusCode.ERROR });
}

function kindOf(error: unknown): string {
  const { code, type } = errorForLog(error, 0);
  return code ?? type;
}
