import { describe, expect, it } from 'vitest';
import { correlationIdOf, LossCheck } from './loss-check.ts';
import type { StoredTrace } from './stored-events.ts';

const run = 'r1';
const after = 10;

/** The event of the n-th command, at a position. */
function stored(n: number, position: number, more: Partial<StoredTrace> = {}): StoredTrace {
  const eventId = `event-${position}`;
  const correlationId = correlationIdOf(run, n);
  return {
    position,
    eventId,
    aggregateId: `a-${n}`,
    correlationId,
    status: 'PROCESSED',
    totalLagMs: 3,
    applied: true,
    ...more,
  };
}

function check(
  events: readonly StoredTrace[],
  accepted: readonly (readonly [n: number, position: number])[],
  refused: number[] = [],
) {
  const checked = new LossCheck(
    run,
    after,
    accepted.map(([n, position]) => ({ n, position })),
    refused,
  );
  checked.add(events);
  return checked.report();
}

describe('the zero-loss check', () => {
  it('holds when every accepted command stands once at its position, applied and in the ledger', () => {
    const report = check(
      [stored(1, 11), stored(0, 12)],
      [
        [0, 12],
        [1, 11],
      ],
    );
    expect(report).toMatchObject({ holds: true, accepted: 2, stored: 2, unansweredStored: 0 });
    expect(report.lag).toEqual({ count: 2, p50: 3, p95: 3, p99: 3, max: 3 });
  });

  it('holds when a command without an answer was stored', () => {
    expect(check([stored(0, 11), stored(1, 12)], [[0, 11]])).toMatchObject({ holds: true, unansweredStored: 1 });
  });

  it('holds with events of others in between, and with several events of one command', () => {
    const other = { correlationId: 'somebody-else' };
    const events = [stored(0, 11), stored(0, 12), stored(9, 13, other), stored(1, 14)];
    expect(
      check(events, [
        [0, 12],
        [1, 14],
      ]),
    ).toMatchObject({ holds: true, stored: 2 });
  });

  it.each([
    [
      'an accepted command that is not in the log',
      [stored(0, 11)],
      [
        [0, 11],
        [1, 12],
      ],
      [],
      { lost: 1 },
    ],
    [
      'a command that took effect twice',
      [stored(0, 11), stored(1, 12), stored(0, 13)],
      [
        [0, 11],
        [1, 12],
      ],
      [],
      { doubled: 1 },
    ],
    [
      'an event at another position than was answered',
      [stored(0, 11), stored(1, 12)],
      [
        [0, 12],
        [1, 12],
      ],
      [],
      { misplaced: 1 },
    ],
    [
      'a gap',
      [stored(0, 11), stored(1, 13)],
      [
        [0, 11],
        [1, 13],
      ],
      [],
      { gaps: 1 },
    ],
    ['a gap before the first event', [stored(0, 12)], [[0, 12]], [], { gaps: 1 }],
    [
      'an event id that comes twice',
      [stored(0, 11), stored(1, 12, { eventId: 'event-11' })],
      [
        [0, 11],
        [1, 12],
      ],
      [],
      { doubledIds: 1 },
    ],
    ['an event without a ledger row', [stored(0, 11, { status: null })], [[0, 11]], [], { ledgerIncomplete: 1 }],
    [
      'an event that is not processed',
      [stored(0, 11, { status: 'PUBLISHED', totalLagMs: null })],
      [[0, 11]],
      [],
      { ledgerIncomplete: 1 },
    ],
    [
      'an event that the read model does not know',
      [stored(0, 11, { applied: false })],
      [[0, 11]],
      [],
      { notApplied: 1 },
    ],
    ['a refused command that was stored', [stored(0, 11)], [], [0], { refusedStored: 1 }],
  ] as const)('breaks on %s', (_name, events, accepted, refused, problem) => {
    const report = check(events, accepted, [...refused]);
    expect(report).toMatchObject({ holds: false, ...problem });
    expect(report.examples).toHaveLength(1);
  });

  it('does not take a run for another whose name begins the same', () => {
    const other = stored(0, 11, { correlationId: correlationIdOf('r12', 0) });
    expect(check([other], [[0, 11]])).toMatchObject({ holds: false, lost: 1 });
  });
});
