import { afterEach, beforeEach, expect, it } from 'vitest';
import { startTracing } from '../../src/telemetry/start-tracing.ts';
import { OtlpReceiver } from '../support/otlp-receiver.ts';

let receiver: OtlpReceiver;
beforeEach(async () => {
  receiver = await OtlpReceiver.start();
});
afterEach(async () => receiver[Symbol.asyncDispose]());

const options = { service: 'tests', sampler: 'always_on', ratio: 1 } as const;

it('what waits is sent when it is stopped, and counted', async () => {
  // With so long a delay nothing leaves by itself.
  const tracing = await startTracing({ ...options, endpoint: `${receiver.url}/`, delay: 3_600_000 });
  for (let n = 0; n < 700; n++) tracing.command('cart', {}).end();
  expect(receiver.spans).toEqual([]);
  await tracing.stop();
  expect(receiver.spans).toHaveLength(700);
  expect(receiver.spans[0]).toMatchObject({ service: 'tests', name: 'command cart' });
  expect(tracing.counts).toMatchObject({ exported: 700, dropped: 0 });
});

it('a receiver that takes and does not answer loses spans and nothing else: what does not fit is dropped and counted', async () => {
  receiver.silent = true;
  const tracing = await startTracing({ ...options, endpoint: receiver.url, delay: 3_600_000, mostWaiting: 10 });
  for (let n = 0; n < 1_000; n++) tracing.command('cart', {}).end();
  // One batch is under way, one waits.
  expect(tracing.counts.dropped).toBe(980);
  // Does not wait for the answer that never comes.
  await tracing.stop();
  expect(receiver.spans).toEqual([]);
});

it('what a receiver refuses is counted as dropped', async () => {
  const tracing = await startTracing({ ...options, endpoint: `${receiver.url}/elsewhere`, delay: 3_600_000 });
  for (let n = 0; n < 5; n++) tracing.command('cart', {}).end();
  await tracing.stop();
  expect(tracing.counts).toMatchObject({ exported: 0, dropped: 5 });
});
