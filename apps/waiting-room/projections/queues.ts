import { dataOf, rows, totals, type StoredEvent } from '#millrace';
import { QueueClosed, QueueConfigured, QueueOpened, QueuePaused } from '../domain/events.ts';
import { defaultsOf } from '../domain/queue.ts';
import type { QueueState } from '../domain/queue-state.ts';
import type { Priority } from '../domain/priority.ts';
import { isWaiting, type VisitStatus } from '../domain/status.ts';
import { visits, type VisitRow } from './visits.ts';

/** The settings in a row of `waiting_queues`. Times in milliseconds since 1970. */
export type QueueSettingsRow = {
  readonly queue_id: string;
  readonly queue_name: string;
  readonly max_capacity: number | null;
  readonly configured_at: number;
  readonly last_configured_at: number;
  /** Where patients go before the consultation. */
  readonly triage: boolean;
  readonly cashier: boolean;
  readonly state: QueueState;
  readonly state_reason: string | null;
  /** When the pause ends by itself. */
  readonly paused_until: number | null;
  readonly site_id: string;
  readonly ticket_prefix: string;
  readonly call_timeout_minutes: number | null;
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

interface Rested {
  readonly queueId: string;
  readonly reason?: string | null;
  readonly until?: string | null;
  readonly changedAt: string;
}

function rested(
  row: QueueSettingsRow | undefined,
  { queueId, reason = null, until = null, changedAt }: Rested,
  state: QueueState,
): QueueSettingsRow {
  const at = Date.parse(changedAt);
  // A row that the counts made has the columns of the settings empty.
  const own = defaultsOf(queueId);
  return {
    queue_id: queueId,
    queue_name: row?.queue_name ?? own.queueName,
    max_capacity: row?.max_capacity ?? null,
    configured_at: row?.configured_at ?? at,
    last_configured_at: at,
    triage: row?.triage ?? false,
    cashier: row?.cashier ?? false,
    state,
    state_reason: reason,
    paused_until: until === null ? null : Date.parse(until),
    site_id: row?.site_id ?? own.siteId,
    ticket_prefix: row?.ticket_prefix ?? own.ticketPrefix,
    call_timeout_minutes: row?.call_timeout_minutes ?? null,
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
    triage: 'boolean',
    cashier: 'boolean',
    state: 'text',
    state_reason: 'text',
    paused_until: 'timestamptz',
    site_id: 'text',
    ticket_prefix: 'text',
    call_timeout_minutes: 'integer',
  },
  keyOf: queueOf,
  on: {
    QueueConfigured(row, event) {
      const { queueId, queueName, maxCapacity, stages, configuredAt, ...more } = dataOf(QueueConfigured, event);
      const at = Date.parse(configuredAt);
      return {
        queue_id: queueId,
        queue_name: queueName,
        max_capacity: maxCapacity,
        // A row that the counts made has the columns of the settings empty.
        configured_at: row?.configured_at ?? at,
        last_configured_at: at,
        triage: stages.triage,
        cashier: stages.cashier,
        state: row?.state ?? 'OPEN',
        state_reason: row?.state_reason ?? null,
        paused_until: row?.paused_until ?? null,
        site_id: more.siteId,
        ticket_prefix: more.ticketPrefix,
        call_timeout_minutes: more.callTimeoutMinutes,
      };
    },
    QueueOpened: (row, event) => rested(row, dataOf(QueueOpened, event), 'OPEN'),
    QueuePaused: (row, event) => rested(row, dataOf(QueuePaused, event), 'PAUSED'),
    QueueClosed: (row, event) => rested(row, dataOf(QueueClosed, event), 'CLOSED'),
  },
  versionColumn: 'settings_version',
  positionColumn: 'settings_position',
});

const has = (status: VisitStatus) => (row: VisitRow) => (row.status === status ? 1 : 0);
const waits = (priority: Priority) => (row: VisitRow) => (isWaiting(row.status) && row.priority === priority ? 1 : 0);

/** How many visits of a queue stand where, and how long those who were called had waited. */
export const queueCounts = totals<VisitRow>({
  table: 'waiting_queues',
  key: 'queue_id',
  of: visits,
  keyOf: (row) => row.queue_id,
  sums: {
    waiting_triage: has('WAITING_TRIAGE'),
    waiting_cashier: has('WAITING_CASHIER'),
    at_cashier: has('AT_CASHIER'),
    payment_pending: has('PAYMENT_PENDING'),
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
    parked: has('PARKED'),
    cancelled_by_payment: has('CANCELLED_BY_PAYMENT'),
    cancelled_by_absence: has('CANCELLED_BY_ABSENCE'),
    left_unseen: has('LEFT'),
    calls: (row) => (row.first_called_at === null ? 0 : 1),
    waited_ms: (row) => (row.first_called_at === null ? 0 : row.first_called_at - row.arrived_at),
  },
  versionColumn: 'counts_version',
  positionColumn: 'counts_position',
});
