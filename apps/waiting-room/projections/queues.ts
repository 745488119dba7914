import { dataOf, rows, totals, type StoredEvent } from '#millrace';
import { QueueClosed, QueueConfigured, QueueOpened, QueuePaused } from '../domain/events.ts';
import type { QueueState } from '../domain/queue-state.ts';
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
  readonly state: QueueState;
  readonly state_reason: string | null;
};

function queueOf(event: StoredEvent): string | undefined {
  switch (event.type) {
    case QueueConfigured.type:
      return dataOf(QueueConfigured, event).queueId;
    case QueueOpened.type:
      return dataOf(QueueOpened, event).queueId;
    case QueuePaused.type:
      return dataOf(QueuePaused, event).queueId;
    case QueueClosed.type:
      return dataOf(QueueClosed, event).queueId;
    default:
      return undefined;
  }
}

function rested(
  row: QueueSettingsRow | undefined,
  {
    queueId,
    reason,
    changedAt,
  }: { readonly queueId: string; readonly reason: string | null; readonly changedAt: string },
  state: QueueState,
): QueueSettingsRow {
  const at = Date.parse(changedAt);
  return {
    queue_id: queueId,
    queue_name: row?.queue_name ?? queueId,
    max_capacity: row?.max_capacity ?? null,
    configured_at: row?.configured_at ?? at,
    last_configured_at: at,
    state,
    state_reason: reason,
  };
}

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
    state: 'text',
    state_reason: 'text',
  },
  keyOf: queueOf,
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
        state: row?.state ?? 'OPEN',
        state_reason: row?.state_reason ?? null,
      };
    },
    QueueOpened: (row, event) => rested(row, { ...dataOf(QueueOpened, event), reason: null }, 'OPEN'),
    QueuePaused: (row, event) => rested(row, dataOf(QueuePaused, event), 'PAUSED'),
    QueueClosed: (row, event) => rested(row, dataOf(QueueClosed, event), 'CLOSED'),
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
