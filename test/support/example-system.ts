import { randomUUID } from 'node:crypto';
import { defineEvent, defineProjection, defineSystem, rows, totals, Type } from '../../src/index.ts';
import { cancelTimer, defineTimers, setTimer } from '../../src/index.ts';
import type { Decider, EventOf, ProjectionDefinition, StoredEvent, SystemDefinition } from '../../src/index.ts';

/**
 * A small system for the tests of the platform: parcels that are accepted at a depot, moved to others and delivered. A
 * table keyed by the stream, one keyed by a data field, totals over the first, and handlers that fail when told to.
 */

export const ParcelAccepted = defineEvent('ParcelAccepted', {
  schema: Type.Object({ label: Type.String(), depot: Type.String(), weight: Type.Number() }),
  tags: (data) => [`depot:${data.depot}`],
});
export const ParcelMoved = defineEvent('ParcelMoved', {
  schema: Type.Object({ label: Type.String(), depot: Type.String() }),
});
export const ParcelDelivered = defineEvent('ParcelDelivered', {
  schema: Type.Object({ label: Type.String() }),
  endsStream: true,
});

const deliverParcel: Decider<
  string,
  { readonly parcel: string },
  EventOf<typeof ParcelAccepted | typeof ParcelMoved | typeof ParcelDelivered>
> = {
  name: 'deliver-parcel',
  initial: '',
  boundary: ({ parcel }) => ({ stream: parcel }),
  decide: (label) => [ParcelDelivered({ label })],
  evolve: (_label, event) => event.data.label,
};

/** Parcels for the depot `at-once` are delivered by a timer that is due when they are accepted. */
const deliveries = defineTimers({
  id: 'delivery',
  on: {
    ParcelAccepted: (event) =>
      dataOf(event).depot === 'at-once'
        ? setTimer({ key: event.stream, dueAt: Math.ceil(event.occurredAt) })
        : undefined,
    ParcelDelivered: (event) => cancelTimer(event.stream),
  },
  fire: ({ key }) => ({ decider: deliverParcel, command: { parcel: key } }),
});

interface ParcelData {
  readonly label: string;
  readonly depot: string;
  readonly weight: number;
}

function dataOf(event: StoredEvent): ParcelData {
  // The definitions above check the data; a handler only touches what its own event type has.
  return event.data as object as ParcelData;
}

type ParcelRow = {
  readonly parcel_id: string;
  readonly depot: string;
  readonly weight: number;
  readonly moves: number;
  readonly arrived: boolean;
  readonly trail: { readonly depots: string[] };
  readonly accepted_at: number;
};

type LabelRow = { readonly label: string; readonly parcel_id: string; readonly delivered: boolean };

/** What goes wrong in an example's handlers; tests change it while the system runs. */
export interface Trouble {
  /** Throws for such an event, with a message that holds its data. */
  throwFor: (event: StoredEvent) => boolean;
  /** Writes a value that the database refuses for such an event. */
  refuseFor: (event: StoredEvent) => boolean;
  /** Called for each event that a handler folds. */
  seen: (event: StoredEvent) => void;
}

export interface Example {
  readonly system: SystemDefinition;
  readonly trouble: Trouble;
  readonly projection: ProjectionDefinition;
}

