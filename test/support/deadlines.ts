import { DomainError, dataOf, defineEvent, defineProjection, defineSystem, rows, Type } from '../../src/index.ts';
import { cancelTimer, defineTimers, setTimer } from '../../src/index.ts';
import type { Decider, EventOf, StoredEvent, SystemDefinition } from '../../src/index.ts';

/**
 * A small system for the tests of timers: items with a deadline that is set, dropped, or met by the timer's command. The
 * decider that meets one is careless on purpose: it would meet a deadline twice.
 */

export const DeadlineSet = defineEvent('DeadlineSet', {
  schema: Type.Object({ item: Type.String(), dueAt: Type.Number(), note: Type.String() }),
});
export const DeadlineDropped = defineEvent('DeadlineDropped', { schema: Type.Object({ item: Type.String() }) });
export const DeadlineMet = defineEvent('DeadlineMet', {
  schema: Type.Object({ item: Type.String(), dueAt: Type.Number(), note: Type.String() }),
});

type DeadlineEvent = EventOf<typeof DeadlineSet | typeof DeadlineDropped | typeof DeadlineMet>;

/** What goes wrong; tests change it while systems run. */
export interface DeadlineTrouble {
  /** The decider refuses to meet such an item's deadline. */
  refuses: (item: string) => boolean;
  /** The decider throws for such an item. */
  breaks: (item: string) => boolean;
  /** The handler of the timers throws for such an event. */
  throwFor: (event: StoredEvent) => boolean;
  /** Items whose deadline was tried, each time. */
  readonly tried: string[];
}

export interface Deadlines {
  readonly system: SystemDefinition;
  readonly trouble: DeadlineTrouble;
}

export type SetOrDrop =
  | { readonly item: string; readonly dueAt: number; readonly note?: string }
  | { readonly item: string; readonly drop: true };

export const streamOf = (item: string): string => `item-${item}`;

/** Sets and drops deadlines. */
export const deadline: Decider<null, SetOrDrop, DeadlineEvent> = {
  name: 'deadline',
  initial: null,
  boundary: ({ item }) => ({ stream: streamOf(item) }),
  decide: (_state, command) => [
    'drop' in command
      ? DeadlineDropped({ item: command.item })
      : DeadlineSet({ item: command.item, dueAt: command.dueAt, note: command.note ?? '' }),
  ],
  evolve: (state) => state,
};

/** `keeps`: no event takes a timer away that has fired. */
export function makeDeadlines(options: { readonly keeps?: boolean } = {}): Deadlines {
  const trouble: DeadlineTrouble = {
    refuses: () => false,
    breaks: () => false,
    throwFor: () => false,
    tried: [],
  };
  const meet: Decider<
    null,
    { readonly item: string; readonly dueAt: number; readonly note: string },
    EventOf<typeof DeadlineMet>
  > = {
    name: 'meet',
    initial: null,
    boundary: ({ item }) => ({ stream: streamOf(item) }),
    decide: (_state, { item, dueAt, note }) => {
      trouble.tried.push(item);
      if (trouble.breaks(item)) throw new TypeError('broken on purpose');
      if (trouble.refuses(item)) throw new DomainError('ITEM_GONE', 'The item is gone.');
      return [DeadlineMet({ item, dueAt, note })];
    },
    evolve: (state) => state,
  };
  const check = (event: StoredEvent): void => {
    if (trouble.throwFor(event)) throw new Error('a handler that fails on purpose');
  };
  const deadlines = defineTimers({
    id: 'deadline',
    on: {
      DeadlineSet: (event) => {
        check(event);
        const { item, dueAt, note } = dataOf(DeadlineSet, event);
        return setTimer({ key: item, dueAt, payload: { note } });
      },
      DeadlineDropped: (event) => {
        check(event);
        return cancelTimer(dataOf(DeadlineDropped, event).item);
      },
      ...(options.keeps === true
        ? {}
        : { DeadlineMet: (event: StoredEvent) => cancelTimer(dataOf(DeadlineMet, event).item) }),
    },
    fire: ({ key, dueAt, payload }) => ({ decider: meet, command: { item: key, dueAt, note: payload.note } }),
  });
  const items = rows<{ readonly item: string; readonly met: number }>({
    table: 'items',
    key: 'item',
    columns: { item: 'text', met: 'integer' },
    on: {
      DeadlineSet: (row, event) => row ?? { item: event.stream, met: 0 },
      DeadlineMet: (row, event) => ({ item: event.stream, met: (row?.met ?? 0) + 1 }),
    },
  });
  return {
    trouble,
    system: defineSystem({
      name: 'deadlines',
      events: [DeadlineSet, DeadlineDropped, DeadlineMet],
      tables: { events: 'deadline_events', outbox: 'deadline_outbox' },
      databases: { eventStore: 'deadlines', readModels: 'deadlines_read' },
      projections: [
        defineProjection({
          id: 'items',
          schema: new URL('./deadlines.sql', import.meta.url),
          rows: [items],
          exposes: ['items'],
        }),
      ],
      timers: [deadlines],
    }),
  };
}
