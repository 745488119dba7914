import { defineProjection, rows, type RowHandler } from '#millrace';
import { visitEventOf, type VisitEvent } from '../domain/events.ts';

/** How a visit ended. */
export type VisitOutcome =
  | 'COMPLETED'
  | 'NO_SHOW'
  | 'CANCELLED'
  | 'CANCELLED_BY_PAYMENT'
  | 'CANCELLED_BY_ABSENCE'
  | 'LEFT';

/** A row of `visit_times`: when a visit went from one stage to the next, and nobody's name. Milliseconds since 1970. */
export type VisitTimesRow = {
  readonly visit_id: string;
  readonly queue_id: string;
  readonly site_id: string;
  /** The hour of the arrival, in UTC. */
  readonly hour: number;
  readonly priority: string;
  readonly consultation_type: string;
  readonly arrived_at: number;
  readonly called_at: number | null;
  readonly started_at: number | null;
  readonly ended_at: number | null;
  readonly outcome: VisitOutcome | null;
};

/** The others change no time. */
const timedEvents = [
  'PatientCheckedIn',
  'TriageRecorded',
  'PriorityChanged',
  'PatientCalled',
  'CallUndone',
  'PatientAbsentAtConsultation',
  'PatientReceived',
  'PatientReturned',
  'ConsultationStarted',
  'ConsultationCompleted',
  'PatientNoShow',
  'VisitCancelled',
  'PatientCancelledByPayment',
  'PatientCancelledByAbsence',
  'PatientLeft',
  'VisitEndedAtClosing',
] as const satisfies readonly VisitEvent['type'][];

const hourMs = 3_600_000;

const ended = (at: string, outcome: VisitOutcome): Partial<VisitTimesRow> => ({ ended_at: Date.parse(at), outcome });
const notCalled = { called_at: null, started_at: null } as const;

function changes(row: VisitTimesRow, event: VisitEvent): Partial<VisitTimesRow> {
  switch (event.type) {
    case 'PatientCalled':
      // Who is called again after a result had an end of waiting already.
      return { called_at: row.called_at ?? Date.parse(event.data.calledAt) };
    case 'ConsultationStarted':
      return { started_at: Date.parse(event.data.startedAt) };
    case 'CallUndone':
    case 'PatientAbsentAtConsultation':
      return notCalled;
    case 'TriageRecorded':
    case 'PriorityChanged':
      return { priority: event.data.priority };
    case 'PatientReceived':
      return { ...notCalled, queue_id: event.data.queueId };
    case 'PatientReturned':
      return { ...notCalled, ended_at: null, outcome: null };
    case 'ConsultationCompleted':
      return ended(event.data.completedAt, 'COMPLETED');
    case 'PatientNoShow':
      return ended(event.data.recordedAt, 'NO_SHOW');
    case 'VisitCancelled':
      return ended(event.data.cancelledAt, 'CANCELLED');
    case 'PatientCancelledByPayment':
      return ended(event.data.cancelledAt, 'CANCELLED_BY_PAYMENT');
    case 'PatientCancelledByAbsence':
      return ended(event.data.cancelledAt, 'CANCELLED_BY_ABSENCE');
    case 'PatientLeft':
      return ended(event.data.leftAt, 'LEFT');
    case 'VisitEndedAtClosing':
      return ended(event.data.endedAt, 'LEFT');
    case 'PatientAbsentAtCashier':
    case 'PatientCalledAtCashier':
    case 'PatientCheckedIn':
    case 'PatientIdentified':
    case 'PatientParked':
    case 'PatientPaymentPending':
    case 'PatientPaymentValidated':
    case 'PatientRecalled':
    case 'PatientResumed':
    case 'PatientTransferred':
    case 'PaymentWaived':
      return {};
  }
}

const handle: RowHandler<VisitTimesRow> = (row, recorded) => {
  const event = visitEventOf(recorded);
  if (event?.type === 'PatientCheckedIn') {
    const { queueId, siteId, priority, consultationType, arrivedAt } = event.data;
    const at = Date.parse(arrivedAt);
    return {
      visit_id: recorded.stream,
      queue_id: queueId,
      site_id: siteId,
      hour: Math.floor(at / hourMs) * hourMs,
      priority,
      consultation_type: consultationType,
      arrived_at: at,
      called_at: null,
      started_at: null,
      ended_at: null,
      outcome: null,
    };
  }
  return row === undefined || event === undefined ? row : { ...row, ...changes(row, event) };
};

const visitTimes = rows<VisitTimesRow>({
  table: 'visit_times',
  key: 'visit_id',
  columns: {
    visit_id: 'text',
    queue_id: 'text',
    site_id: 'text',
    hour: 'timestamptz',
    priority: 'text',
    consultation_type: 'text',
    arrived_at: 'timestamptz',
    called_at: 'timestamptz',
    started_at: 'timestamptz',
    ended_at: 'timestamptz',
    outcome: 'text',
  },
  on: Object.fromEntries(timedEvents.map((type) => [type, handle])),
});

/**
 * Waiting and service times by hour, priority and kind of consultation. A consumer of its own with a queue of its own:
 * it may stand still without anybody in the waiting room noticing.
 */
export const analyticsProjection = defineProjection({
  id: 'waiting-room-analytics',
  queue: 'waiting-room-analytics-queue',
  schema: new URL('./visit-times.sql', import.meta.url),
  rows: [visitTimes],
  exposes: ['visit_times_view', 'visit_analytics_view'],
  mayLag: 200,
});
