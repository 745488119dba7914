import { defineSystem } from '#millrace';
import { waitingRoomEvents } from './domain/events.ts';
import { waitingRoomTimers } from './domain/timers.ts';
import { analyticsProjection } from './projections/visit-times.ts';
import { waitingRoomProjection } from './projections/waiting-room.ts';

/** The waiting room as Millrace sees it: its events, its read model, and the names of its tables and databases. */
export const waitingRoom = defineSystem({
  name: 'waiting-room',
  events: waitingRoomEvents,
  tables: { events: 'waiting_room_events', outbox: 'waiting_room_outbox' },
  databases: { eventStore: 'waitingroom_eventstore', readModels: 'waitingroom_read_models' },
  projections: [waitingRoomProjection, analyticsProjection],
  timers: waitingRoomTimers,
  transport: { exchange: 'waiting_room_events', routingPrefix: 'waiting.room' },
});
