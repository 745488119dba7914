import { defineEvent, Type } from '#millrace';
import {
  closed,
  desk,
  line,
  mayHaveSeat,
  moment,
  patientId,
  priority,
  reason,
  seatTags,
  visit,
  visitTags,
} from './event-shapes.ts';

/** What happens before the consultation in a queue that has triage or a cashier. */

/** Triage found how urgent it is. An urgent patient does not go to the cashier first. */
export const TriageRecorded = defineEvent('TriageRecorded', {
  schema: Type.Object({ ...visit, priority, line, recordedAt: moment }, closed),
  tags: visitTags,
});

/** A desk called the patient. `turn` counts the patients of that desk. */
export const PatientCalledAtCashier = defineEvent('PatientCalledAtCashier', {
  schema: Type.Object({ ...visit, ...desk, calledAt: moment }, closed),
  tags: seatTags,
});

/** Paid. Frees the desk. */
export const PatientPaymentValidated = defineEvent('PatientPaymentValidated', {
  schema: Type.Object({ ...visit, ...desk, line, validatedAt: moment }, closed),
  tags: seatTags,
});

/** Tried to pay, and it did not go through. The patient stays at the desk. */
export const PatientPaymentPending = defineEvent('PatientPaymentPending', {
  schema: Type.Object(
    { ...visit, deskId: desk.deskId, attempt: Type.Integer({ minimum: 1 }), recordedAt: moment },
    closed,
  ),
  tags: visitTags,
});

/** Need not pay. Frees the desk when the patient is at one. */
export const PaymentWaived = defineEvent('PaymentWaived', {
  schema: Type.Object({ ...visit, ...mayHaveSeat, patientId, reason, line, waivedAt: moment }, closed),
  personal: { reason: 'patientId' },
  tags: seatTags,
});

/** Was called to the desk and did not come, or went away to get money. Frees the desk. `absence` counts them. */
export const PatientAbsentAtCashier = defineEvent('PatientAbsentAtCashier', {
  schema: Type.Object({ ...visit, ...desk, absence: Type.Integer({ minimum: 1 }), line, recordedAt: moment }, closed),
  tags: seatTags,
});

/** Could not pay in all the attempts there are. Frees the desk. */
export const PatientCancelledByPayment = defineEvent('PatientCancelledByPayment', {
  schema: Type.Object({ ...visit, ...desk, attempts: Type.Integer({ minimum: 1 }), cancelledAt: moment }, closed),
  tags: seatTags,
  endsStream: true,
});

export const cashierEvents = [
  TriageRecorded,
  PatientCalledAtCashier,
  PatientPaymentValidated,
  PatientPaymentPending,
  PaymentWaived,
  PatientAbsentAtCashier,
  PatientCancelledByPayment,
] as const;
