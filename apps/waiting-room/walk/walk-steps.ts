import * as fc from 'fast-check';
import type { Place } from '../domain/names.ts';
import { priorities, type Priority } from '../domain/priority.ts';
import { queueStates, type QueueState } from '../domain/queue-state.ts';
import { waitingRoomTimers } from '../domain/timers.ts';
import type { VisitCommand } from '../domain/visit-decider.ts';

/** What people do to a visit; the end of a call's time is the timer's. */
export type BareCommand = Exclude<VisitCommand['type'], 'call-expired'>;

/** One step of a walk. Visits are told by the order in which they came. */
export type Step =
  | {
      readonly do: 'check-in';
      readonly queue: number;
      readonly patient: number;
      readonly name: number;
      readonly priority: Priority;
    }
  | {
      readonly do: 'configure';
      readonly queue: number;
      readonly limit: number | null;
      readonly triage: boolean;
      readonly cashier: boolean;
      readonly siteId: string;
      readonly callTimeoutMinutes: number | null;
    }
  | {
      readonly do: 'configure-site';
      readonly siteId: string;
      readonly closesAt: string | null;
      readonly opensAt: string | null;
    }
  /** Time has passed for one of the timers that were ever set, whether it still stands for something or not. */
  | { readonly do: 'timer'; readonly id: string; readonly back: number }
  | { readonly do: 'identify'; readonly visit: number; readonly patient: number; readonly name: number }
  | { readonly do: 'queue-state'; readonly queue: number; readonly to: QueueState; readonly until: boolean }
  | { readonly do: 'place'; readonly kind: Place['kind']; readonly room: number; readonly active: boolean }
  | { readonly do: 'call'; readonly visit: number; readonly kind: Place['kind']; readonly room: number }
  | { readonly do: 'return'; readonly visit: number }
  | { readonly do: 'transfer'; readonly visit: number; readonly queue: number }
  | { readonly do: BareCommand; readonly visit: number; readonly priority: Priority };

/** Rooms and desks; two of them are the same. */
export const rooms = ['place-1', 'PLACE-1', 'place-2'];

const common = [
  'record-triage',
  'validate-payment',
  'absent-at-cashier',
  'start',
  'complete',
  'absent-at-consultation',
  'undo-call',
] as const satisfies readonly VisitCommand['type'][];
const rare = [
  'change-priority',
  'waive-payment',
  'recall',
  'park',
  'resume',
  'leave',
  'cancel',
] as const satisfies readonly VisitCommand['type'][];

// Mostly one site, or nobody could be sent to another queue.
const site = fc.constantFrom('main', 'main', 'main', 'north');
const kind = fc.constantFrom('room' as const, 'desk' as const);
const queue = fc.integer({ min: 1, max: 2 });
const room = fc.integer({ min: 0, max: rooms.length - 1 });
const priority = fc.constantFrom(...priorities);
// Few, so that one visit comes far.
const visit = fc.oneof({ weight: 3, arbitrary: fc.integer({ min: 0, max: 2 }) }, fc.integer({ min: 3, max: 9 }));
const does = <Name extends Step['do']>(name: Name) => fc.constant(name);

export const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 7,
    arbitrary: fc.record({
      do: does('check-in'),
      queue,
      patient: fc.integer({ min: 0, max: 2 }),
      name: fc.integer({ min: 0, max: 8 }),
      priority,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: does('configure'),
      queue,
      limit: fc.option(fc.integer({ min: 1, max: 3 })),
      triage: fc.boolean(),
      cashier: fc.boolean(),
      siteId: site,
      callTimeoutMinutes: fc.constantFrom(5, 5, null),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: does('configure-site'),
      siteId: site,
      closesAt: fc.constantFrom('20:00', '02:30', '20:00', null),
      opensAt: fc.constantFrom('07:30', '07:30', null),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: does('timer'),
      id: fc.constantFrom(...waitingRoomTimers.map(({ id }) => id)),
      // Mostly the newest, which stands most often.
      back: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.integer({ min: 0, max: 5 })),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: does('identify'),
      visit,
      patient: fc.integer({ min: 1, max: 2 }),
      name: fc.integer({ min: 0, max: 8 }),
    }),
  },
  // Open most of the time, so that something happens.
  {
    weight: 1,
    arbitrary: fc.record({
      do: does('queue-state'),
      queue,
      to: fc.constantFrom('OPEN', 'OPEN', 'OPEN', 'OPEN', 'OPEN', ...queueStates),
      until: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: does('place'), kind, room, active: fc.constantFrom(true, true, false) }),
  },
  {
    weight: 9,
    arbitrary: fc.record({ do: does('call'), visit, kind, room }),
  },
  // Three in a row for one patient would be rare otherwise.
  {
    weight: 9,
    arbitrary: fc.record({
      do: fc.constantFrom('payment-pending' as const, 'payment-pending' as const, 'cancel-by-payment' as const),
      visit: fc.integer({ min: 0, max: 1 }),
      priority,
    }),
  },
  // The same for patients who come back although they checked in again.
  { weight: 5, arbitrary: fc.record({ do: does('return'), visit: fc.integer({ min: 0, max: 2 }) }) },
  { weight: 3, arbitrary: fc.record({ do: does('no-show'), visit: fc.integer({ min: 0, max: 2 }), priority }) },
  { weight: 2, arbitrary: fc.record({ do: does('transfer'), visit, queue }) },
  { weight: 9, arbitrary: fc.record({ do: fc.constantFrom(...common), visit, priority }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom(...rare), visit, priority }) },
);
