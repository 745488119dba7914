import { expect, test } from 'vitest';
import {
  emptyDisplay,
  newCalls,
  received as receivedAt,
  saidWithinMs,
  snapshotLoaded as snapshotLoadedAt,
  spelled,
  stands,
  type Call,
  type Display,
  type DisplayMessage,
  type Snapshot,
} from './display-model.ts';

const call = (ticket: string, more: Partial<Call> = {}): Call => ({
  ...{ callId: `id-${ticket}`, ticket, kind: 'room', name: 'Room 3', status: 'CALLED', calledAt: 1_000, calls: 1 },
  ...more,
});
const snapshot = (calls: readonly Call[], position = 5): Snapshot => ({
  ...{ siteName: 'North', calls, next: ['A-002', 'A-003'], position },
});
const received = (display: Display, message: DisplayMessage, now = 4_000) => receivedAt(display, message, now);
const snapshotLoaded = (display: Display, loaded: Snapshot, now = 4_000) => snapshotLoadedAt(display, loaded, now);
const shown = snapshotLoaded(emptyDisplay, snapshot([call('A-001')]));

test('what was called before the display was switched on is shown and not said', () => {
  expect(shown.toSay).toEqual([]);
  expect(shown.shown?.calls).toEqual([call('A-001')]);
});

test('a call is shown first, said, and leaves the next ones', () => {
  const row = call('A-002', { calledAt: 2_000 });
  const after = received(shown, { type: 'rows', position: 6, rows: [row] });
  expect(after.shown?.calls.map(({ ticket }) => ticket)).toEqual(['A-002', 'A-001']);
  expect(after.shown?.next).toEqual(['A-003']);
  expect(after.shown?.position).toBe(6);
  expect(after.toSay).toEqual([row]);
});

test('a call once more is said once more, and the beginning of a consultation is not', () => {
  const again = received(shown, { type: 'rows', position: 6, rows: [call('A-001', { calls: 2 })] });
  expect(again.toSay).toHaveLength(1);
  const begun = received(shown, { type: 'rows', position: 6, rows: [call('A-001', { status: 'IN_CONSULTATION' })] });
  expect(begun.toSay).toEqual([]);
});

test('who is done leaves, but not for a ticket of the day before', () => {
  const done = call('A-001', { status: 'DONE' });
  expect(received(shown, { type: 'rows', position: 6, rows: [done] }).shown?.calls).toEqual([]);
  const yesterday = received(shown, { type: 'rows', position: 6, rows: [{ ...done, callId: 'of yesterday' }] });
  expect(yesterday.shown?.calls).toHaveLength(1);
});

test("today's ticket is called although yesterday's of the same number still stands", () => {
  const today = call('A-001', { callId: 'of today', calledAt: 3_000 });
  const after = received(shown, { type: 'rows', position: 6, rows: [today] });
  expect(after.toSay).toEqual([today]);
  expect(after.shown?.calls).toEqual([today, call('A-001')]);
});

test('an answer that is older than what came live changes nothing, and neither do rows older than an answer', () => {
  expect(received(shown, { type: 'rows', position: 4, rows: [call('A-001', { status: 'DONE' })] })).toEqual(shown);
  const live = received(shown, { type: 'rows', position: 9, rows: [call('A-002')] });
  expect(snapshotLoaded(live, snapshot([], 8))).toEqual(live);
});

test('what was called while the connection was gone is said with the next answer, the first first', () => {
  const later = [call('A-003', { calledAt: 3_000 }), call('A-002', { calledAt: 2_000 }), call('A-001')];
  expect(snapshotLoaded(shown, snapshot(later, 9)).toSay.map(({ ticket }) => ticket)).toEqual(['A-002', 'A-003']);
  expect(newCalls(later, later, 4_000)).toEqual([]);
});

test('what was called longer ago than the stated age is shown after an outage, and not said', () => {
  const rows = [call('A-002', { calledAt: 2_000 }), call('A-003', { calledAt: 3_000 })];
  const now = 2_001 + saidWithinMs;
  const live = received(shown, { type: 'rows', position: 9, rows }, now);
  const loaded = snapshotLoaded(shown, snapshot([...rows.toReversed(), call('A-001')], 9), now);
  for (const after of [live, loaded]) {
    expect(after.toSay.map(({ ticket }) => ticket)).toEqual(['A-003']);
    expect(after.shown?.calls.map(({ ticket }) => ticket)).toEqual(['A-003', 'A-002', 'A-001']);
  }
});

test('a call no longer stands when the patient went in, was called once more, or left', () => {
  const one = call('A-001');
  expect(stands(shown, one)).toBe(true);
  for (const more of [{ status: 'IN_CONSULTATION' }, { calls: 2 }, { status: 'DONE' }]) {
    const rows = [call('A-001', more)];
    expect(stands(received(shown, { type: 'rows', position: 6, rows }), one)).toBe(false);
  }
});

test('a ticket is spoken sign by sign', () => {
  expect(spelled('Q1-017')).toBe('Q 1, 0 1 7');
});

test('a line that changed takes nothing away and moves the position, so that the next answer has it', () => {
  const after = received(shown, { type: 'lines', position: 9 });
  expect(after.shown).toEqual({ ...shown.shown, position: 9 });
  const asked = snapshotLoaded(after, { ...snapshot([call('A-001')], 9), next: ['A-002', 'A-003', 'A-004'] });
  expect(asked.shown?.next).toEqual(['A-002', 'A-003', 'A-004']);
});
