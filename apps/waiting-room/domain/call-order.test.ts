import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { agingMsARank, callOrderOf, compareCallOrder } from './call-order.ts';
import { now } from './john-doe.ts';
import { priorities, type Priority } from './priority.ts';

const arrival = fc.integer({ min: now - 24 * 3_600_000, max: now });
const patient = fc.record({ visitId: fc.uuid(), priority: fc.constantFrom(...priorities), placeAt: arrival });
const waiting = (priority: Priority, minutesAgo: number) => callOrderOf(priority, now - minutesAgo * 60_000);

describe('the order of calling', () => {
  test('is priority, then arrival, for patients who came at about the same time', () => {
    const orders = priorities.flatMap((priority) => [waiting(priority, 2), waiting(priority, 1)]);
    expect(orders.toSorted((a, b) => a - b)).toEqual(orders);
  });

  test('lets Low go before High after an hour and a half, and before Medium after three quarters', () => {
    expect(waiting('Low', 89)).toBeGreaterThan(waiting('High', 0));
    expect(waiting('Low', 91)).toBeLessThan(waiting('High', 0));
    expect(waiting('Low', 46)).toBeLessThan(waiting('Medium', 0));
  });

  test('puts Urgent first, however long the others have waited', () => {
    fc.assert(
      fc.property(arrival, arrival, fc.constantFrom('High', 'Medium', 'Low'), (urgent, other, priority) => {
        expect(callOrderOf('Urgent', urgent)).toBeLessThan(callOrderOf(priority, other));
      }),
    );
  });

  test('starves nobody but for the urgent: whoever comes two hours and a quarter later comes behind', () => {
    fc.assert(
      fc.property(patient, patient, (first, late) => {
        fc.pre(late.priority !== 'Urgent' && late.placeAt > first.placeAt + 3 * agingMsARank);
        expect(callOrderOf(first.priority, first.placeAt)).toBeLessThan(callOrderOf(late.priority, late.placeAt));
      }),
    );
  });

  test('is the same for everybody: of two different patients one goes first', () => {
    fc.assert(
      fc.property(patient, patient, (a, b) => {
        fc.pre(a.visitId !== b.visitId);
        const of = ({ visitId, priority, placeAt }: typeof a) => ({
          visitId,
          callOrder: callOrderOf(priority, placeAt),
        });
        expect(Math.sign(compareCallOrder(of(a), of(b)))).toBe(-Math.sign(compareCallOrder(of(b), of(a))));
        expect(compareCallOrder(of(a), of(b))).not.toBe(0);
      }),
    );
  });
});
