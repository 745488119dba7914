import { SpanStatusCode } from '@opentelemetry/api';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { afterEach, expect, it } from 'vitest';
import { MessagesRefused } from '../brokers/broker.ts';
import { samplers } from '../config/parsers.ts';
import { DomainError, MillraceError } from '../errors.ts';
import type { RecordedEvent } from '../events/envelope.ts';
import { TraceRoots } from './trace-roots.ts';
import { samplerFor } from './tracing-sampler.ts';
import { SpanTracing } from './tracing.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const contextOf = (span: number, flags = '01') => `00-${traceId}-${String(span).padStart(16, '0')}-${flags}`;

const exporter = new InMemorySpanExporter();
const recording = (sampler = samplerFor('always_on', 1)) => {
  const roots = new TraceRoots(sampler);
  const spanProcessors = [new SimpleSpanProcessor({ exporter })];
  const provider = new TracerProvider({ sampler, idGenerator: roots, spanProcessors });
  return new SpanTracing(provider.getTracer('tests'), roots, { exported: 0, dropped: 0 });
};
const tracing = recording();
afterEach(() => exporter.reset());

/** What was recorded: names, and what went wrong. */
const told = () =>
  exporter
    .getFinishedSpans()
    .map(
      ({ name, status, attributes }) =>
        `${name}${status.code === SpanStatusCode.ERROR ? ` failed: ${String(attributes['error.type'])}` : ''}`,
    );

const eventAt = (position: number, traceparent?: string): RecordedEvent => ({
  id: `id-${position}`,
  position,
  stream: 'cart-1',
  version: position,
  type: 'Happened',
  schemaVersion: 1,
  tags: [],
  payload: '{}',
  metadata: JSON.stringify({ correlationId: 'c', actor: 'a', ...(traceparent === undefined ? {} : { traceparent }) }),
  occurredAt: 0,
});

it.each(samplers)('%s decides as OpenTelemetry says, for requests and for batches about them', (name) => {
  const roots = { always_on: true, always_off: false };
  const sampled = (caller?: string) =>
    recording(samplerFor(name, 0)).request('GET', '/', caller === undefined ? {} : { traceparent: caller }, 'c').end !==
    undefined;
  const root = Object.entries(roots).find(([own]) => name.endsWith(own))?.[1] ?? false;
  const isParentBased = name.startsWith('parentbased');
  expect(sampled()).toBe(root);
  expect(sampled(contextOf(7, '01'))).toBe(isParentBased || root);
  expect(sampled(contextOf(7, '00'))).toBe(!isParentBased && root);
  const batch = recording(samplerFor(name, 0)).publish('embedded', [eventAt(1, contextOf(7))], 0);
  expect(batch !== undefined).toBe(isParentBased || root);
});

it('a share of the traces is recorded, and what follows goes by the first decision', () => {
  const some = recording(samplerFor('parentbased_traceidratio', 0.25));
  const traces = Array.from({ length: 2_000 }, () => some.request('GET', '/', {}, 'c'));
  const recorded = traces.filter(({ end }) => end !== undefined);
  expect(recorded.length).toBeGreaterThan(400);
  expect(recorded.length).toBeLessThan(600);
  for (const { context, end } of traces) {
    const { metadata } = some.command('cart', context);
    expect(metadata.traceparent?.slice(0, 35)).toBe(end === undefined ? undefined : context.traceparent.slice(0, 35));
  }
});

it('a trace that will be recorded has one id, also where another one was drawn before', () => {
  const half = recording(samplerFor('parentbased_traceidratio', 0.5));
  const contexts = Array.from({ length: 200 }, () => half.request('GET', '/', {}, 'c')).map((trace) => {
    trace.end?.(200);
    return trace.context.traceparent;
  });
  const recorded = contexts.filter((context) => context.endsWith('-01')).map((context) => context.slice(3, 35));
  expect(exporter.getFinishedSpans().map((span) => span.spanContext().traceId)).toEqual(recorded);
  expect(new Set(contexts.map((context) => context.slice(3, 35))).size).toBe(200);
});

