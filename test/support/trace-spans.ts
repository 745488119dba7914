import type { ReceivedSpan } from './otlp-receiver.ts';

/** The names from a span up to the first one of its trace that was received. */
export function wayTo(spans: readonly ReceivedSpan[], leaf: ReceivedSpan): string[] {
  const above = spans.find(({ traceId, spanId }) => traceId === leaf.traceId && spanId === leaf.parent);
  return above === undefined ? [leaf.name] : [...wayTo(spans, above), leaf.name];
}

/** The one span of such a name. */
export function spanIn(spans: readonly ReceivedSpan[], name: string): ReceivedSpan {
  const [only, ...more] = spans.filter((span) => span.name === name);
  if (only === undefined || more.length > 0) {
    throw new Error(`not one span ${name} among ${spans.map((span) => span.name).join(', ')}`);
  }
  return only;
}

/** The spans that have a link to one. */
export function linkingTo(spans: readonly ReceivedSpan[], { traceId, spanId }: ReceivedSpan): ReceivedSpan[] {
  return spans.filter(({ links }) => links.some((link) => link.traceId === traceId && link.spanId === spanId));
}

/** The span at the other end of a span's one link. */
export function linkOf(spans: readonly ReceivedSpan[], { name, links }: ReceivedSpan): ReceivedSpan | undefined {
  const [link, ...more] = links;
  if (more.length > 0) throw new Error(`${name} has ${links.length} links`);
  return spans.find(({ traceId, spanId }) => traceId === link?.traceId && spanId === link.spanId);
}
