import { describe, expect, test } from 'vitest';
import { connectionState, retryDelayMs, staleAfterMs } from '../../model/connection.ts';
import { bandOf, chooseEvents, chooseForLine, scaleFor, soFarMs, type EventWay } from './way.ts';

test('below 100 ms is the target, up to a second a warning, above it critical', () => {
  expect([0, 99.9, 100, 1_000, 1_000.1].map(bandOf)).toEqual(['target', 'target', 'warning', 'warning', 'critical']);
});

test('the scale holds the longest event and is a round number', () => {
  expect(scaleFor([])).toBe(10);
  expect(scaleFor([3, 10])).toBe(10);
  expect(scaleFor([10.1])).toBe(20);
  expect(scaleFor([47, 2])).toBe(50);
  expect(scaleFor([51])).toBe(100);
  expect(scaleFor([1_001])).toBe(2_000);
});

test('an event under way is as old as the server says, and never younger than nothing', () => {
  const event: EventWay = {
    eventId: 'e',
    eventName: 'E',
    position: 1,
    status: 'CREATED',
    createdAt: 1_000,
    parts: [null, null, null, null],
    totalMs: null,
  };
  expect(soFarMs(event, 1_250)).toBe(250);
  expect(soFarMs(event, 900)).toBe(0);
  expect(soFarMs({ ...event, totalMs: 4 }, 9_000)).toBe(4);
});

test('silence makes the page stale, connected or not', () => {
  expect(connectionState({ open: false, heardAt: undefined }, 0)).toBe('connecting');
  expect(connectionState({ open: true, heardAt: 0 }, staleAfterMs - 1)).toBe('live');
  expect(connectionState({ open: false, heardAt: 0 }, staleAfterMs - 1)).toBe('reconnecting');
  expect(connectionState({ open: true, heardAt: 0 }, staleAfterMs)).toBe('stale');
});

test('tries to reconnect begin soon and stay within some seconds', () => {
  expect(retryDelayMs(0, 0.5)).toBe(500);
  expect(retryDelayMs(2, 0.5)).toBe(2_000);
  expect(retryDelayMs(50, 1)).toBe(6_250);
});

function newest(from: number, count: number, totalMs: number | null): EventWay[] {
  return Array.from({ length: count }, (_, index) => event(from - index, totalMs));
}

function positions(events: readonly EventWay[]): number[] {
  return events.map(({ position }) => position);
}

function event(position: number, totalMs: number | null): EventWay {
  const status = totalMs === null ? 'CREATED' : 'PROCESSED';
  return { eventId: `${position}`, eventName: 'E', position, status, createdAt: position, parts: [], totalMs };
}

describe('which events are shown', () => {
  test('under load the complete ones are not hidden by those under way', () => {
    const shown = chooseEvents([...newest(1_000, 200, null), ...newest(800, 50, 7)]);
    expect(positions(shown)).toEqual([1_000, 999, 800, 799, 798, 797, 796, 795]);
    expect(chooseForLine(shown, undefined)?.position).toBe(800);
  });

  test('when events are stuck, they are shown', () => {
    const shown = chooseEvents(newest(50, 30, null));
    expect(positions(shown)).toEqual([50, 49, 48, 47, 46, 45, 44, 43]);
    expect(chooseForLine(shown, undefined)?.position).toBe(50);
  });

  test('a complete event of long ago does not stand for now', () => {
    const shown = chooseEvents([event(100_000, null), event(5, 9)]);
    expect(positions(shown)).toEqual([100_000, 5]);
    expect(chooseForLine(shown, undefined)?.position).toBe(100_000);
  });

  test('the reader sees the event that is his own', () => {
    expect(chooseForLine(newest(9, 5, 3), 7)?.position).toBe(7);
    expect(chooseForLine(newest(9, 5, 3), 1)?.position).toBe(9);
    expect(chooseForLine([], 1)).toBeUndefined();
  });
});
