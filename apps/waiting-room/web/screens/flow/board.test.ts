import { describe, expect, test } from 'vitest';
import { emptyBoard, receive, snapshotAsked, snapshotFailed, snapshotLoaded, type Board } from './board.ts';
import { keptWaiting, waitingCount } from './queue-board.ts';
import type { FeedMessage, QueueRow, Snapshot, VisitRow } from '../../model/rows.ts';
import { sampleQueue, sampleVisit } from '../../model/sample-rows.ts';

const queueId = 'queue-1';

function visit(visitId: string, position: number, given: Partial<VisitRow> = {}): VisitRow {
  const at = position * 1_000;
  return {
    ...sampleVisit,
    visitId,
    queueId,
    ticket: visitId.toUpperCase(),
    arrivedAt: at,
    callOrder: at,
    position,
    ...given,
  };
}

function queueRow(waiting: number, position: number): QueueRow {
  return { ...sampleQueue, queueId, waiting, waitingMedium: waiting, position };
}

function visits(position: number, ...rows: VisitRow[]): FeedMessage {
  return { type: 'visits', position, rows };
}

function snapshot(position: number, rows: readonly VisitRow[] = [], waiting = rows.length): Snapshot {
  return { position, queues: [queueRow(waiting, position)], visits: rows, waitingLimit: keptWaiting };
}

/** Connected, and on a snapshot. */
function loaded(position: number, rows: readonly VisitRow[] = [], waiting = rows.length): Board {
  const connected = receive(emptyBoard, [{ type: 'hello', position }]);
  return snapshotLoaded(snapshotAsked(connected), snapshot(position, rows, waiting));
}

function waitingIn(board: Board): string[] {
  return (board.queues?.get(queueId)?.waiting ?? []).map(({ visitId }) => visitId);
}

function inRooms(board: Board): string[] {
  return (board.queues?.get(queueId)?.inRooms ?? []).map(({ visitId }) => visitId);
}

describe('the beginning', () => {
  test('the first hello asks for a snapshot that has everything up to its position', () => {
    const board = receive(emptyBoard, [{ type: 'hello', position: 7 }]);
    expect(board.wanted).toEqual({ minPosition: 7, asked: false });
    expect(board.position).toBe(7);
  });

  test('what arrives while the snapshot is loaded is applied on top of it', () => {
    let board = snapshotAsked(receive(emptyBoard, [{ type: 'hello', position: 7 }]));
    board = receive(board, [visits(8, visit('b', 8))]);
    board = snapshotLoaded(board, snapshot(7, [visit('a', 3)]));
    expect(waitingIn(board)).toEqual(['a', 'b']);
    expect(board.position).toBe(8);
    expect(board.wanted).toBeUndefined();
  });

  test('a snapshot that is newer than the feed is not undone by the feed', () => {
    let board = snapshotAsked(receive(emptyBoard, [{ type: 'hello', position: 7 }]));
    board = receive(board, [visits(8, visit('a', 8))]);
    board = snapshotLoaded(board, snapshot(7, [visit('a', 9, { status: 'CALLED', roomId: '1', calledAt: 9 })]));
    expect(waitingIn(board)).toEqual([]);
    expect(inRooms(board)).toEqual(['a']);
  });

  test('a snapshot that failed is asked for again', () => {
    const board = snapshotFailed(snapshotAsked(receive(emptyBoard, [{ type: 'hello', position: 7 }])));
    expect(board.wanted).toEqual({ minPosition: 7, asked: false });
  });
});

describe('rows', () => {
  test('those who wait stand in the order of calling, whatever the order of the messages', () => {
    const board = receive(loaded(0), [
      visits(1, visit('low', 1, { callOrder: 9_000 })),
      visits(4, visit('late', 4), visit('early', 2)),
      visits(5, visit('urgent', 5, { callOrder: 0 })),
    ]);
    expect(waitingIn(board)).toEqual(['urgent', 'early', 'late', 'low']);
  });

  test('a row that comes twice counts once', () => {
    const twice = visits(1, visit('a', 1));
    const board = receive(loaded(0), [twice, twice]);
    expect(waitingIn(board)).toEqual(['a']);
  });

  test('of two rows of one visit the higher position counts, in either order', () => {
    const called = visits(2, visit('a', 2, { status: 'CALLED', roomId: '1', calledAt: 2 }));
    const waiting = visits(1, visit('a', 1));
    for (const messages of [
      [waiting, called],
      [called, waiting],
    ]) {
      const board = receive(loaded(0), messages);
      expect(waitingIn(board)).toEqual([]);
      expect(inRooms(board)).toEqual(['a']);
    }
  });

  test('a visit that goes to another queue stands there alone', () => {
    const sent = { ...visit('a', 2), queueId: 'queue-2' };
    for (const messages of [
      [visits(1, visit('a', 1)), visits(2, sent)],
      [visits(1, visit('a', 1)), visits(2, sent), visits(1, visit('a', 1))],
    ]) {
      const board = receive(loaded(0), messages);
      expect(waitingIn(board)).toEqual([]);
      expect(board.queues?.get('queue-2')?.waiting.map(({ visitId }) => visitId)).toEqual(['a']);
    }
  });

  test('a late copy does not bring back a visit that ended', () => {
    const board = receive(loaded(0), [
      visits(1, visit('a', 1)),
      visits(3, visit('a', 3, { status: 'COMPLETED' })),
      visits(3, visit('a', 1)),
    ]);
    expect(waitingIn(board)).toEqual([]);
    expect(inRooms(board)).toEqual([]);
  });

  test('a row older than the snapshot is part of it', () => {
    const board = receive(loaded(10, [visit('a', 4)]), [visits(10, visit('gone', 5))]);
    expect(waitingIn(board)).toEqual(['a']);
  });

  test('the counts of a queue never go back to an older row', () => {
    const board = receive(loaded(0), [
      { type: 'queues', position: 5, rows: [queueRow(5, 5)] },
      { type: 'queues', position: 5, rows: [queueRow(4, 4)] },
    ]);
    expect(board.queues?.get(queueId)?.row?.waiting).toBe(5);
  });

  test('what is given is not changed', () => {
    const before = loaded(0, [visit('a', 0)]);
    const copy = structuredClone(before);
    receive(before, [visits(2, visit('a', 2, { status: 'COMPLETED' }), visit('b', 1))]);
    expect(before).toEqual(copy);
  });
});

