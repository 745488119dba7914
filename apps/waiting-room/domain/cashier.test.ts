import { given } from '#millrace/testing';
import { describe, expect, test } from 'vitest';
import { callDecider, CallMissed } from './call.ts';
import {
  momentOf,
  PatientAbsentAtCashier,
  PatientCalledAtCashier,
  PatientCancelledByAbsence,
  PatientCancelledByPayment,
  PatientPaymentValidated,
  PaymentWaived,
  PriorityChanged,
  TriageRecorded,
} from './events.ts';
import {
  about,
  cashierLine,
  checkIn,
  consultationLine,
  hasCheckedIn,
  inVain,
  now,
  pasts,
  visitId,
} from './john-doe.ts';
import { pathOf } from './stages.ts';
import { visitDecider } from './visit-decider.ts';
import { checkInToUnlimitedQueue } from './check-in-unlimited.ts';

const at = momentOf(now);
const desk = { deskId: 'desk-1', turn: 1 };
const seat = { ...desk, roomId: null };
const atCashier = pasts.AT_CASHIER;
const later = momentOf(now + 600_000);

describe('the way to the consultation', () => {
  test('is fixed at the check-in, and Urgent does not lead past the cashier', () => {
    const stages = { triage: true, cashier: true };
    expect(pathOf(stages, 'Low')).toEqual(['TRIAGE', 'CASHIER']);
    expect(pathOf(stages, 'Urgent')).toEqual(['TRIAGE']);
    expect(pathOf({ triage: false, cashier: false }, 'Low')).toEqual([]);
    given(checkInToUnlimitedQueue, [])
      .when(checkIn({ stages }))
      .thenEvents(hasCheckedIn({ path: ['TRIAGE', 'CASHIER'] }));
  });

  test('leads from triage to the cashier with the new priority and the old time of arrival', () => {
    given(visitDecider, pasts.WAITING_TRIAGE)
      .when({ type: 'record-triage', visitId, priority: 'Low' })
      .thenEvents(
        TriageRecorded({ ...about, priority: 'Low', line: { ...cashierLine, priority: 'Low' }, recordedAt: at }),
      );
  });

  test.each([
    ['triage', pasts.WAITING_TRIAGE, TriageRecorded, 'record-triage'],
    ['a change while the patient waits for the cashier', pasts.WAITING_CASHIER, PriorityChanged, 'change-priority'],
  ] as const)('leads past the cashier when %s says Urgent', (_, past, { type: eventType }, type) => {
    const command = { type, visitId, priority: 'Urgent', reason: 'Faints.' } as const;
    const [event] = given(visitDecider, past).when(command).events;
    expect(event).toMatchObject({ type: eventType, data: { line: { waitsFor: 'CONSULTATION', priority: 'Urgent' } } });
  });

  test('of a queue without a cashier leads from triage to the consultation', () => {
    const [event] = given(visitDecider, [hasCheckedIn({ path: ['TRIAGE'] })]).when({
      ...{ type: 'record-triage', visitId, priority: 'Low' },
    }).events;
    expect(event?.data).toMatchObject({ line: { waitsFor: 'CONSULTATION' } });
  });
});

