import { describe, expect, test } from 'vitest';
import { Type } from 'typebox';
import type { Decider } from '../commands/decider.ts';
import { defineEvent, type EventOf } from '../events/definition.ts';
import { defineProjection } from '../projections/definition.ts';
import { defineSystem, type SystemOptions } from '../system.ts';
import { cancelTimer, defineTimers, setTimer, type TimersDefinition } from './definition.ts';

const Opened = defineEvent('Opened', { schema: Type.Object({ door: Type.String() }) });
const Closed = defineEvent('Closed', { schema: Type.Object({ door: Type.String() }) });

const close: Decider<null, { readonly door: string; readonly after: number }, EventOf<typeof Closed>> = {
  name: 'close',
  initial: null,
  boundary: ({ door }) => ({ stream: door }),
  decide: (_state, { door }) => [Closed({ door })],
  evolve: (state) => state,
};

const doors = (id = 'doors', on: Parameters<typeof defineTimers>[0]['on'] = { Closed: () => undefined }) =>
  defineTimers({ id, on, fire: ({ key, dueAt }) => ({ decider: close, command: { door: key, after: dueAt } }) });

const projection = (id: string, exposes: readonly string[]) =>
  defineProjection({ id, schema: new URL('./timers.sql', import.meta.url), rows: [], exposes });

const system = (timers: readonly TimersDefinition[], more: Partial<SystemOptions> = {}) =>
  defineSystem({
    name: 'doors',
    events: [Opened, Closed],
    tables: { events: 'door_events', outbox: 'door_outbox' },
    databases: { eventStore: 'doors', readModels: 'doors_read' },
    projections: [projection('doors', ['doors'])],
    timers,
    ...more,
  });

const invalid: unknown = expect.objectContaining({ code: 'DEFINITION_INVALID' });

describe('timers', () => {
  test('are refused without a sound id, or without an event', () => {
    for (const id of ['', 'Doors', 'door_s', '1door', 'd'.repeat(41)]) expect(() => doors(id)).toThrow(invalid);
    expect(() => doors('doors', {})).toThrow(invalid);
    expect(doors('doors-2').id).toBe('doors-2');
  });

  test('are due at an integer of milliseconds, under a key that is printable ASCII', () => {
    for (const dueAt of [1.5, -1, Number.NaN, Infinity, Date.UTC(2250, 0, 2)]) {
      expect(() => setTimer({ key: 'a', dueAt }), String(dueAt)).toThrow(invalid);
    }
    for (const key of ['', 'ä', 'a\n', 'a'.repeat(201)]) {
      expect(() => setTimer({ key, dueAt: 1 }), key).toThrow(invalid);
      expect(() => cancelTimer(key), key).toThrow(invalid);
    }
    expect(setTimer({ key: 'a b', dueAt: 0 })).toEqual({ set: { key: 'a b', dueAt: 0, payload: {} } });
    expect(cancelTimer('a')).toEqual({ cancel: 'a' });
  });

  test('hand what was set to `fire`, with its type', async () => {
    const definition = defineTimers({
      id: 'doors',
      on: {
        Opened: (event) => setTimer({ key: event.stream, dueAt: 5, payload: { after: 7 } }),
        Closed: (event) => cancelTimer(event.stream),
      },
      fire: ({ key, payload }) => ({ decider: close, command: { door: key, after: payload.after } }),
    });
    const executed: unknown[] = [];
    await definition.fire({ key: 'a', dueAt: 5, payload: { after: 7 } }, async (decider, command) => {
      executed.push(decider, command);
      return { position: 1, events: [], answer: {}, replayed: false };
    });
    expect(executed).toEqual([close, { door: 'a', after: 7 }]);
  });
});

describe('a system', () => {
  test('keeps its timers in a projection behind its own', () => {
    const { projections, timers } = system([doors('a'), doors('b')]);
    expect(projections.map(({ id, queue, exposes }) => ({ id, queue, exposes }))).toEqual([
      { id: 'doors', queue: 'doors-queue', exposes: ['doors'] },
      { id: 'timers', queue: 'timers-queue', exposes: ['timers'] },
    ]);
    expect(timers.map(({ id }) => id)).toEqual(['a', 'b']);
  });

  test('without timers has no such projection', () => {
    expect(system([]).projections.map(({ id }) => id)).toEqual(['doors']);
  });

  test('refuses two timers of one id, events that it does not have, and names that the timers need', () => {
    expect(() => system([doors(), doors()])).toThrow(invalid);
    expect(() => system([doors('doors', { Opend: () => undefined })])).toThrow(invalid);
    expect(() => system([doors()], { projections: [projection('timers', ['doors'])] })).toThrow(invalid);
    expect(() => system([doors()], { projections: [projection('doors', ['timers'])] })).toThrow(invalid);
  });
});
