import { describe, expect, test } from 'vitest';
import {
  callsAsked,
  callsLoaded,
  emptyBoard,
  receiveCalls,
  said,
  shownCalls,
  spelled,
  type CallBoard,
  type CallRow,
} from './calls.ts';

const now = 1_000_000;
const call = (ticket: string, given: Partial<CallRow> = {}): CallRow => ({
  ticket,
  kind: 'room',
  place: '3',
  status: 'CALLED',
  calledAt: now,
  calls: 1,
  position: 10,
  ...given,
});
const loaded = (...calls: CallRow[]): CallBoard =>
  callsLoaded(callsAsked(emptyBoard), { siteName: 'Main', position: 5, calls, next: ['A-2'] }, now);
const rows = (board: CallBoard, ...given: CallRow[]) =>
  receiveCalls(board, [{ type: 'calls', position: 20, rows: given }], now);
const tickets = (list: readonly CallRow[]) => list.map(({ ticket }) => ticket);

describe('what a display says aloud', () => {
  test('nothing of what was called before it was switched on', () => {
    expect(loaded(call('A-1')).toSay).toEqual([]);
  });

  test('a call once, and a call once more again', () => {
    const called = rows(loaded(), call('A-1'));
    expect(tickets(called.toSay)).toEqual(['A-1']);
    const [first] = called.toSay;
    const quiet = first === undefined ? called : said(called, first);
    expect(rows(quiet, call('A-1')).toSay).toEqual([]);
    expect(tickets(rows(quiet, call('A-1', { calls: 2, calledAt: now + 1 })).toSay)).toEqual(['A-1']);
  });

  test('not that a consultation began, and not what is older than a minute', () => {
    expect(rows(loaded(), call('A-1', { status: 'IN_CONSULTATION' })).toSay).toEqual([]);
    expect(rows(loaded(), call('A-1', { calledAt: now - 61_000 })).toSay).toEqual([]);
  });

  test('a ticket that was called again before its turn only once', () => {
    const board = rows(loaded(), call('A-1'), call('B-1'), call('A-1', { calls: 2 }));
    expect(tickets(board.toSay)).toEqual(['B-1', 'A-1']);
    expect(board.toSay[1]?.calls).toBe(2);
  });
});

describe('what a display shows', () => {
  test('the newest call first, and none that is over', () => {
    const board = rows(loaded(call('A-1', { calledAt: now - 5 })), call('B-1'), call('C-1', { calledAt: now - 9 }));
    expect(tickets(shownCalls(board))).toEqual(['B-1', 'A-1', 'C-1']);
    expect(tickets(shownCalls(rows(board, call('B-1', { status: 'DONE' }))))).toEqual(['A-1', 'C-1']);
  });

  test('an end of yesterday does not take the same number of today away', () => {
    const board = rows(loaded(call('A-1')), call('A-1', { status: 'DONE', calledAt: now - 86_400_000 }));
    expect(tickets(shownCalls(board))).toEqual(['A-1']);
  });

  test('what came while the line was read is kept, and what it already holds is not told twice', () => {
    const asked = callsAsked(loaded());
    const during = rows(asked, call('A-1', { position: 6 }), call('B-1', { position: 20 }));
    const board = callsLoaded(during, { siteName: 'Main', position: 12, calls: [], next: [] }, now);
    expect(tickets(shownCalls(board))).toEqual(['B-1']);
  });

  test('positions only go forward, and begin anew after a reset', () => {
    const board = rows(loaded(), call('A-1'));
    expect(receiveCalls(board, [{ type: 'heartbeat', position: 7 }], now).position).toBe(20);
    expect(receiveCalls(board, [{ type: 'reset', position: 2 }], now).position).toBe(2);
  });
});

test('a ticket is spoken sign by sign', () => {
  expect(spelled('Q1-017')).toBe('Q 1, 0 1 7');
});