describe('a desk', () => {
  const place = { kind: 'desk', id: 'desk-1' } as const;
  const call = { visitId, queueId: 'queue-1', place, turn: 1 };
  const other = { ...about, visitId: 'visit-019b7544-0000-7000-8000-000000000002', patientKey: null };
  const otherCalled = PatientCalledAtCashier({ ...other, ...desk, calledAt: at });

  test('calls who waits for the cashier', () => {
    given(callDecider, pasts.WAITING_CASHIER)
      .when(call)
      .thenEvents(PatientCalledAtCashier({ ...about, ...desk, calledAt: at }));
  });

  test('calls nobody who has paid, and a room nobody who has not', () => {
    given(callDecider, pasts.WAITING).when(call).thenRefused('VISIT_NOT_WAITING');
    given(callDecider, pasts.WAITING_CASHIER)
      .when({ ...call, place: { kind: 'room', id: 'room-1' } })
      .thenRefused('VISIT_NOT_WAITING');
  });

  test('holds one patient', () => {
    given(callDecider, [...pasts.WAITING_CASHIER, otherCalled])
      .when({ ...call, turn: 2 })
      .thenRefused('DESK_OCCUPIED');
    given(callDecider, [...pasts.WAITING_CASHIER, otherCalled])
      .when(call)
      .thenThrows(CallMissed);
  });

  test('is free when its patient paid', () => {
    const paid = PatientPaymentValidated({ ...other, ...desk, line: consultationLine, validatedAt: at });
    given(callDecider, [...pasts.WAITING_CASHIER, otherCalled, paid])
      .when({ ...call, turn: 2 })
      .thenEvents(PatientCalledAtCashier({ ...about, ...desk, turn: 2, calledAt: at }));
  });
});

describe('a payment', () => {
  test('leads to the line before the consultation, with the time of arrival', () => {
    given(visitDecider, atCashier)
      .when({ type: 'validate-payment', visitId }, { now: now + 600_000 })
      .thenEvents(PatientPaymentValidated({ ...about, ...desk, line: consultationLine, validatedAt: later }));
  });

  test('may fail three times, and the patient stays at the desk', () => {
    const pending = { type: 'payment-pending', visitId } as const;
    given(visitDecider, atCashier).when(pending).thenEvents(inVain(1));
    given(visitDecider, [...atCashier, inVain(1), inVain(2)])
      .when(pending)
      .thenEvents(inVain(3));
    given(visitDecider, [...atCashier, inVain(1), inVain(2), inVain(3)])
      .when(pending)
      .thenRefused('PAYMENT_ATTEMPTS_EXHAUSTED');
  });

  test('gives the visit up only after the third time', () => {
    const cancel = { type: 'cancel-by-payment', visitId } as const;
    for (const past of [atCashier, [...atCashier, inVain(1), inVain(2)]]) {
      given(visitDecider, past).when(cancel).thenRefused('PAYMENT_ATTEMPTS_LEFT');
    }
    given(visitDecider, [...atCashier, inVain(1), inVain(2), inVain(3)])
      .when(cancel)
      .thenEvents(PatientCancelledByPayment({ ...about, ...desk, attempts: 3, cancelledAt: at }));
  });

  test.each([
    ['in line', pasts.WAITING_CASHIER, { roomId: null, deskId: null, turn: null }],
    ['at the desk', pasts.PAYMENT_PENDING, seat],
  ])('can be waived with a reason while the patient is %s', (_, past, place) => {
    given(visitDecider, past)
      .when({ type: 'waive-payment', visitId, reason: 'Insured.' })
      .thenEvents(
        PaymentWaived({
          ...{ ...about, ...place, patientId: 'patient-1', reason: 'Insured.' },
          ...{ line: consultationLine, waivedAt: at },
        }),
      );
  });
});

describe('a patient who does not come to the desk', () => {
  const absent = (absence: number) =>
    PatientAbsentAtCashier({ ...about, ...desk, absence, line: cashierLine, recordedAt: at });
  const again = PatientCalledAtCashier({ ...about, ...desk, turn: 2, calledAt: at });

  test('stands in line again, behind those of the same priority who wait', () => {
    given(visitDecider, atCashier)
      .when({ type: 'absent-at-cashier', visitId }, { now: now + 600_000 })
      .thenEvents(
        PatientAbsentAtCashier({
          ...{ ...about, ...desk, absence: 1 },
          ...{ line: { ...cashierLine, placeAt: later }, recordedAt: later },
        }),
      );
  });

  test('is given up the third time', () => {
    given(visitDecider, [...atCashier, absent(1), again, absent(2), again])
      .when({ type: 'absent-at-cashier', visitId })
      .thenEvents(PatientCancelledByAbsence({ ...about, ...seat, turn: 2, absences: 3, cancelledAt: at }));
  });
});
