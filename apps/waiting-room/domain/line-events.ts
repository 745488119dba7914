import { defineEvent, Type } from '#millrace';
import {
  answerBy,
  closed,
  line,
  mayHaveSeat,
  moment,
  patientId,
  patientName,
  priority,
  queueId,
  reason,
  room,
  seatTags,
  visit,
  visitTags,
} from './event-shapes.ts';
import { upcastCallFromV1 } from './upcasts.ts';

/** What happens to patients between the door and the room besides the straight way, and how they get out of it. */

/** Staff looked again. `line` is null for a patient who is in none at the moment. */
export const PriorityChanged = defineEvent('PriorityChanged', {
  schema: Type.Object(
    { ...visit, patientId, priority, reason, line: Type.Union([line, Type.Null()]), changedAt: moment },
    closed,
  ),
  personal: { reason: 'patientId' },
  tags: visitTags,
});

/** Called once more to the same place. */
export const PatientRecalled = defineEvent('PatientRecalled', {
  version: 2,
  schema: Type.Object(
    { ...visit, roomId: mayHaveSeat.roomId, deskId: mayHaveSeat.deskId, answerBy, recalledAt: moment },
    closed,
  ),
  tags: visitTags,
  upcasts: { 1: upcastCallFromV1 },
});

/** The call was a mistake: the patient has the old place again. Frees the room or desk. */
export const CallUndone = defineEvent('CallUndone', {
  schema: Type.Object({ ...visit, ...mayHaveSeat, line, undoneAt: moment }, closed),
  tags: seatTags,
});

/** The patient was called and did not come, and may be called again. Frees the room. `absence` counts them. */
export const PatientAbsentAtConsultation = defineEvent('PatientAbsentAtConsultation', {
  schema: Type.Object({ ...visit, ...room, absence: Type.Integer({ minimum: 1 }), line, recordedAt: moment }, closed),
  tags: seatTags,
});

/** The patient did not come once too often. Frees the room or desk. */
export const PatientCancelledByAbsence = defineEvent('PatientCancelledByAbsence', {
  schema: Type.Object(
    { ...visit, ...mayHaveSeat, absences: Type.Integer({ minimum: 1 }), cancelledAt: moment },
    closed,
  ),
  tags: seatTags,
  endsStream: true,
});

/** A patient who had been given up is here all the same, and waits with the time of arrival. Opens the visit again. */
export const PatientReturned = defineEvent('PatientReturned', {
  schema: Type.Object({ ...visit, line, returnedAt: moment }, closed),
  tags: visitTags,
});

/** Waits for something else than a call, say for a result. Frees the room. */
export const PatientParked = defineEvent('PatientParked', {
  schema: Type.Object({ ...visit, ...mayHaveSeat, parkedAt: moment }, closed),
  tags: seatTags,
});

export const PatientResumed = defineEvent('PatientResumed', {
  schema: Type.Object({ ...visit, line, resumedAt: moment }, closed),
  tags: visitTags,
});

/** Sent to another queue: the visit has left this one. Frees the room. {@link PatientReceived} follows at once. */
export const PatientTransferred = defineEvent('PatientTransferred', {
  schema: Type.Object({ ...visit, ...mayHaveSeat, toQueueId: queueId, transferredAt: moment }, closed),
  tags: seatTags,
});

/** The other half of a transfer: the visit goes on in this queue, with the time of arrival and under its pseudonym. */
export const PatientReceived = defineEvent('PatientReceived', {
  schema: Type.Object(
    { ...visit, fromQueueId: queueId, patientId, patientName, arrivedAt: moment, line, receivedAt: moment },
    closed,
  ),
  personal: { patientName: 'patientId' },
  tags: visitTags,
});

/** Left without being seen. Frees the room or desk. */
export const PatientLeft = defineEvent('PatientLeft', {
  schema: Type.Object({ ...visit, ...mayHaveSeat, leftAt: moment }, closed),
  tags: seatTags,
  endsStream: true,
});

/** Nobody called the patient before the day ended. */
export const VisitEndedAtClosing = defineEvent('VisitEndedAtClosing', {
  schema: Type.Object({ ...visit, reason: Type.Literal('DAY_CLOSED'), endedAt: moment }, closed),
  tags: visitTags,
  endsStream: true,
});

/** It became known who a patient is. From here on the visit stands under the patient's pseudonym. */
export const PatientIdentified = defineEvent('PatientIdentified', {
  schema: Type.Object({ ...visit, patientId, patientName, identifiedAt: moment }, closed),
  personal: { patientName: 'patientId' },
  tags: visitTags,
});

export const lineEvents = [
  PriorityChanged,
  PatientRecalled,
  CallUndone,
  PatientAbsentAtConsultation,
  PatientCancelledByAbsence,
  PatientReturned,
  PatientParked,
  PatientResumed,
  PatientTransferred,
  PatientReceived,
  PatientLeft,
  VisitEndedAtClosing,
  PatientIdentified,
] as const;
