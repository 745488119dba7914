import { expect, test } from 'vitest';
import { connectionState, retryDelayMs, staleAfterMs } from './connection.ts';
import { bandOf, scaleFor, soFarMs, type EventWay } from './way.ts';

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
