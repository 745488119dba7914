import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { estimateOf } from './estimate.ts';

const minute = 60_000;

describe('an estimate', () => {
  test.each([
    [
      { before: 3, medianServiceMs: 10 * minute, openRooms: 2 },
      { fromMinutes: 15, toMinutes: 20 },
    ],
    [
      { before: 0, medianServiceMs: 10 * minute, openRooms: 1 },
      { fromMinutes: 1, toMinutes: 10 },
    ],
    [
      { before: 0, medianServiceMs: 1000, openRooms: 4 },
      { fromMinutes: 1, toMinutes: 2 },
    ],
  ])('for %o is %o', (line, estimate) => {
    expect(estimateOf(line)).toEqual({ estimate, estimateUnknownBecause: null });
  });

  test('is none when no room is open, or nothing is known of how long it takes', () => {
    const line = { before: 1, medianServiceMs: 10 * minute, openRooms: 1 };
    expect(estimateOf({ ...line, openRooms: 0 })).toEqual({ estimate: null, estimateUnknownBecause: 'NO_ROOM_OPEN' });
    expect(estimateOf({ ...line, medianServiceMs: null })).toEqual({
      ...{ estimate: null, estimateUnknownBecause: 'NO_HISTORY' },
    });
  });

  test('is never 0, always a range, and grows with who is before', () => {
    const lines = fc.record({
      before: fc.integer({ min: 0, max: 500 }),
      medianServiceMs: fc.double({ min: 0, max: 120 * minute, noNaN: true }),
      openRooms: fc.integer({ min: 1, max: 40 }),
    });
    fc.assert(
      fc.property(lines, (line) => {
        const { estimate } = estimateOf(line);
        const next = estimateOf({ ...line, before: line.before + 1 }).estimate;
        expect(estimate?.fromMinutes).toBeGreaterThanOrEqual(1);
        expect(estimate?.toMinutes).toBeGreaterThan(estimate?.fromMinutes ?? 0);
        expect(next?.fromMinutes).toBeGreaterThanOrEqual(estimate?.fromMinutes ?? 0);
        expect(next?.toMinutes).toBeGreaterThanOrEqual(estimate?.toMinutes ?? 0);
      }),
    );
  });
});
