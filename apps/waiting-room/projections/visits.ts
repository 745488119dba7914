import { rows, type RowHandler } from '#millrace';
import { callOrderOf } from '../domain/call-order.ts';
import type { Line } from '../domain/event-shapes.ts';
import { visitEventOf, visitEvents, type VisitEvent } from '../domain/events.ts';
import { placeKey } from '../domain/names.ts';
import { rankOf, type Priority } from '../domain/priority.ts';
import { lineOf, statusAfter, type VisitStatus } from '../domain/status.ts';

/** A row of `visits`: one visit as it stands now. Times in milliseconds since 1970. */
export type VisitRow = {
  readonly visit_id: string;
  readonly queue_id: string;
  readonly site_id: string;
  /** The site's day, as a date. */
  readonly day: string;
  readonly patient_id: string;
  readonly patient_name: string;
  readonly ticket: string;
  readonly priority: Priority;
  readonly priority_rank: number;
  readonly consultation_type: string;
  readonly notes: string | null;
  readonly status: VisitStatus;
  readonly status_since: number;
  /** The room that called last and its turn, wherever the patient is now: what the next call into it counts from. */
  readonly room_id: string | null;
  readonly room_key: string | null;
  readonly room_turn: number | null;
  /** The same of a cashier's desk. */
  readonly desk_id: string | null;
  readonly desk_turn: number | null;
  readonly arrived_at: number;
  /** The last call to a place where the patient still is or was at the end. */
  readonly called_at: number | null;
  /** The first call into a room that was not taken back: the end of waiting. */
  readonly first_called_at: number | null;
  readonly started_at: number | null;
  readonly checked_out_at: number | null;
  readonly payment_attempts: number;
  readonly absences: number;
  /** Calls, and calls once more. */
  readonly calls: number;
  /** Who waits with the lowest number is called first; kept when the patient no longer waits. */
  readonly call_order: number;
};

const opened = (
  { data }: Extract<VisitEvent, { type: 'PatientCheckedIn' }>,
  status: VisitStatus,
  visitId: string,
): VisitRow => ({
  visit_id: visitId,
  queue_id: data.queueId,
  site_id: data.siteId,
  day: data.day,
  patient_id: data.patientId,
  patient_name: data.patientName,
  ticket: data.ticket,
  priority: data.priority,
  priority_rank: rankOf(data.priority),
  consultation_type: data.consultationType,
  notes: data.notes,
  status,
  status_since: Date.parse(data.arrivedAt),
  room_id: null,
  room_key: null,
  room_turn: null,
  desk_id: null,
  desk_turn: null,
  arrived_at: Date.parse(data.arrivedAt),
  called_at: null,
  first_called_at: null,
  started_at: null,
  checked_out_at: null,
  payment_attempts: 0,
  absences: 0,
  calls: 0,
  call_order: callOrderOf(data.priority, Date.parse(data.arrivedAt)),
});

/** An event without its check-in changes nothing. */
const handle: RowHandler<VisitRow> = (row, recorded) => {
  const event = visitEventOf(recorded);
  // Its other half, which follows at once, says where the patient is.
  if (event === undefined || event.type === 'PatientTransferred') return row;
  const status = statusAfter(event);
  if (event.type === 'PatientCheckedIn') return opened(event, status ?? 'WAITING', recorded.stream);
  if (row === undefined) return undefined;
  const moved = status === undefined || status === row.status ? {} : { status, status_since: momentIn(event) };
  return { ...row, ...moved, ...inLine(lineOf(event)), ...particulars(row, event) };
};

/** When an event happened: each says it under a name of its own. */
function momentIn({ data }: VisitEvent): number {
  for (const [name, value] of Object.entries(data)) {
    if (/[a-z]At$/.test(name) && name !== 'arrivedAt' && typeof value === 'string') return Date.parse(value);
  }
  return 0;
}

