import { Type } from 'typebox';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { CommandHandler } from '../../src/commands/command-handler.ts';
import type { Decider } from '../../src/commands/decider.ts';
import { EventRegistry } from '../../src/events/codec.ts';
import { defineEvent, type EventOf } from '../../src/events/definition.ts';
import type { AppendOutcome } from '../../src/store/store.ts';
import { createTestLog, type TestLog } from '../support/test-log.ts';

const SeatTaken = defineEvent('SeatTaken', { schema: Type.Object({ seat: Type.String() }) });

/** Takes the first free one of some seats; each seat is a stream. */
const takeSeat: Decider<ReadonlySet<string>, readonly string[], EventOf<typeof SeatTaken>> = {
  name: 'take-seat',
  initial: new Set(),
  boundary: (seats) => ({ stream: seats[0] ?? '', reads: [], candidates: seats, competesFor: 'hall' }),
  decide: (taken, seats) => {
    const seat = seats.find((one) => !taken.has(one));
    return seat === undefined ? [] : [SeatTaken({ seat }, { stream: seat })];
  },
  evolve: (taken, { data }) => new Set(taken).add(data.seat),
};

const registry = new EventRegistry('hall', [SeatTaken]);
let hall: TestLog;
let handler: CommandHandler;
let other: CommandHandler;
let outcomes: AppendOutcome['outcome'][];

beforeEach(async () => {
  hall = await createTestLog();
  handler = new CommandHandler(hall.log, registry);
  other = new CommandHandler(hall.log, registry);
  outcomes = [];
});
afterEach(async () => {
  vi.restoreAllMocks();
  await handler.close();
  await other.close();
  await hall.drop();
});

/** Lets another process take a seat each time that this one has decided and not stored yet. */
function whileUnderWay(...seats: string[]): void {
  const append = hall.log.append.bind(hall.log);
  const left = [...seats];
  let others = false;
  vi.spyOn(hall.log, 'append').mockImplementation(async (request) => {
    const seat = others ? undefined : left.shift();
    if (seat !== undefined) {
      others = true;
      await other.execute(takeSeat, [seat]);
      others = false;
    }
    const outcome = await append(request);
    if (!others) outcomes.push(outcome.outcome);
    return outcome;
  });
}
const take = async (...seats: string[]) => (await handler.execute(takeSeat, seats)).events.map(({ stream }) => stream);

describe('a command that chooses among candidates', () => {
  test('is not disturbed by whoever takes another one', async () => {
    whileUnderWay('b');
    expect({ taken: await take('a', 'b', 'c'), outcomes }).toEqual({ taken: ['a'], outcomes: ['stored'] });
  });

  test('takes another one when somebody else took its first', async () => {
    whileUnderWay('a');
    expect({ taken: await take('a', 'b', 'c'), outcomes }).toEqual({ taken: ['b'], outcomes: ['conflict', 'stored'] });
  });

  test('decides under the lock once races are lost, and so does the next one that competes for the same', async () => {
    whileUnderWay('a', 'b', 'c', 'e');
    // Two races are lost; the third is decided under the lock, where nobody can take a seat.
    expect({ taken: await take('a', 'b', 'c', 'd', 'e', 'f'), outcomes }).toEqual({
      ...{ taken: ['d'], outcomes: ['conflict', 'conflict', 'stored'] },
    });
    outcomes = [];
    expect({ taken: await take('e', 'f', 'g'), outcomes }).toEqual({ taken: ['f'], outcomes: ['stored'] });
  });

  test('sees what was written between the last command of the same kind and this one', async () => {
    whileUnderWay('b');
    expect(await take('a', 'b', 'c')).toEqual(['a']);
    expect(await take('a', 'b', 'c')).toEqual(['c']);
  });

  test('never takes what is taken, and loses nothing, with two processes and many at once', async () => {
    const seats = Array.from({ length: 60 }, (_, n) => `seat-${n}`);
    const taken = await Promise.all(
      seats.map(async (_, n) => {
        const process = n % 2 === 0 ? handler : other;
        // Each looks from another place on, as processes do that know different things.
        const wanted = [...seats.slice(n / 3), ...seats.slice(0, n / 3)];
        const { events } = await process.execute(takeSeat, wanted);
        return events.map(({ stream }) => stream);
      }),
    );
    expect(taken.flat().toSorted()).toEqual(seats.toSorted());
  });
});