it.each(['nonsense', '', `01${contextOf(7).slice(2)}`, `00-${'0'.repeat(32)}-0000000000000007-01`, contextOf(0)])(
  'what is no context (%j) begins a trace of its own',
  (traceparent) => {
    const { metadata } = tracing.command('cart', { traceparent });
    expect(metadata.traceparent === undefined || !metadata.traceparent.includes(traceId)).toBe(true);
  },
);

it('a command that is refused has not failed, and one that failed says of what kind and no more', () => {
  tracing.command('cart', {}).end(new DomainError('CART_FULL', 'Ann Example has too much'));
  tracing.command('cart', {}).end(new MillraceError('STORE_UNAVAILABLE', 'Ann Example'));
  tracing.command('cart', {}).end(new TypeError('Ann Example'));
  expect(told()).toEqual(['command cart', 'command cart failed: STORE_UNAVAILABLE', 'command cart failed: TypeError']);
  const spans = exporter.getFinishedSpans().map(({ attributes, status, events }) => ({ attributes, status, events }));
  expect(spans[0]?.attributes).toMatchObject({ 'millrace.outcome': 'refused', 'error.type': 'CART_FULL' });
  expect(JSON.stringify(spans)).not.toContain('Ann Example');
});

it('the events of one command are one append, and a commit without a recorded command is nothing', () => {
  expect(
    tracing.commit([{ request: { events: [eventAt(1), eventAt(2, contextOf(7, '00'))] }, since: 0 }]),
  ).toBeUndefined();
  const events = [eventAt(1, contextOf(7)), eventAt(2, contextOf(7)), eventAt(3), eventAt(4, contextOf(8))];
  tracing.commit([{ request: { events }, since: performance.now() }])?.end();
  const spans = exporter.getFinishedSpans();
  expect(spans.map(({ name, attributes }) => [name, attributes['millrace.events']])).toEqual([
    ['append', 2],
    ['append', 1],
    ['commit', 4],
  ]);
  expect(spans[2]?.links.map(({ context }) => context.spanId)).toEqual(['0000000000000007', '0000000000000008']);
});

it('of a batch with a message that the broker refuses, that one has failed alone; in an outage all have', () => {
  const events = [1, 2, 3].map((position) => eventAt(position, contextOf(position)));
  tracing.publish('rabbitmq', events, 0)?.end(new MessagesRefused([2], 'no'));
  expect(told()).toEqual([
    'relay failed: MessagesRefused',
    'publish Happened',
    'publish Happened failed: MessagesRefused',
    'publish Happened',
  ]);
  exporter.reset();
  tracing.publish('rabbitmq', events, 0)?.end(new MillraceError('BROKER_UNAVAILABLE', 'away'));
  expect(told()).toEqual(
    ['relay', 'publish Happened', 'publish Happened', 'publish Happened'].map(
      (name) => `${name} failed: BROKER_UNAVAILABLE`,
    ),
  );
});

it('a batch that could not be applied shows as failed, and its events as applied when it is done again', () => {
  const { metadata, ...record } = eventAt(1);
  const event = {
    ...record,
    log: 'carts',
    data: {},
    metadata: { correlationId: 'c', actor: 'a', traceparent: contextOf(7) },
  };
  expect(metadata).toBeDefined();
  const arrivals = [{ event, handedAt: 1, receivedAt: 2 }];
  tracing.apply('carts', arrivals)?.end(new MillraceError('STORE_UNAVAILABLE', 'away'));
  tracing.apply('carts', arrivals)?.end();
  expect(told()).toEqual(['batch carts failed: STORE_UNAVAILABLE', 'batch carts', 'deliver Happened', 'apply carts']);
});

it('what has ended does not end again', () => {
  const commit = tracing.commit([{ request: { events: [eventAt(1, contextOf(7))] }, since: performance.now() }]);
  commit?.end(new MillraceError('STORE_UNAVAILABLE', 'away'));
  commit?.end();
  expect(told()).toEqual(['append failed: STORE_UNAVAILABLE', 'commit failed: STORE_UNAVAILABLE']);
});
