import type { EventMetadata, RecordedEvent, StoredEvent } from './events/envelope.ts';
import type { EventToAppend } from './store/store.ts';

/**
 * What the parts of an event's way tell about themselves to whoever traces. A process that does not trace has no
 * `Tracing`, and each part asks for it once: that is all that it costs then. `telemetry/` makes spans out of it.
 */
export interface Tracing {
  /** What became of the spans of this process. */
  readonly counts: SpanCounts;
  /** A request comes in. `route` is its pattern; undefined for one that meets no route. */
  request(
    method: string,
    route: string | undefined,
    caller: Partial<TraceContext>,
    correlationId: string,
  ): RequestTrace;
  /** A command comes in. `metadata` is what its events are to carry: see {@link CommandTrace}. */
  command(decider: string, given: Partial<EventMetadata> | undefined): CommandTrace;
  /** A batch leaves for the event store; undefined when nobody looks at any of it. */
  commit(members: readonly TracedAppend[]): Ending | undefined;
  /** A batch is handed to a broker; undefined when nobody looks at any of it. */
  publish(broker: string, events: readonly RecordedEvent[], handedAt: number): PublishTrace | undefined;
  /** A batch is applied to a read model; undefined when nobody looks at any of it. */
  apply(projection: string, arrivals: readonly TracedArrival[]): ApplyTrace | undefined;
  /** One parked event is tried again; undefined when nobody looks at it. */
  retry(projection: string, event: RecordedEvent): Ending | undefined;
}

/** Tracing that was started, and has to be stopped behind the system that it looks at. */
export interface RunningTracing extends Tracing {
  /** Sends what waits. Resolves after 2 seconds at the latest; what could not be sent by then is lost. */
  stop(): Promise<void>;
}

export interface SpanCounts {
  readonly exported: number;
  /** Lost: too many waited, or the receiver did not take them. */
  readonly dropped: number;
}

/** A request on its way through the server. */
export interface RequestTrace {
  /** What stands for this process from here on, recorded or not. */
  readonly context: TraceContext;
  /** Undefined when nobody looks at it. `status` is the HTTP status of the answer. */
  readonly end: ((status: number) => void) | undefined;
}

/** W3C trace context, as headers carry it. */
export interface TraceContext {
  readonly traceparent: string;
  readonly tracestate?: string;
}

/** Something that is under way. */
export interface Ending {
  /** To be called once. `error` says that it failed, and with what. */
  end(error?: unknown): void;
}

export interface CommandTrace extends Ending {
  /** Replaces what was given: the context of the command itself, or nothing when nobody looks at it. */
  readonly metadata: Pick<EventMetadata, 'traceparent' | 'tracestate'>;
}

/** One request to the log, with the time since when it waits, by `performance.now()`. */
export interface TracedAppend {
  readonly request: { readonly events: readonly EventToAppend[] };
  readonly since: number;
}

export interface PublishTrace extends Ending {
  /** What the message of an event is to carry; undefined when nobody looks at that event. */
  contextOf(event: RecordedEvent): TraceContext | undefined;
}

/** An event at a consumer. */
export interface TracedArrival {
  readonly event: StoredEvent;
  /** What the message carried; undefined when there was none, or it carried nothing. */
  readonly trace?: TraceContext | undefined;
  /** The relay's clock; undefined when the event was read from the log instead of delivered. */
  readonly handedAt: number | undefined;
  /** This process's clock, milliseconds since 1970. */
  readonly receivedAt: number;
}

export interface ApplyTrace extends Ending {
  /** These events were parked instead of applied. */
  parked(positions: readonly number[]): void;
}
