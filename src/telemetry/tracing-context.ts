import {
  createTraceState,
  isSpanContextValid,
  ROOT_CONTEXT,
  trace,
  TraceFlags,
  type Context,
  type SpanContext,
} from '@opentelemetry/api';
import type { TraceContext } from '../tracing.ts';

const pattern = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;
/** How `JSON.stringify` writes the first half of a context into metadata. */
const inMetadata = '"traceparent":"';
const length = 55;

/** True for a W3C context whose trace is recorded. The last digit holds the flag. */
export function isSampled(traceparent: string | undefined): traceparent is string {
  return traceparent?.length === length && (traceparent.charCodeAt(length - 1) & TraceFlags.SAMPLED) === 1;
}

/** The context of a span as headers carry it. */
export function written({ traceId, spanId, traceFlags, traceState }: SpanContext): TraceContext {
  const traceparent = `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
  const tracestate = traceState?.serialize() ?? '';
  return tracestate === '' ? { traceparent } : { traceparent, tracestate };
}

/** The span that a context names; undefined when it is none, or its trace is not recorded. */
export function recordedSpan(context: Partial<TraceContext> | undefined): SpanContext | undefined {
  return context !== undefined && isSampled(context.traceparent) ? spanOf(context) : undefined;
}

/** The span that a context names, recorded or not. */
export function spanOf({ traceparent = '', tracestate }: Partial<TraceContext>): SpanContext | undefined {
  const [, traceId = '', spanId = '', flags = ''] = pattern.exec(traceparent) ?? [];
  const span: SpanContext = { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
  if (!isSpanContextValid(span)) return undefined;
  return tracestate === undefined ? span : { ...span, traceState: createTraceState(tracestate) };
}

/**
 * The recorded span in metadata as they are stored. Most events have none, so the text is parsed only when it has
 * something that looks like one.
 */
export function recordedSpanIn(metadata: string): SpanContext | undefined {
  const at = metadata.indexOf(inMetadata);
  if (at < 0 || !isSampled(metadata.slice(at + inMetadata.length, at + inMetadata.length + length))) return undefined;
  const parsed: unknown = JSON.parse(metadata);
  return typeof parsed === 'object' && parsed !== null ? recordedSpan(contextIn(parsed)) : undefined;
}

function contextIn(metadata: object): Partial<TraceContext> {
  const traceparent = 'traceparent' in metadata ? metadata.traceparent : undefined;
  const tracestate = 'tracestate' in metadata ? metadata.tracestate : undefined;
  return {
    ...(typeof traceparent === 'string' ? { traceparent } : {}),
    ...(typeof tracestate === 'string' ? { tracestate } : {}),
  };
}

/** What a child of that span is started in. */
export function below(span: SpanContext | undefined): Context {
  return span === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, span);
}
