import { ROOT_CONTEXT, trace, type Attributes, type Context, type Link, type SpanKind } from '@opentelemetry/api';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  type Sampler,
  type SamplingResult,
} from '@opentelemetry/sdk-trace';
import type { SamplerName } from '../config.ts';

/** The sampler of a name that OpenTelemetry gives it. `ratio` is the share of traces, from 0 to 1. */
export function samplerFor(name: SamplerName, ratio: number): Sampler {
  const [, isParentBased, root = name] = /^(parentbased_)?(.+)$/.exec(name) ?? [];
  const sampler =
    root === 'always_on'
      ? new AlwaysOnSampler()
      : root === 'always_off'
        ? new AlwaysOffSampler()
        : new TraceIdRatioBasedSampler(ratio);
  return new LinkedSampler(isParentBased === undefined ? sampler : new ParentBasedSampler({ root: sampler }));
}

/**
 * A span of a batch has no parent and links to the requests that it is about. It is recorded as a child of the first of
 * them would be: rolling dice again would leave most batches out.
 */
class LinkedSampler implements Sampler {
  readonly #own: Sampler;

  constructor(own: Sampler) {
    this.#own = own;
  }

  shouldSample(
    context: Context,
    traceId: string,
    name: string,
    kind: SpanKind,
    attributes: Attributes,
    links: Link[],
  ): SamplingResult {
    const [first] = links;
    if (first === undefined || trace.getSpanContext(context) !== undefined) {
      return this.#own.shouldSample(context, traceId, name, kind, attributes, links);
    }
    const below = trace.setSpanContext(ROOT_CONTEXT, { ...first.context, isRemote: true });
    const { decision } = this.#own.shouldSample(below, first.context.traceId, name, kind, attributes, links);
    return { decision };
  }

  toString(): string {
    return `Linked{${this.#own.toString()}}`;
  }
}
