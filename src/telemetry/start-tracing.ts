import type { SamplerName } from '../config.ts';
import type { RunningTracing } from '../tracing.ts';

export interface TracingOptions {
  /** Where an OTLP receiver listens, without `/v1/traces`: `http://127.0.0.1:4318`. */
  readonly endpoint: string;
  /** What the process is called among others: `shop-api`. */
  readonly service: string;
  readonly version?: string;
  readonly sampler: SamplerName;
  /** The share of traces that are recorded, from 0 to 1, for the samplers that go by it. */
  readonly ratio: number;
  /** Spans that wait at most; more are dropped. Default 2,048. */
  readonly mostWaiting?: number;
  /** How long spans wait to be sent together, in milliseconds. Default 1,000. */
  readonly delay?: number;
}

/**
 * Begins to record traces and to send them by OTLP over HTTP. A receiver that is away or slow costs nothing but spans:
 * they wait in a bounded queue, and what does not fit is counted and dropped. Headers, compression and certificates are
 * taken from the usual `OTEL_EXPORTER_OTLP_…` variables.
 * @example
 * const tracing = await startTracing({ endpoint, service: 'shop-api', sampler: 'always_on', ratio: 1 });
 * const system = await startSystem(shop, { eventStoreUrl, readModelsUrl, tracing });
 */
export async function startTracing(options: TracingOptions): Promise<RunningTracing> {
  // Who does not trace does not load what it takes.
  const { exportingTracing } = await import('./tracing-export.ts');
  return exportingTracing(options);
}
