import { defineProjection } from '#millrace';
import { queueCounts, queueSettings } from './queues.ts';
import { places } from './rooms.ts';
import { sites } from './sites.ts';
import { visits } from './visits.ts';

/** The read model that the monitor, the lists and `call next` look at. */
export const waitingRoomProjection = defineProjection({
  id: 'waiting-room',
  queue: 'waiting-room-projection-queue',
  schema: new URL('./schema.sql', import.meta.url),
  rows: [visits, queueSettings, places, sites],
  totals: [queueCounts],
  exposes: [
    'waiting_queue_view',
    'waiting_patients_view',
    'visits_view',
    'rooms_view',
    'desks_view',
    'sites',
    'places',
    'public_calls_view',
  ],
});
