import { ROOT_CONTEXT, SpanKind, TraceFlags, type SpanContext } from '@opentelemetry/api';
import { RandomIdGenerator, SamplingDecision, type IdGenerator, type Sampler } from '@opentelemetry/sdk-trace';

/**
 * Draws trace ids, and says of the next one whether its trace will be recorded: by the sampler, before any span is made.
 * Where one trace of a hundred is recorded, the spans of the others would be most of what tracing costs.
 */
export class TraceRoots implements IdGenerator {
  readonly #sampler: Sampler;
  readonly #random = new RandomIdGenerator();
  #next: string | undefined;

  constructor(sampler: Sampler) {
    this.#sampler = sampler;
  }

  /** Draws the id that the next trace gets. When it will not be recorded, its context; otherwise undefined. */
  unrecorded(): SpanContext | undefined {
    const traceId = this.#random.generateTraceId();
    const { decision } = this.#sampler.shouldSample(ROOT_CONTEXT, traceId, '', SpanKind.INTERNAL, {}, []);
    if (decision === SamplingDecision.NOT_RECORD) {
      return { traceId, spanId: this.generateSpanId(), traceFlags: TraceFlags.NONE };
    }
    this.#next = traceId;
    return undefined;
  }

  generateTraceId(): string {
    const traceId = this.#next ?? this.#random.generateTraceId();
    this.#next = undefined;
    return traceId;
  }

  generateSpanId(): string {
    return this.#random.generateSpanId();
  }
}
