import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Type } from 'typebox';
import type { Decider } from '../commands/decider.ts';
import { dataOf, defineEvent } from '../events/definition.ts';
import type { JsonObject } from '../events/envelope.ts';
import { fingerprintOf } from '../projections/fingerprint.ts';
import { givenEvents, inStream } from '../testing/given-events.ts';
import { cancelTimer, defineTimers, setTimer } from './definition.ts';
import { timersProjection } from './timers-projection.ts';

const Changed = defineEvent('Changed', {
  schema: Type.Object({
    key: Type.String(),
    dueAt: Type.Optional(Type.Number()),
    second: Type.Optional(Type.String()),
  }),
});

const nobody: Decider<null, null, never> = {
  name: 'nobody',
  initial: null,
  boundary: () => ({ stream: 'none' }),
  decide: () => [],
  evolve: (state) => state,
};

const first = defineTimers({
  id: 'first',
  on: {
    Changed: (event) => {
      const { key, dueAt } = dataOf(Changed, event);
      return dueAt === undefined ? cancelTimer(key) : setTimer({ key, dueAt, payload: { from: event.position } });
    },
  },
  fire: () => ({ decider: nobody, command: null }),
});
/** Sets timers by the same events, under keys that the first one uses as well. */
const second = defineTimers({
  id: 'second',
  on: {
    Changed: (event) => {
      const key = dataOf(Changed, event).second;
      return key === undefined ? undefined : setTimer({ key, dueAt: event.position });
    },
  },
  fire: () => ({ decider: nobody, command: null }),
});

const keys = fc.constantFrom('a', 'b', 'c');
const change = fc.record(
  { key: keys, dueAt: fc.integer({ min: 0, max: Date.UTC(2250, 0, 1) }), second: keys },
  { requiredKeys: ['key'] },
);

describe('the rows of the timers', () => {
  test('are what setting, replacing and cancelling has left, for each definition by itself', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 30 }), (changes) => {
        const model = new Map<
          string,
          { readonly due_at: number; readonly payload: JsonObject; readonly position: number }
        >();
        changes.forEach(({ key, dueAt, second: other }, index) => {
          const position = index + 1;
          if (dueAt === undefined) model.delete(`first/${key}`);
          else model.set(`first/${key}`, { due_at: dueAt, payload: { from: position }, position });
          if (other !== undefined) model.set(`second/${other}`, { due_at: position, payload: {}, position });
        });
        const events = changes.map((data) => Changed(data));
        givenEvents(timersProjection([first, second]), inStream('things', ...events)).thenRows(
          'timers',
          [...model].map(([timer, row]) => ({ timer, ...row })),
        );
      }),
    );
  });

  test('tie what a timer causes to the event that has set it', () => {
    const [row] = givenEvents(timersProjection([first]), inStream('things', Changed({ key: 'a', dueAt: 5 }))).rows(
      'timers',
    );
    expect(row).toMatchObject({
      definition: 'first',
      key: 'a',
      stream: 'things',
      metadata: { correlationId: 'test', causationId: '00000000-0000-7000-8000-000000000001' },
    });
  });

  test('belong to other code when a handler of the application has changed', () => {
    const again = defineTimers({ ...otherwise, id: 'first' });
    const prints = [[first], [first], [again], [first, second]].map((timers) =>
      fingerprintOf(timersProjection(timers)),
    );
    expect(prints[0]).toBe(prints[1]);
    expect(new Set(prints).size).toBe(3);
  });
});

const otherwise = {
  on: { Changed: () => undefined },
  fire: () => ({ decider: nobody, command: null }),
};
