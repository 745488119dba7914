import { Type } from 'typebox';
import { describe, expect, test } from 'vitest';
import type { Decider } from '../commands/decider.ts';
import { DomainError } from '../errors.ts';
import { defineEvent, type EventOf } from '../events/definition.ts';
import { defineProjection, rows, totals } from '../projections/definition.ts';
import { given, givenEvents, inStream } from './index.ts';

const Added = defineEvent('Added', { schema: Type.Object({ amount: Type.Integer() }) });
const addedOf = (data: object): number => ('amount' in data && typeof data.amount === 'number' ? data.amount : 0);

const pot: Decider<number, { amount: number }, EventOf<typeof Added>> = {
  name: 'pot',
  initial: 0,
  boundary: () => ({ stream: 'pot-1' }),
  evolve: (sum, event) => sum + event.data.amount,
  decide(sum, command, { now }) {
    if (now === 0) throw new TypeError('no time');
    if (sum + command.amount > 10) throw new DomainError('POT_FULL', 'It holds ten.');
    return [Added(command)];
  },
};

const full = given(pot, [Added({ amount: 9 })]);

describe('given, when, then', () => {
  test('passes when exactly the expected events were decided', () => {
    expect(full.state).toBe(9);
    full.when({ amount: 1 }).thenEvents(Added({ amount: 1 }));
  });

  test('fails with the lines that differ', () => {
    expect(() => full.when({ amount: 1 }).thenEvents(Added({ amount: 2 }))).toThrow(
      /-\s+"amount": 2\n\+\s+"amount": 1/,
    );
  });

  test('fails when there are more or fewer events', () => {
    expect(() => full.when({ amount: 1 }).thenEvents()).toThrow('differ');
    expect(() => full.when({ amount: 1 }).thenEvents(Added({ amount: 1 }), Added({ amount: 1 }))).toThrow('differ');
  });

  test('tells a refusal from events, another code and a defect', () => {
    full.when({ amount: 2 }).thenRefused('POT_FULL');
    expect(() => full.when({ amount: 1 }).thenRefused('POT_FULL')).toThrow('Added was decided');
    expect(() => full.when({ amount: 2 }).thenRefused('POT_GONE')).toThrow('POT_FULL');
    expect(() => full.when({ amount: 2 }, { now: 0 }).thenRefused('POT_FULL')).toThrow('no time');
    expect(() => full.when({ amount: 2 }).thenEvents(Added({ amount: 2 }))).toThrow('POT_FULL');
    full.when({ amount: 2 }, { now: 0 }).thenThrows(TypeError);
  });
});

const pots = rows<{ id: string; size: string; sum: number }>({
  table: 'pots',
  key: 'id',
  columns: { id: 'text', size: 'text', sum: 'integer' },
  on: {
    Added(row, event) {
      const sum = (row?.sum ?? 0) + addedOf(event.data);
      return { id: event.stream, size: sum > 5 ? 'large' : 'small', sum };
    },
  },
  versionColumn: 'version',
  positionColumn: 'position',
});
const sizes = totals<{ id: string; size: string; sum: number }>({
  table: 'sizes',
  key: 'size',
  of: pots,
  keyOf: (row) => row.size,
  sums: { pots: () => 1, sum: (row) => row.sum },
});
const projection = defineProjection({
  id: 'pots',
  schema: new URL('file:///pots.sql'),
  rows: [pots],
  totals: [sizes],
  exposes: [],
});

describe('given events', () => {
  const folded = givenEvents(projection, [
    ...inStream('pot-1', Added({ amount: 4 })),
    ...inStream('pot-2', Added({ amount: 1 })),
    ...inStream('pot-1', Added({ amount: 3 })),
  ]);

  test('rows are folded, with version and position of the last event', () => {
    folded.thenRows('pots', [
      { id: 'pot-2', size: 'small', sum: 1, version: 1, position: 2 },
      { id: 'pot-1', size: 'large', sum: 7, version: 2, position: 3 },
    ]);
  });

  test('totals follow a row from one key to another', () => {
    folded.thenRows('sizes', [
      { size: 'small', pots: 1, sum: 1 },
      { size: 'large', pots: 1, sum: 7 },
    ]);
  });

  test('a row too few, too many or different fails', () => {
    expect(() => folded.thenRows('pots', [{ id: 'pot-1', sum: 7 }])).toThrow('pots differ');
    expect(() =>
      folded.thenRows('pots', [
        { id: 'pot-1', sum: 7 },
        { id: 'pot-2', sum: 2 },
      ]),
    ).toThrow('pots differ');
    expect(() => folded.thenRows('pans', [])).toThrow('no table pans');
  });

  test('an event without a stream is refused', () => {
    expect(() => givenEvents(projection, [Added({ amount: 1 })])).toThrow('needs a stream');
  });
});
