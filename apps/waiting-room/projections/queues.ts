import { dataOf, rows, totals } from '#millrace';
import { QueueConfigured } from '../domain/events.ts';
import type { Priority } from '../domain/priority.ts';
import type { VisitStatus } from '../domain/visit.ts';
import { visits, type VisitRow } from './visits.ts';

/** The settings in a row of `waiting_queues`. Times in milliseconds since 1970. */
export type QueueSettingsRow = {
  readonly queue_id: string;
  readonly queue_name: string;
  readonly max_capacity: number | null;
  readonly configured_at: number;
  readonly last_configured_at: number;
};

/** What was set for a queue. A queue that was only checked in to has no such columns; the view fills them in. */
export const queueSettings = rows<QueueSettingsRow>({
  table: 'waiting_queues',
  key: 'queue_id',
  columns: {
    queue_id: 'text',
    queue_name: 'text',
    max_capacity: 'integer',
    configured_at: 'timestamptz',
    last_configured_at: 'timestamptz',
  },
  keyOf: (event) => (event.type === QueueConfigured.type ? dataOf(QueueConfigured, event).queueId : undefined),
  on: {
    QueueConfigured(row, event) {
      const { queueId, queueName, maxCapacity, configuredAt } = dataOf(QueueConfigured, event);
      const at = Date.parse(configuredAt);
      return {
        queue_id: queueId,
        queue_name: queueName,
        max_capacity: maxCapacity,
        // A row that the counts made has the columns of the settings empty.
        configured_at: row?.configured_at ?? at,
        last_configured_at: at,
      };
    },
  },
  versionColumn: 'settings_version',
  positionColumn: 'settings_position',
});

const has = (status: VisitStatus) => (row: VisitRow) => (row.status === status ? 1 : 0);
const waits = (priority: Priority) => (row: VisitRow) =>
  row.status === 'WAITING' && row.priority === priority ? 1 : 0;

/** How many visits of a queue stand where, and how long those who were called had waited. */
export const queueCounts = totals<VisitRow>({
  table: 'waiting_queues',
  key: 'queue_id',
  of: visits,
  keyOf: (row) => row.queue_id,
  sums: {
    waiting: has('WAITING'),
    waiting_urgent: waits('Urgent'),
    waiting_high: waits('High'),
    waiting_medium: waits('Medium'),
    waiting_low: waits('Low'),
    called: has('CALLED'),
    in_consultation: has('IN_CONSULTATION'),
    completed: has('COMPLETED'),
    no_show: has('NO_SHOW'),
    cancelled: has('CANCELLED'),
    calls: (row) => (row.called_at === null ? 0 : 1),
    waited_ms: (row) => (row.called_at === null ? 0 : row.called_at - row.arrived_at),
  },
  versionColumn: 'counts_version',
  positionColumn: 'counts_position',
});
