import path from 'node:path';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { eventually } from '../support/example-databases.ts';
import { MillracePlace } from '../support/millrace-process.ts';
import { OtlpReceiver } from '../support/otlp-receiver.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { application } from '../support/things-application.ts';
import { linkOf, spanIn, wayTo } from '../support/trace-spans.ts';
import { removeTopology } from './own-topology.ts';

const rabbitmqUrl = inject('rabbitmqUrl');
const { transport, projections } = application.system;

const places: MillracePlace[] = [];
let databases: readonly TestDatabase[] = [];
let receiver: OtlpReceiver;

async function placeFor(): Promise<MillracePlace> {
  const place = await MillracePlace.make();
  places.push(place);
  const [events, models] = databases;
  Object.assign(place.env, {
    EVENT_STORE_URL: events?.url,
    READ_MODELS_URL: models?.url,
    RABBITMQ_URL: rabbitmqUrl,
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    // Recorded is what the caller records; of the others nothing.
    OTEL_TRACES_SAMPLER_ARG: '0',
    // One folder for all of them.
    LOG_LEVEL: 'info',
    LOG_FOLDER: path.join(places[0]?.folder ?? '', 'all-logs'),
  });
  return place;
}

beforeAll(async () => {
  receiver = await OtlpReceiver.start();
  databases = [await createTestDatabase(), await createTestDatabase()];
});
afterAll(async () => {
  for (const place of places) await place.remove();
  await Promise.all(databases.map((database) => database.drop()));
  await removeTopology(rabbitmqUrl, { ...transport, queues: projections.map(({ queue }) => queue) });
  await receiver[Symbol.asyncDispose]();
});

it('S009 S023 S253 S309 S378: a request through three processes and RabbitMQ is one whole trace, and one chain in the logs', async () => {
  const owner = await placeFor();
  expect(await owner.runWithApp('migrate')).toMatchObject({ code: 0 });
  const [api, relay, projector] = [await placeFor(), await placeFor(), await placeFor()];
  for (const place of [api, relay, projector]) Object.assign(place.env, { MILLRACE_MIGRATE: 'no' });
  const running = [
    api.start('--role', 'api'),
    relay.start('--role', 'relay'),
    projector.start('--role', 'projector'),
  ] as const;
  await api.ready(running[0]);
  const make = (id: string, headers: Record<string, string>) =>
    fetch(`${api.url}/api/things`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ id, name: 'a thing' }),
    });
  const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
  const caller = '00f067aa0ba902b7';
  await make('0', {});
  const made = await make('1', {
    traceparent: `00-${trace}-${caller}-01`,
    tracestate: 'shop=7',
    'x-correlation-id': 'order-7',
  });
  expect(made.status).toBe(201);
  await receiver.until('the whole trace', (all) => all.filter(({ traceId }) => traceId === trace).length >= 6);
  await receiver.until('the batches', (all) => all.some(({ name }) => name === 'batch things'));
  const { spans } = receiver;
  const own = spans.filter(({ traceId }) => traceId === trace);
  const find = (name: string) => spanIn(own, name);

  expect(own.map(({ service, name }) => `${service}: ${name}`).toSorted()).toEqual([
    'things-api: POST /api/things',
    'things-api: append',
    'things-api: command thing',
    'things-projector: apply things',
    'things-projector: deliver ThingMade',
    'things-relay: publish ThingMade',
  ]);
  expect(find('POST /api/things').parent).toBe(caller);
  expect(wayTo(spans, find('append'))).toEqual(['POST /api/things', 'command thing', 'append']);
  expect(wayTo(spans, find('apply things'))).toEqual([
    'POST /api/things',
    'command thing',
    'publish ThingMade',
    'deliver ThingMade',
    'apply things',
  ]);
  expect(own.map(({ tracestate }) => tracestate)).toEqual(Array(6).fill('shop=7'));
  expect(find('publish ThingMade').attributes['messaging.system']).toBe('rabbitmq');
  expect(find('apply things').attributes).toMatchObject({ 'millrace.source': 'broker', 'millrace.outcome': 'applied' });
  for (const [part, batch] of [
    ['append', 'commit'],
    ['publish ThingMade', 'relay'],
    ['apply things', 'batch things'],
  ] as const) {
    const other = linkOf(spans, find(part));
    expect(other).toMatchObject({ name: batch, parent: '', service: find(part).service });
    expect(other?.links.map(({ traceId }) => traceId)).toEqual([trace]);
  }
  // Nothing of the request that nobody recorded.
  expect(new Set(own.map(({ traceId }) => traceId)).size + 3).toBe(new Set(spans.map(({ traceId }) => traceId)).size);

  // Sorted: the answer and the publication are no order.
  expect((await chainOf('order-7')).toSorted()).toEqual([
    'Api: {RequestMethod} {RequestPath} answered with {StatusCode} in {ElapsedMs} ms',
    'Commands: Command {CommandName} came to {EventCount} events in {ElapsedMs} ms',
    'EventStore: Event {EventType} appended at {Position}',
    'OutboxWorker: Event {EventType} published. OutboxDuration: {OutboxDurationMs}ms',
    'ProjectionWorker: Event {EventType} processed. OutboxDuration: {OutboxDurationMs}ms, ProjectionDuration: {ProjectionDurationMs}ms',
  ]);
});

/** What the logs of all three processes say about a request, once the projector has told its part. */
async function chainOf(correlationId: string): Promise<readonly string[]> {
  let lines: readonly { readonly process: unknown; readonly said: string }[] = [];
  await eventually('the projector has told', async () => {
    const { out = '' } = (await places[0]?.run('logs', `CorrelationId = "${correlationId}"`, '--json')) ?? {};
    lines = out
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => {
        const {
          ProcessId: process,
          Component,
          '@mt': template,
        } = JSON.parse(line) as Readonly<Record<string, unknown>>;
        return { process, said: `${String(Component)}: ${String(template)}` };
      });
    return lines.some(({ said }) => said.startsWith('ProjectionWorker'));
  });
  expect(new Set(lines.map(({ process }) => process)).size).toBe(3);
  return lines.map(({ said }) => said);
}