function inLine(line: Line | undefined): Partial<VisitRow> {
  if (line === undefined) return {};
  const { priority, placeAt } = line;
  const order = callOrderOf(priority, Date.parse(placeAt));
  return { priority, priority_rank: rankOf(priority), call_order: order, called_at: null };
}

const ended = (at: string): Partial<VisitRow> => ({ checked_out_at: Date.parse(at) });

/** What an event says besides status and place in line. */
function particulars(row: VisitRow, event: VisitEvent): Partial<VisitRow> {
  switch (event.type) {
    case 'PatientCalled': {
      const { roomId, turn, calledAt } = event.data;
      const at = Date.parse(calledAt);
      const room = { room_id: roomId, room_key: placeKey(roomId), room_turn: turn };
      return { ...room, called_at: at, first_called_at: row.first_called_at ?? at, calls: row.calls + 1 };
    }
    case 'PatientCalledAtCashier': {
      const { deskId, turn, calledAt } = event.data;
      return { desk_id: deskId, desk_turn: turn, called_at: Date.parse(calledAt), calls: row.calls + 1 };
    }
    case 'PatientRecalled':
      return { called_at: Date.parse(event.data.recalledAt), calls: row.calls + 1 };
    case 'CallUndone':
      return { first_called_at: null };
    case 'PatientAbsentAtCashier':
      return { absences: row.absences + 1 };
    case 'PatientAbsentAtConsultation':
      return { first_called_at: null, absences: row.absences + 1 };
    case 'PatientCancelledByAbsence':
      return { ...ended(event.data.cancelledAt), absences: row.absences + 1 };
    case 'PatientPaymentPending':
      return { payment_attempts: event.data.attempt };
    case 'PriorityChanged':
      return { priority: event.data.priority, priority_rank: rankOf(event.data.priority) };
    case 'PatientReceived':
      return { queue_id: event.data.queueId, first_called_at: null, started_at: null };
    case 'PatientReturned':
      return { first_called_at: null, checked_out_at: null };
    case 'ConsultationStarted':
      return { started_at: Date.parse(event.data.startedAt) };
    case 'ConsultationCompleted':
      return ended(event.data.completedAt);
    case 'PatientNoShow':
      return ended(event.data.recordedAt);
    case 'VisitCancelled':
    case 'PatientCancelledByPayment':
      return ended(event.data.cancelledAt);
    case 'PatientLeft':
      return ended(event.data.leftAt);
    case 'VisitEndedAtClosing':
      return ended(event.data.endedAt);
    case 'PatientIdentified':
      return { patient_id: event.data.patientId, patient_name: event.data.patientName };
    case 'PatientCheckedIn':
    case 'PatientParked':
    case 'PatientPaymentValidated':
    case 'PatientResumed':
    case 'PatientTransferred':
    case 'PaymentWaived':
    case 'TriageRecorded':
      return {};
  }
}

/** One row for each visit, keyed by the visit's stream. */
export const visits = rows<VisitRow>({
  table: 'visits',
  key: 'visit_id',
  columns: {
    visit_id: 'text',
    queue_id: 'text',
    site_id: 'text',
    day: 'text',
    patient_id: 'text',
    patient_name: 'text',
    ticket: 'text',
    priority: 'text',
    priority_rank: 'integer',
    consultation_type: 'text',
    notes: 'text',
    status: 'text',
    status_since: 'timestamptz',
    room_id: 'text',
    room_key: 'text',
    room_turn: 'integer',
    desk_id: 'text',
    desk_turn: 'integer',
    arrived_at: 'timestamptz',
    called_at: 'timestamptz',
    first_called_at: 'timestamptz',
    started_at: 'timestamptz',
    checked_out_at: 'timestamptz',
    payment_attempts: 'integer',
    absences: 'integer',
    calls: 'integer',
    call_order: 'bigint',
  },
  on: Object.fromEntries(visitEvents.map(({ type }) => [type, handle])),
  versionColumn: 'updated_by_event_version',
  positionColumn: 'updated_position',
});
