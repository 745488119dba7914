import type { EventLogMode } from '../config.ts';
import type { RecordedEvent } from '../events/envelope.ts';
import { errorForLog } from './error-for-log.ts';
import type { WriteLog } from './log-events.ts';
import { errorValues } from './log-writer.ts';
import type { AppliedEvents, ArrivedEvent, FinishedCommand, FinishedRequest, Way } from './way.ts';

/** Ids that this platform makes are UUIDv7; whoever sends one of another form wants to find it again. */
function isGiven(correlationId: string): boolean {
  if (correlationId.length !== 36) return correlationId !== '';
  return correlationId.charCodeAt(14) !== 0x37 || correlationId.charCodeAt(8) !== 0x2d;
}

const correlationKey = '"correlationId":"';

/** From the stored JSON text. Inside of a JSON text a quotation mark is escaped, so the key is found nowhere else. */
export function correlationOf(metadata: string): string {
  const at = metadata.indexOf(correlationKey);
  if (at < 0) return '';
  const begin = at + correlationKey.length;
  return metadata.slice(begin, metadata.indexOf('"', begin));
}

function traceOf(traceparent: string | undefined): { TraceId?: string; SpanId?: string } {
  const [, TraceId, SpanId] = traceparent?.split('-') ?? [];
  return TraceId === undefined || SpanId === undefined ? {} : { TraceId, SpanId };
}

/**
 * Logs the way of requests and their events: request, command, appended, published, processed by each projection. Which
 * ones is told by the correlation id alone, so that all processes agree and a way is logged as a whole or not at all. What
 * is slow is logged besides, at the step that knows.
 */
export class WayLog implements Way {
  readonly #log: WriteLog;
  readonly #mode: EventLogMode;
  readonly #slowMs: number;

  constructor(log: WriteLog, { mode, slowMs }: { readonly mode: EventLogMode; readonly slowMs: number }) {
    this.#log = log;
    this.#mode = mode;
    this.#slowMs = slowMs;
  }

  /** Whether a way is logged step by step. */
  follows(correlationId: string): boolean {
    return this.#mode === 'all' || (this.#mode === 'asked' && isGiven(correlationId));
  }

  /** Whether a step that took so long is logged. */
  tells(correlationId: string, elapsedMs: number): boolean {
    return this.follows(correlationId) || this.#isSlow(elapsedMs);
  }

  #isSlow(milliseconds: number): boolean {
    return milliseconds > this.#slowMs && this.#mode !== 'none';
  }

  requestDone({ method, route, status, elapsedMs, correlationId, traceparent }: FinishedRequest): void {
    if (!this.tells(correlationId, elapsedMs)) return;
    this.#log('requestDone', {
      RequestMethod: method,
      RequestPath: route,
      StatusCode: status,
      ElapsedMs: elapsedMs,
      CorrelationId: correlationId,
      ...traceOf(traceparent),
    });
  }

  commandDone({ name, stream, elapsedMs, correlationId, traceparent, outcome }: FinishedCommand): void {
    if (!this.tells(correlationId, elapsedMs)) return;
    const values = {
      CommandName: name,
      AggregateId: stream,
      ElapsedMs: elapsedMs,
      CorrelationId: correlationId || undefined,
      ...traceOf(traceparent),
    };
    if ('code' in outcome) this.#log('commandRefused', { ...values, Code: outcome.code });
    else this.#log('commandDone', { ...values, EventCount: outcome.events, Position: outcome.position });
  }

  appended(events: readonly RecordedEvent[]): void {
    if (this.#mode === 'none') return;
    for (const event of events) {
      const correlationId = correlationOf(event.metadata);
      if (this.follows(correlationId)) this.#log('eventAppended', recorded(event, correlationId));
    }
  }

  /** @param withheld positions that the broker did not get */
  published(
    events: readonly RecordedEvent[],
    handedAt: number,
    confirmedAt: number,
    withheld: ReadonlySet<number>,
  ): void {
    if (this.#mode === 'none') return;
    for (const event of events) {
      const correlationId = correlationOf(event.metadata);
      if (!this.follows(correlationId) || withheld.has(event.position)) continue;
      this.#log('eventPublished', {
        ...recorded(event, correlationId),
        OutboxDurationMs: handedAt - event.occurredAt,
        DispatchDurationMs: confirmedAt - handedAt,
      });
    }
  }

  applied({ projection, primary, arrivals, withheld, committedAt }: AppliedEvents): void {
    if (this.#mode === 'none') return;
    for (const { event, handedAt, receivedAt } of arrivals) {
      const { correlationId, traceparent } = event.metadata;
      const whole = committedAt - event.occurredAt;
      // Others may lag on purpose.
      if (!(primary && this.#isSlow(whole)) && !this.follows(correlationId)) continue;
      if (withheld.has(event.position)) continue;
      this.#log('eventProcessed', {
        EventType: event.type,
        EventId: event.id,
        AggregateId: event.stream,
        Position: event.position,
        CorrelationId: correlationId,
        ...traceOf(traceparent),
        Projection: projection,
        OutboxDurationMs: handedAt === undefined ? undefined : handedAt - event.occurredAt,
        TransitDurationMs: handedAt === undefined ? undefined : receivedAt - handedAt,
        ProjectionDurationMs: committedAt - receivedAt,
        ProcessingDurationMs: whole,
      });
    }
  }

  /** A projection could not take an event; it is parked. Written whatever the mode. */
  projectionFailed(projection: string, event: ArrivedEvent['event'], error: unknown): void {
    this.#log('projectionFailed', {
      EventType: 'ProjectionError',
      EventName: event.type,
      EventId: event.id,
      AggregateId: event.stream,
      Position: event.position,
      // Of an event that cannot be read nobody knows it.
      CorrelationId: event.metadata.correlationId || undefined,
      ...traceOf(event.metadata.traceparent),
      Projection: projection,
      ...errorValues(errorForLog(error)),
    });
  }
}

function recorded(event: RecordedEvent, correlationId: string) {
  const trace = /"traceparent":"([0-9a-f-]{55})"/.exec(event.metadata)?.[1];
  return {
    EventType: event.type,
    EventId: event.id,
    AggregateId: event.stream,
    Position: event.position,
    CorrelationId: correlationId,
    ...traceOf(trace),
  };
}
