import { expect, test } from 'vitest';
import { actorKindOf, spanMs, stepsOf, type TimelineEntry } from './timeline.ts';

const entry = (at: number): TimelineEntry => ({ at, type: 'PatientCalled', by: 'demo:demo', details: {} });

test('each step says how long after the one before it came, and a clock that went back takes nothing away', () => {
  expect(stepsOf([entry(5), entry(65), entry(60)]).map(({ afterMs }) => afterMs)).toEqual([null, 60, 0]);
  expect(spanMs([entry(5), entry(65)])).toBe(60);
  expect(spanMs([])).toBe(0);
});

test.each([
  ['timers waiting-room', 'clock'],
  ['demo:demo', 'demo'],
  ['account:4f', 'account'],
  ['api-key:1', 'api-key'],
  ['http', 'other'],
])('%s did it: %s', (by, kind) => {
  expect(actorKindOf(by)).toBe(kind);
});
