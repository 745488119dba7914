import type { RecordedEvent } from '#millrace';
import { describe, expect, test } from 'vitest';
import { timelineOf, timeIn } from './timeline.ts';

const minute = 60_000;
const began = Date.parse('2026-02-19T08:00:00Z');

/** A log with an event a minute, each of a request of its own, and what was read of it. */
function logOf(events: number, correlationIdOf: (position: number) => string) {
  const read: number[] = [];
  const at = (position: number): RecordedEvent => ({
    id: `event-${position}`,
    position,
    stream: 'visit',
    version: position,
    type: 'PatientCheckedIn',
    schemaVersion: 1,
    tags: [],
    payload: '{}',
    metadata: JSON.stringify({ correlationId: correlationIdOf(position), actor: 'anonymous' }),
    occurredAt: began + position * minute,
  });
  return {
    read: ({ after = 0, upTo = events, limit = 1_000 } = {}) => {
      const count = Math.max(0, Math.min(limit, upTo - after, events - after));
      read.push(count);
      return Promise.resolve(Array.from({ length: count }, (_, n) => at(after + 1 + n)));
    },
    head: () => Promise.resolve({ position: events, eventId: 'last', incarnation: 'one' }),
    looked: () => read.reduce((sum, count) => sum + count, 0),
  };
}

/** As the server makes them: the time in front. */
function madeAt(moment: number): string {
  const digits = moment.toString(16).padStart(12, '0');
  return `${digits.slice(0, 8)}-${digits.slice(8)}-7000-8000-000000000000`;
}

describe('what one request caused', () => {
  test('is found by the time in its id, however old it is, without reading the log up to there', async () => {
    const id = madeAt(began + 70_000 * minute);
    const log = logOf(100_000, (position) => (position === 70_001 ? id : `other-${position}`));
    const { events, after } = await timelineOf(log, id, undefined);
    expect(events.map(({ position }) => position)).toEqual([70_001]);
    expect(after).toBeGreaterThan(69_990);
    expect(log.looked()).toBeLessThan(20_100);
  });

  test('is looked for among the newest when the id says nothing', async () => {
    const log = logOf(30_000, (position) => (position === 5_000 || position === 29_000 ? 'ours' : 'other'));
    const { events, after, upTo } = await timelineOf(log, 'ours', undefined);
    expect(events.map(({ position }) => position)).toEqual([29_000]);
    expect([after, upTo]).toEqual([10_000, 30_000]);
  });

  test('is looked for where the caller says', async () => {
    const log = logOf(30_000, (position) => (position === 5_000 ? 'ours' : 'other'));
    const { events, upTo, head } = await timelineOf(log, 'ours', 0);
    expect(events.map(({ position }) => position)).toEqual([5_000]);
    expect([upTo, head]).toEqual([20_000, 30_000]);
  });

  test('is not what merely mentions the id', async () => {
    const log = logOf(3, (position) => (position === 2 ? 'ours' : 'ours-too'));
    const { events } = await timelineOf(log, 'ours', undefined);
    expect(events.map(({ position }) => position)).toEqual([2]);
  });
});

test('only a UUIDv7 carries a time', () => {
  expect(timeIn(madeAt(began))).toBe(began);
  expect(timeIn('order-1')).toBeUndefined();
  expect(timeIn('01a21748-fad3-4000-b128-cce607a2bcde')).toBeUndefined();
});
