import { createNoopMeter, type Counter, type Meter, type MeterProvider } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { detectResources, resourceAttributesEnvDetector, resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { newEventId } from '../events/event-id.ts';
import type { RunningTracing, SpanCounts } from '../tracing.ts';
import type { TracingOptions } from './start-tracing.ts';
import { TraceRoots } from './trace-roots.ts';
import { samplerFor } from './tracing-sampler.ts';
import { SpanTracing } from './tracing.ts';

/** Spans in one request to the receiver. */
const mostAtOnce = 512;
/** The receiver has so long to answer, in milliseconds. */
const patience = 5_000;
const stopWithin = 2_000;
/** A batch has links to all requests in it; the usual limit of 128 would cut them off. */
const mostLinks = 1_024;

/** See `startTracing`. */
export function exportingTracing(options: TracingOptions): RunningTracing {
  const { endpoint, service, version, sampler, ratio, mostWaiting = 2_048, delay = 1_000 } = options;
  const counts = new CountingMeters();
  const exporter = new OTLPTraceExporter({
    url: `${endpoint.replace(/\/+$/, '')}/v1/traces`,
    timeoutMillis: patience,
    concurrencyLimit: 2,
  });
  const processor = new BatchSpanProcessor({
    exporter,
    maxQueueSize: mostWaiting,
    maxExportBatchSize: Math.min(mostAtOnce, mostWaiting),
    scheduledDelayMillis: delay,
    exportTimeoutMillis: patience + 1_000,
    selfObsMeterProvider: counts,
  });
  const own = samplerFor(sampler, ratio);
  const roots = new TraceRoots(own);
  const provider = new TracerProvider({
    sampler: own,
    idGenerator: roots,
    resource: resourceFromAttributes({
      'service.instance.id': newEventId(),
      ...(version === undefined ? {} : { 'service.version': version }),
    })
      .merge(detectResources({ detectors: [resourceAttributesEnvDetector] }))
      .merge(resourceFromAttributes({ 'service.name': service })),
    spanProcessors: [processor],
    spanLimits: { linkCountLimit: mostLinks },
  });
  return new ExportedTracing(provider, roots, counts, version);
}

class ExportedTracing extends SpanTracing implements RunningTracing {
  readonly #provider: TracerProvider;

  constructor(provider: TracerProvider, roots: TraceRoots, counts: SpanCounts, version: string | undefined) {
    super(provider.getTracer('millrace', version), roots, counts);
    this.#provider = provider;
  }

  async stop(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const enough = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, stopWithin);
    });
    // What could not be sent is counted; nobody can do more about it now.
    await Promise.race([this.#provider.shutdown().catch(() => undefined), enough]);
    clearTimeout(timer);
  }
}

/** Counts what the processor reports about itself, by its one counter: with an error, spans were lost. */
class CountingMeters implements MeterProvider, SpanCounts {
  exported = 0;
  dropped = 0;

  getMeter(): Meter {
    const none = createNoopMeter();
    return {
      createCounter: (name) =>
        name === 'otel.sdk.processor.span.processed' ? this.#counter : none.createCounter(name),
      createGauge: (name) => none.createGauge(name),
      createHistogram: (name) => none.createHistogram(name),
      createUpDownCounter: (name) => none.createUpDownCounter(name),
      createObservableGauge: (name) => none.createObservableGauge(name),
      createObservableCounter: (name) => none.createObservableCounter(name),
      createObservableUpDownCounter: (name) => none.createObservableUpDownCounter(name),
      addBatchObservableCallback: () => undefined,
      removeBatchObservableCallback: () => undefined,
    };
  }

  readonly #counter: Counter = {
    add: (count, attributes) => {
      if (attributes?.['error.type'] === undefined) this.exported += count;
      else this.dropped += count;
    },
  };
}
