import { describe, expect, it } from 'vitest';
import type { Broker, BrokerMessage, Delivery, Subscription } from '../../src/brokers/broker.ts';
import { eventually } from '../support/example-databases.ts';
import { uuidOf } from '../support/numbers.ts';

/** A broker under test, empty, with what the suite has to know of it. */
export interface BrokerUnderTest {
  readonly broker: Broker;
  /** Deliveries that a queue holds at most before it drops; undefined when it never drops. */
  readonly capacity?: number;
  close(): Promise<void>;
}

function message(position: number, stream = 'stream-1'): BrokerMessage {
  return {
    event: {
      id: uuidOf(position),
      position,
      stream,
      version: position,
      type: 'SomethingHappened',
      schemaVersion: 1,
      tags: ['about:one'],
      payload: JSON.stringify({ number: position, text: 'ünïcödé ✓', nested: { list: [1, null, true] } }),
      metadata: JSON.stringify({ correlationId: `c-${position}`, actor: 'test' }),
      occurredAt: 1_700_000_000_000.125 + position,
    },
    log: 'conformance',
    incarnation: uuidOf(1),
    previous: position - 1,
    handedAt: 1_700_000_000_001.5,
  };
}

function messages(from: number, to: number): BrokerMessage[] {
  return Array.from({ length: to - from + 1 }, (_, index) => message(from + index));
}

/** Takes until so many have come, or the broker has delivered the last position. */
async function takeAll(subscription: Subscription, last: number, maximum = 100): Promise<Delivery[]> {
  const taken: Delivery[] = [];
  await eventually(`delivery of ${last}`, () => {
    const some = subscription.take(maximum);
    taken.push(...some);
    subscription.acknowledge(some);
    return taken.some((delivery) => delivery.message.event.position >= last);
  });
  return taken;
}

const positions = (deliveries: readonly Delivery[]): number[] => deliveries.map((one) => one.message.event.position);

async function withOne(
  make: () => Promise<BrokerUnderTest>,
  test: (under: BrokerUnderTest) => Promise<void>,
): Promise<void> {
  const under = await make();
  try {
    await test(under);
  } finally {
    await under.close();
  }
}

/** What every broker has to keep, whatever stands behind it. */
export function brokerConformance(name: string, make: () => Promise<BrokerUnderTest>): void {
  describe(`broker conformance: ${name}`, () => {
    it('delivers everything to every queue, in the order of publication', () =>
      withOne(make, async ({ broker }) => {
        const [one, two] = await Promise.all([
          broker.subscribe('one', () => undefined),
          broker.subscribe('two', () => undefined),
        ]);
        await broker.publish(messages(1, 40));
        await broker.publish(messages(41, 41));
        await broker.publish(messages(42, 60));
        const [first, second] = await Promise.all([takeAll(one, 60, 7), takeAll(two, 60)]);
        const expected = Array.from({ length: 60 }, (_, index) => index + 1);
        expect([...new Set(positions(first))]).toEqual(expected);
        expect([...new Set(positions(second))]).toEqual(expected);
      }));

    it('carries the whole message unchanged, and stamps when it came', () =>
      withOne(make, async ({ broker }) => {
        const subscription = await broker.subscribe('one', () => undefined);
        const before = Date.now() - 3;
        await broker.publish(messages(1, 1));
        const [delivery] = await takeAll(subscription, 1);
        expect(delivery?.message).toEqual(message(1));
        expect(delivery?.receivedAt).toBeGreaterThan(before);
        expect(delivery?.receivedAt).toBeLessThan(Date.now() + 3);
      }));

    it('keeps queues apart: taking from one takes nothing from another', () =>
      withOne(make, async ({ broker }) => {
        const slow = await broker.subscribe('slow', () => undefined);
        const quick = await broker.subscribe('quick', () => undefined);
        await broker.publish(messages(1, 10));
        await takeAll(quick, 10);
        await quick.close();
        expect(new Set(positions(await takeAll(slow, 10))).size).toBe(10);
      }));

    it('hands out no more than was asked for, oldest first, and says how many wait', () =>
      withOne(make, async ({ broker }) => {
        const subscription = await broker.subscribe('one', () => undefined);
        await broker.publish(messages(1, 10));
        await eventually('ten waiting', () => subscription.waiting >= 10);
        expect(positions(subscription.take(3))).toEqual([1, 2, 3]);
        expect(subscription.waiting).toBe(7);
        expect(positions(subscription.take(100))).toEqual([4, 5, 6, 7, 8, 9, 10]);
        expect(subscription.take(100)).toEqual([]);
      }));

    it('calls when something comes to an empty queue', () =>
      withOne(make, async ({ broker }) => {
        let calls = 0;
        const subscription = await broker.subscribe('one', () => void calls++);
        await broker.publish(messages(1, 2));
        await eventually('the first call', () => calls > 0);
        await takeAll(subscription, 2);
        const before = calls;
        await broker.publish(messages(3, 3));
        await eventually('another call', () => calls > before && subscription.waiting === 1);
      }));

    it('has taken what it confirmed: a publication that resolved is delivered', () =>
      withOne(make, async ({ broker }) => {
        const subscription = await broker.subscribe('one', () => undefined);
        for (let position = 1; position <= 30; position += 3) await broker.publish(messages(position, position + 2));
        expect(new Set(positions(await takeAll(subscription, 30))).size).toBe(30);
      }));

    it('a closed subscription gets nothing any more, and the others go on', () =>
      withOne(make, async ({ broker }) => {
        const closed = await broker.subscribe('one', () => undefined);
        const open = await broker.subscribe('two', () => undefined);
        await closed.close();
        await broker.publish(messages(1, 3));
        await takeAll(open, 3);
        expect(closed.waiting).toBe(0);
        expect(closed.take(10)).toEqual([]);
      }));

    it('takes an empty publication, and many at once', () =>
      withOne(make, async ({ broker }) => {
        const subscription = await broker.subscribe('one', () => undefined);
        await broker.publish([]);
        await Promise.all([broker.publish(messages(1, 5)), broker.publish(messages(6, 10))]);
        expect(new Set(positions(await takeAll(subscription, 10))).size).toBe(10);
      }));

    it('holds no more than its bound: what is too much is dropped from the end, and what fits stays in order', () =>
      withOne(make, async ({ broker, capacity }) => {
        if (capacity === undefined) return;
        const subscription = await broker.subscribe('one', () => undefined);
        await broker.publish(messages(1, capacity + 5));
        await broker.publish(messages(capacity + 6, capacity + 7));
        expect(subscription.waiting).toBe(capacity);
        expect(positions(subscription.take(capacity + 100))).toEqual(
          Array.from({ length: capacity }, (_, index) => index + 1),
        );
        await broker.publish(messages(capacity + 8, capacity + 8));
        expect(positions(subscription.take(10))).toEqual([capacity + 8]);
      }));
  });
}
