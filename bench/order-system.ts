import { dataOf, defineEvent, defineProjection, defineSystem, rows, Type } from '../src/index.ts';

/** The event of `sample-event.ts`. */
export const OrderPlaced = defineEvent('OrderPlaced', {
  schema: Type.Object({
    orderId: Type.String(),
    number: Type.Number(),
    customer: Type.String(),
    article: Type.String(),
    amount: Type.Number(),
    priceInCents: Type.Number(),
    currency: Type.String(),
  }),
});

/** Something was counted. */
export const Counted = defineEvent('Counted', { schema: Type.Object({ by: Type.Number(), note: Type.String() }) });

type CounterRow = { readonly counter_id: string; readonly total: number };

const counters = rows<CounterRow>({
  table: 'counters',
  key: 'counter_id',
  columns: { counter_id: 'text', total: 'bigint' },
  on: {
    Counted: (row, event) => ({ counter_id: event.stream, total: (row?.total ?? 0) + dataOf(Counted, event).by }),
  },
});

/** A small system beside the waiting room: orders that are only stored, and counters. */
export const orderSystem = defineSystem({
  name: 'bench',
  events: [OrderPlaced, Counted],
  tables: { events: 'events', outbox: 'outbox' },
  databases: { eventStore: 'bench_events', readModels: 'bench_read_models' },
  projections: [
    defineProjection({
      id: 'counters',
      schema: new URL('./order-system.sql', import.meta.url),
      rows: [counters],
      exposes: ['counters'],
    }),
  ],
});
