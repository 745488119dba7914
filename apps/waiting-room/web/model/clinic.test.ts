import { describe, expect, test } from 'vitest';
import {
  emptyClinic,
  lastHeardOf,
  lineKey,
  lineLimit,
  receive,
  snapshotAsked,
  snapshotFailed,
  snapshotLoaded,
  type Clinic,
  type ClinicSnapshot,
} from './clinic.ts';
import type { FeedMessage, VisitRow } from './rows.ts';
import { sampleQueue, sampleVisit } from './sample-rows.ts';

const visit = (visitId: string, position: number, given: Partial<VisitRow> = {}): VisitRow => ({
  ...sampleVisit,
  visitId,
  position,
  callOrder: position,
  ...given,
});
const visits = (position: number, ...rows: VisitRow[]): FeedMessage => ({ type: 'visits', position, rows });
const snapshot = (position: number, ...rows: VisitRow[]): ClinicSnapshot => ({
  position,
  queues: [{ ...sampleQueue, position }],
  visits: rows,
  cut: [],
});

function loaded(position: number, ...rows: VisitRow[]): Clinic {
  const connected = receive(emptyClinic, [{ type: 'hello', position }]);
  return snapshotLoaded(snapshotAsked(connected), snapshot(position, ...rows));
}

const known = ({ visits }: Clinic) => [...(visits?.keys() ?? [])];
const statusOf = ({ visits }: Clinic, visitId: string) => visits?.get(visitId)?.status;

describe('the beginning', () => {
  test('the first hello asks for a snapshot that has everything up to its position', () => {
    expect(receive(emptyClinic, [{ type: 'hello', position: 7 }])).toMatchObject({
      position: 7,
      wanted: { minPosition: 7, asked: false },
    });
  });

  test('what comes while the snapshot is under way is not lost', () => {
    const asked = snapshotAsked(receive(emptyClinic, [{ type: 'hello', position: 7 }]));
    const during = receive(asked, [visits(9, visit('late', 9))]);
    expect(known(snapshotLoaded(during, snapshot(7, visit('early', 5))))).toEqual(['early', 'late']);
  });

  test('a snapshot that does not come is asked for again', () => {
    const asked = snapshotAsked(receive(emptyClinic, [{ type: 'hello', position: 7 }]));
    expect(snapshotFailed(asked).wanted).toEqual({ minPosition: 7, asked: false });
  });
});

test('a visit that ended before the snapshot is read up to there: its last row never comes', () => {
  expect(lastHeardOf(emptyClinic, 'a')).toBe(0);
  const clinic = loaded(7, visit('other', 5));
  expect(lastHeardOf(clinic, 'a')).toBe(7);
  expect(lastHeardOf(clinic, 'other')).toBe(5);
  const later = receive(clinic, [visits(9, visit('other', 9, { status: 'COMPLETED' }))]);
  expect(lastHeardOf(later, 'other')).toBe(9);
});

describe('rows', () => {
  test('a patient moves from line to line and goes when the visit ends', () => {
    let clinic = loaded(5, visit('a', 5, { status: 'WAITING_TRIAGE' }));
    for (const [position, status] of [
      [6, 'WAITING_CASHIER'],
      [7, 'AT_CASHIER'],
      [8, 'WAITING'],
      [9, 'CALLED'],
    ] as const) {
      clinic = receive(clinic, [visits(position, visit('a', position, { status }))]);
      expect(statusOf(clinic, 'a')).toBe(status);
    }
    clinic = receive(clinic, [visits(10, visit('a', 10, { status: 'COMPLETED' }))]);
    expect(known(clinic)).toEqual([]);
  });

  test('a late copy of an older row neither moves a patient back nor brings one back', () => {
    const clinic = receive(loaded(5, visit('a', 5)), [
      visits(8, visit('a', 8, { status: 'CALLED' })),
      visits(8, visit('a', 6)),
      visits(9, visit('b', 9, { status: 'CANCELLED' })),
      visits(9, visit('b', 7)),
    ]);
    expect(statusOf(clinic, 'a')).toBe('CALLED');
    expect(known(clinic)).toEqual(['a']);
  });

  test('who was given up for not coming stays, as they may come back; who left does not', () => {
    const clinic = receive(loaded(5, visit('a', 5), visit('b', 5)), [
      visits(6, visit('a', 6, { status: 'NO_SHOW' }), visit('b', 6, { status: 'LEFT' })),
    ]);
    expect(known(clinic)).toEqual(['a']);
  });

  test('the state of a queue comes with its row', () => {
    const queue = { ...sampleQueue, position: 6, state: 'PAUSED' };
    const clinic = receive(loaded(5), [{ type: 'queues', position: 6, rows: [queue] }]);
    expect(clinic.queues.get('queue-1')?.state).toBe('PAUSED');
  });

  test('nothing that was given is changed', () => {
    const before = loaded(5, visit('a', 5));
    receive(before, [visits(6, visit('a', 6, { status: 'COMPLETED' }))]);
    expect(known(before)).toEqual(['a']);
  });
});

describe('a connection that was lost', () => {
  test('a reset asks for a snapshot and forgets what was noted down before it', () => {
    const asked = receive(snapshotAsked(receive(emptyClinic, [{ type: 'hello', position: 7 }])), [
      visits(8, visit('of the log before', 8)),
      { type: 'reset', position: 2, reason: 'restored' },
    ]);
    expect(asked).toMatchObject({ position: 2, wanted: { minPosition: 2, asked: false }, since: [] });
    expect(known(snapshotLoaded(snapshotAsked(asked), snapshot(2)))).toEqual([]);
  });

  test('the answer to a question from before the reset does not count', () => {
    const asked = snapshotAsked(receive(emptyClinic, [{ type: 'hello', position: 7 }]));
    const reset = receive(asked, [{ type: 'reset', position: 2, reason: 'restored' }]);
    expect(snapshotLoaded(reset, snapshot(7, visit('a', 5)))).toBe(reset);
  });
});

describe('a line that is longer than what is at hand', () => {
  const line = (from: number, to: number) =>
    Array.from({ length: to - from + 1 }, (_, index) => visit(`v${from + index}`, 1, { callOrder: from + index }));
  const long = (): Clinic => {
    const connected = receive(emptyClinic, [{ type: 'hello', position: 1 }]);
    const cut = [lineKey(sampleVisit)];
    return snapshotLoaded(snapshotAsked(connected), { ...snapshot(1, ...line(1, lineLimit)), cut });
  };

  test('keeps those in front and does not collect who comes behind', () => {
    const clinic = receive(long(), [
      visits(3, visit('urgent', 2, { callOrder: -10 }), visit('behind', 3, { callOrder: lineLimit + 5 })),
    ]);
    expect(clinic.visits?.has('urgent')).toBe(true);
    expect(clinic.visits?.has('behind')).toBe(false);
  });

  test('is read again before it runs out', () => {
    const gone = line(1, 450).map((row) => ({ ...row, status: 'COMPLETED', position: 9 }));
    expect(receive(long(), [visits(9, ...gone)]).wanted).toEqual({ minPosition: 9, asked: false });
  });
});