/** Makes the example with its own trouble. `extra` adds a second projection over the same events, `timers` timers. */
export function makeExample(options: { readonly extra?: boolean; readonly timers?: boolean } = {}): Example {
  const trouble: Trouble = { throwFor: () => false, refuseFor: () => false, seen: () => undefined };
  const check = (event: StoredEvent): void => {
    trouble.seen(event);
    if (trouble.throwFor(event))
      throw new Error(`no way for ${JSON.stringify(event.data)}\n    at 12:30:45 ${dataOf(event).label}`);
  };
  const weightOf = (event: StoredEvent, weight: number): number => (trouble.refuseFor(event) ? 1_000_000 : weight);

  const parcels = rows<ParcelRow>({
    table: 'parcels',
    key: 'parcel_id',
    columns: {
      parcel_id: 'text',
      depot: 'text',
      weight: 'integer',
      moves: 'integer',
      arrived: 'boolean',
      trail: 'json',
      accepted_at: 'timestamptz',
    },
    on: {
      ParcelAccepted(_row, event) {
        check(event);
        const { depot, weight } = dataOf(event);
        return {
          parcel_id: event.stream,
          depot,
          weight: weightOf(event, weight),
          moves: 0,
          arrived: false,
          trail: { depots: [depot] },
          accepted_at: event.occurredAt,
        };
      },
      ParcelMoved(row, event) {
        check(event);
        if (row === undefined) throw new Error('a parcel moved before it was accepted');
        const { depot } = dataOf(event);
        const weight = weightOf(event, row.weight);
        return { ...row, depot, weight, moves: row.moves + 1, trail: { depots: [...row.trail.depots, depot] } };
      },
      ParcelDelivered(row, event) {
        check(event);
        if (row === undefined) throw new Error('a parcel was delivered before it was accepted');
        // Light parcels leave no trace, so that rows are deleted, too.
        return row.weight < 10 ? undefined : { ...row, arrived: true };
      },
    },
    versionColumn: 'version',
    positionColumn: 'position',
  });
  const labels = rows<LabelRow>({
    table: 'labels',
    key: 'label',
    columns: { label: 'text', parcel_id: 'text', delivered: 'boolean' },
    keyOf: (event) => dataOf(event).label,
    on: {
      ParcelAccepted: (_row, event) => ({ label: dataOf(event).label, parcel_id: event.stream, delivered: false }),
      ParcelDelivered: (row, event) => ({
        label: dataOf(event).label,
        parcel_id: row?.parcel_id ?? event.stream,
        delivered: true,
      }),
    },
    positionColumn: 'position',
  });
  const depots = totals<ParcelRow>({
    table: 'depots',
    key: 'depot',
    of: parcels,
    keyOf: (row) => (row.arrived ? undefined : row.depot),
    sums: { parcels: () => 1, weight: (row) => row.weight },
    versionColumn: 'version',
    positionColumn: 'position',
  });
  const schema = new URL('./example.sql', import.meta.url);
  const projection = defineProjection({
    id: 'parcels',
    schema,
    rows: [parcels, labels],
    totals: [depots],
    exposes: ['parcels', 'labels', 'depots', 'heavy_parcels'],
  });
  const second = defineProjection({
    id: 'second-look',
    schema: new URL('./example-second.sql', import.meta.url),
    rows: [
      rows<{ readonly parcel_id: string; readonly events: number }>({
        table: 'parcel_events',
        key: 'parcel_id',
        columns: { parcel_id: 'text', events: 'integer' },
        on: Object.fromEntries(
          ['ParcelAccepted', 'ParcelMoved', 'ParcelDelivered'].map((type) => [
            type,
            (row, event) => ({ parcel_id: event.stream, events: (row?.events ?? 0) + 1 }),
          ]),
        ),
      }),
    ],
    exposes: ['parcel_events'],
  });
  return {
    trouble,
    projection,
    system: defineSystem({
      name: 'parcels',
      events: [ParcelAccepted, ParcelMoved, ParcelDelivered],
      tables: { events: 'parcel_events_log', outbox: 'parcel_outbox' },
      databases: { eventStore: 'parcels', readModels: 'parcels_read' },
      projections: options.extra === true ? [projection, second] : [projection],
      timers: options.timers === true ? [deliveries] : [],
    }),
  };
}

/** One event of the example: which parcel, and what happens to it. */
export type Step =
  | { readonly parcel: string; readonly what: 'accepted'; readonly depot: string; readonly weight: number }
  | { readonly parcel: string; readonly what: 'moved'; readonly depot: string }
  | { readonly parcel: string; readonly what: 'delivered' };

/** The event of a step. A parcel's label is made from its name, so that one key writes one row. */
export function eventOf(step: Step): {
  readonly stream: string;
  readonly type: string;
  readonly data: object;
  readonly id: string;
} {
  const stream = `parcel-${step.parcel}`;
  const label = `L-${step.parcel}`;
  const id = randomUUID();
  switch (step.what) {
    case 'accepted':
      return { id, stream, ...ParcelAccepted({ label, depot: step.depot, weight: step.weight }) };
    case 'moved':
      return { id, stream, ...ParcelMoved({ label, depot: step.depot }) };
    case 'delivered':
      return { id, stream, ...ParcelDelivered({ label }) };
  }
}

/** Accepted at the first depot, moved along the others. */
export function journey(parcel: string, depots: readonly string[], weight = 100): Step[] {
  const [first = 'north', ...others] = depots;
  return [
    { parcel, what: 'accepted', depot: first, weight },
    ...others.map((depot): Step => ({ parcel, what: 'moved', depot })),
  ];
}
