import { dataOf, rows, type EventDefinition, type RowHandler } from '#millrace';
import { callOrderOf } from '../domain/call-order.ts';
import {
  ConsultationCompleted,
  ConsultationStarted,
  PatientCalled,
  PatientCheckedIn,
  PatientNoShow,
  VisitCancelled,
} from '../domain/events.ts';
import { placeKey } from '../domain/names.ts';
import { rankOf } from '../domain/priority.ts';
import { ticketOf } from '../domain/ticket.ts';
import type { VisitStatus } from '../domain/visit.ts';

/** A row of `visits`: one visit as it stands now. Times in milliseconds since 1970. */
export type VisitRow = {
  readonly visit_id: string;
  readonly queue_id: string;
  readonly patient_id: string;
  readonly patient_name: string;
  readonly ticket: string;
  readonly priority: string;
  readonly priority_rank: number;
  readonly consultation_type: string;
  readonly notes: string | null;
  readonly status: VisitStatus;
  readonly room_id: string | null;
  readonly room_key: string | null;
  readonly room_turn: number | null;
  readonly arrived_at: number;
  readonly called_at: number | null;
  readonly started_at: number | null;
  readonly checked_out_at: number | null;
  /** Who waits with the lowest number is called first; kept when the patient no longer waits. */
  readonly call_order: number;
};

/** A handler that changes a row which is there; an event without its check-in changes nothing. */
function change<Data>(
  definition: EventDefinition<string, Data>,
  changes: (data: Data) => Partial<VisitRow>,
): RowHandler<VisitRow> {
  return (row, event) => (row === undefined ? undefined : { ...row, ...changes(dataOf(definition, event)) });
}

const opened: RowHandler<VisitRow> = (_row, event) => {
  const data = dataOf(PatientCheckedIn, event);
  return {
    visit_id: event.stream,
    queue_id: data.queueId,
    patient_id: data.patientId,
    patient_name: data.patientName,
    ticket: ticketOf(event.stream),
    priority: data.priority,
    priority_rank: rankOf(data.priority),
    consultation_type: data.consultationType,
    notes: data.notes,
    status: 'WAITING',
    room_id: null,
    room_key: null,
    room_turn: null,
    arrived_at: Date.parse(data.arrivedAt),
    called_at: null,
    started_at: null,
    checked_out_at: null,
    call_order: callOrderOf(data.priority, Date.parse(data.arrivedAt)),
  };
};

/** One row for each visit, keyed by the visit's stream. */
export const visits = rows<VisitRow>({
  table: 'visits',
  key: 'visit_id',
  columns: {
    visit_id: 'text',
    queue_id: 'text',
    patient_id: 'text',
    patient_name: 'text',
    ticket: 'text',
    priority: 'text',
    priority_rank: 'integer',
    consultation_type: 'text',
    notes: 'text',
    status: 'text',
    room_id: 'text',
    room_key: 'text',
    room_turn: 'integer',
    arrived_at: 'timestamptz',
    called_at: 'timestamptz',
    started_at: 'timestamptz',
    checked_out_at: 'timestamptz',
    call_order: 'bigint',
  },
  on: {
    PatientCheckedIn: opened,
    PatientCalled: change(PatientCalled, (data) => ({
      status: 'CALLED',
      room_id: data.roomId,
      room_key: placeKey(data.roomId),
      room_turn: data.turn,
      called_at: Date.parse(data.calledAt),
    })),
    ConsultationStarted: change(ConsultationStarted, (data) => ({
      status: 'IN_CONSULTATION',
      started_at: Date.parse(data.startedAt),
    })),
    ConsultationCompleted: change(ConsultationCompleted, (data) => ({
      status: 'COMPLETED',
      checked_out_at: Date.parse(data.completedAt),
    })),
    PatientNoShow: change(PatientNoShow, (data) => ({
      status: 'NO_SHOW',
      checked_out_at: Date.parse(data.recordedAt),
    })),
    VisitCancelled: change(VisitCancelled, (data) => ({
      status: 'CANCELLED',
      checked_out_at: Date.parse(data.cancelledAt),
    })),
  },
  versionColumn: 'updated_by_event_version',
  positionColumn: 'updated_position',
});