describe('the position', () => {
  test('goes forward only', () => {
    const board = receive(loaded(5), [{ type: 'heartbeat', position: 9 }, visits(8, visit('a', 6))]);
    expect(board.position).toBe(9);
    expect(waitingIn(board)).toEqual(['a']);
  });

  test('a hello after a reconnect moves nothing: the gap is filled behind it', () => {
    const reconnected = receive(loaded(5), [{ type: 'hello', position: 9 }]);
    expect(reconnected.position).toBe(5);
    expect(reconnected.wanted).toBeUndefined();
    const filled = receive(reconnected, [visits(9, visit('a', 6), visit('b', 9))]);
    expect(filled.position).toBe(9);
    expect(waitingIn(filled)).toEqual(['a', 'b']);
  });
});

describe('a reset', () => {
  const reset: FeedMessage = { type: 'reset', position: 2, reason: 'after-ahead' };

  test('asks for a snapshot from its position on and keeps showing what was there', () => {
    const board = receive(loaded(9, [visit('a', 3)]), [reset]);
    expect(board.wanted).toEqual({ minPosition: 2, asked: false });
    expect(board.position).toBe(2);
    expect(waitingIn(board)).toEqual(['a']);
  });

  test('its snapshot replaces everything, rows with higher positions included', () => {
    const board = snapshotAsked(receive(loaded(9, [visit('old', 8)]), [reset]));
    const after = receive(snapshotLoaded(board, snapshot(2, [visit('new', 1)])), [visits(3, visit('next', 3))]);
    expect(waitingIn(after)).toEqual(['new', 'next']);
  });

  test('a snapshot that was asked for before it is not taken for the answer', () => {
    const asked = snapshotAsked(receive(emptyBoard, [{ type: 'hello', position: 9 }]));
    const board = snapshotLoaded(receive(asked, [reset]), snapshot(9, [visit('old', 8)]));
    expect(board.queues).toBeUndefined();
    expect(board.wanted).toEqual({ minPosition: 2, asked: false });
  });
});

describe('a queue that is longer than what is kept', () => {
  const many = Array.from({ length: keptWaiting }, (_, index) => visit(`v${index}`, index + 1));

  test('who comes behind is counted and not kept; who is more urgent is inserted', () => {
    const board = receive(loaded(1_000, many, 900), [
      visits(1_002, visit('behind', 1_001), visit('urgent', 1_002, { callOrder: 0 })),
      { type: 'queues', position: 1_002, rows: [queueRow(902, 1_002)] },
    ]);
    const kept = waitingIn(board);
    expect(kept).toHaveLength(keptWaiting);
    expect(kept[0]).toBe('urgent');
    expect(kept).not.toContain('behind');
    const queue = board.queues?.get(queueId);
    expect(queue === undefined ? 0 : waitingCount(queue)).toBe(902);
  });

  test('a snapshot is asked for before those at hand run out', () => {
    let board = loaded(1_000, many, 900);
    let position = 1_000;
    while (board.wanted === undefined && waitingIn(board).length > 0) {
      const [first = ''] = waitingIn(board);
      position++;
      board = receive(board, [visits(position, visit(first, position, { status: 'CANCELLED' }))]);
    }
    expect(board.wanted).toEqual({ minPosition: position, asked: false });
    expect(waitingIn(board).length).toBeGreaterThan(40);
  });

  test('a queue that is known to the last one never asks', () => {
    let board = loaded(10, [visit('a', 1), visit('b', 2)]);
    board = receive(board, [visits(11, visit('a', 11, { status: 'CANCELLED' }))]);
    expect(board.wanted).toBeUndefined();
  });
});
