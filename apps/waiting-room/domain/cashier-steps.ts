import {
  PatientAbsentAtCashier,
  PatientCancelledByAbsence,
  PatientCancelledByPayment,
  PatientPaymentPending,
  PatientPaymentValidated,
  PaymentWaived,
  TriageRecorded,
} from './events.ts';
import type { Priority } from './priority.ts';
import { refuse } from './refusals.ts';
import { aboutVisit, lineFor, seatFields, type Visit } from './visit.ts';

/** So often may a payment fail; only then is the visit given up for it. */
export const paymentAttempts = 3;
/** A patient who was called to a desk and does not come is called twice more. */
export const cashierAbsences = 2;

export type CashierCommand =
  | { readonly type: 'record-triage'; readonly priority: Priority }
  | { readonly type: 'waive-payment'; readonly reason: string }
  | { readonly type: 'validate-payment' | 'payment-pending' | 'cancel-by-payment' | 'absent-at-cashier' };

/** What comes of a permitted step before the consultation. `at`: the moment of it. */
export function decideAtCashier(visit: Visit, command: CashierCommand, at: string) {
  const about = aboutVisit(visit);
  switch (command.type) {
    case 'record-triage': {
      const { priority } = command;
      const waitsFor = visit.owesPayment && priority !== 'Urgent' ? 'CASHIER' : 'CONSULTATION';
      return TriageRecorded({ ...about, priority, line: { ...lineFor(visit, waitsFor), priority }, recordedAt: at });
    }
    case 'waive-payment': {
      const { patientId } = visit;
      const line = lineFor(visit, 'CONSULTATION');
      return PaymentWaived({ ...about, ...seatFields(visit), patientId, reason: command.reason, line, waivedAt: at });
    }
    case 'validate-payment':
      return PatientPaymentValidated({
        ...about,
        ...deskOf(visit),
        line: lineFor(visit, 'CONSULTATION'),
        validatedAt: at,
      });
    case 'payment-pending': {
      const attempt = visit.paymentAttempts + 1;
      if (attempt > paymentAttempts) {
        throw refuse('PAYMENT_ATTEMPTS_EXHAUSTED', { field: 'visitId', problem: `has ${paymentAttempts} attempts` });
      }
      return PatientPaymentPending({ ...about, deskId: deskOf(visit).deskId, attempt, recordedAt: at });
    }
    case 'cancel-by-payment': {
      const attempts = visit.paymentAttempts;
      if (attempts < paymentAttempts) {
        throw refuse('PAYMENT_ATTEMPTS_LEFT', { field: 'visitId', problem: `has had ${attempts} attempts` });
      }
      return PatientCancelledByPayment({ ...about, ...deskOf(visit), attempts, cancelledAt: at });
    }
    case 'absent-at-cashier': {
      const absence = visit.cashierAbsences + 1;
      if (absence > cashierAbsences) {
        return PatientCancelledByAbsence({ ...about, ...seatFields(visit), absences: absence, cancelledAt: at });
      }
      // Behind those of the same priority who wait now.
      const line = { ...lineFor(visit, 'CASHIER'), placeAt: at };
      return PatientAbsentAtCashier({ ...about, ...deskOf(visit), absence, line, recordedAt: at });
    }
  }
}

function deskOf({ seat }: Visit): { readonly deskId: string; readonly turn: number } {
  if (seat?.place.kind !== 'desk') throw refuse('VISIT_NOT_AT_CASHIER', { field: 'visitId', problem: 'is at no desk' });
  return { deskId: seat.place.id, turn: seat.turn };
}
