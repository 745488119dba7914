import { expect, it } from 'vitest';
import { MessagesRefused } from '../brokers/broker.ts';
import type { RecordedEvent } from '../events/envelope.ts';
import { Pipeline } from './pipeline.ts';

const event = (position: number): RecordedEvent => ({
  id: `id-${position}`,
  position,
  stream: 'cart-1',
  version: position,
  type: 'Happened',
  schemaVersion: 1,
  tags: [],
  payload: '{}',
  metadata: '{}',
  occurredAt: 0,
});

/** A pipeline whose publications a test confirms or fails by the position of their first event. */
function rig() {
  const underWay = new Map<number, PromiseWithResolvers<void>>();
  const confirmed: string[] = [];
  let failures = 0;
  const pipeline = new Pipeline({
    publish: ([first]) => {
      const publication = Promise.withResolvers<void>();
      underWay.set(first?.position ?? 0, publication);
      return publication.promise;
    },
    free: (events) => events.filter(({ position }) => position !== 99),
    onConfirmed: (events, _handedAt, refusal) =>
      confirmed.push(`${events.map(({ position }) => position).join(' ')}${refusal === undefined ? '' : ' refused'}`),
    onFailed: () => failures++,
  });
  return {
    pipeline,
    confirmed,
    hand: (...positions: readonly number[]) => pipeline.hand(positions.map(event)),
    confirm: (position: number) => underWay.get(position)?.resolve(),
    fail: (position: number, error: unknown) => underWay.get(position)?.reject(error),
    get published() {
      return [...underWay.keys()];
    },
    get failures() {
      return failures;
    },
  };
}

it('hands the next batch over before the one ahead is confirmed, and counts them in order', async () => {
  const made = rig();
  made.hand(1, 2);
  made.hand(3);
  expect(made.published).toEqual([1, 3]);
  made.confirm(3);
  await Promise.resolve();
  expect(made.confirmed).toEqual([]);
  made.confirm(1);
  await made.pipeline.settled();
  expect(made.confirmed).toEqual(['1 2', '3']);
  expect(made.pipeline.idle).toBe(true);
});

it('counts nothing behind a batch that failed, whatever became of it', async () => {
  const made = rig();
  for (const position of [1, 2, 3]) made.hand(position);
  made.confirm(1);
  made.confirm(3);
  made.fail(2, new Error('away'));
  await expect(made.pipeline.settled()).rejects.toThrow('away');
  expect(made.confirmed).toEqual(['1']);
  expect(made.failures).toBe(1);
  expect(made.pipeline.failed).toBe(true);
});

it('has room again when the oldest is confirmed, and at once when one has failed', async () => {
  const made = rig();
  made.hand(1);
  made.hand(2);
  let room = false;
  const waiting = made.pipeline.room(2).then(() => (room = true));
  await Promise.resolve();
  expect(room).toBe(false);
  made.confirm(1);
  await waiting;
  made.hand(3);
  const failing = made.pipeline.room(1);
  made.fail(2, new Error('away'));
  await failing;
  expect(made.pipeline.failed).toBe(true);
});

it('tells a refusal with its batch, and publishes nothing of a batch that is parked', async () => {
  const made = rig();
  made.hand(1);
  made.hand(99);
  made.fail(1, new MessagesRefused([1], 'too large'));
  await made.pipeline.settled();
  expect(made.confirmed).toEqual(['1 refused', '99']);
  expect(made.published).toEqual([1]);
});

it('knows which keys are under way, until they are counted', async () => {
  const made = rig();
  expect(made.pipeline.holdsKeyOf([event(2)])).toBe(false);
  made.hand(1);
  expect(made.pipeline.holdsKeyOf([event(2)])).toBe(true);
  expect(made.pipeline.holdsKeyOf([{ ...event(2), stream: 'cart-2' }])).toBe(false);
  made.confirm(1);
  await made.pipeline.settled();
  expect(made.pipeline.holdsKeyOf([event(2)])).toBe(false);
});
