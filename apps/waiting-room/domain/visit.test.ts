import { given } from '#millrace/testing';
import { describe, expect, test } from 'vitest';
import {
  ConsultationCompleted,
  ConsultationStarted,
  momentOf,
  PatientAbsentAtConsultation,
  PatientCancelledByAbsence,
  PatientNoShow,
  PatientParked,
  PatientRecalled,
  PatientResumed,
  PriorityChanged,
  VisitCancelled,
  CallUndone,
  PatientLeft,
} from './events.ts';
import { about, called, consultationLine, now, pasts, visitId, waiting } from './john-doe.ts';
import { visitStatuses, type VisitStatus } from './status.ts';
import { transitions } from './transitions.ts';
import { visitDecider, type VisitCommand } from './visit-decider.ts';

const at = momentOf(now);
const later = now + 600_000;
const inRoom = { roomId: 'room-1', turn: 1 };
const inSeat = { ...inRoom, deskId: null };
const nowhere = { roomId: null, deskId: null, turn: null };

describe('a visit', () => {
  test('begins its consultation in the room that called', () => {
    given(visitDecider, called)
      .when({ type: 'start', visitId })
      .thenEvents(ConsultationStarted({ ...about, roomId: 'room-1', startedAt: at }));
  });

  test.each([
    ['after the call', called],
    ['after the start', pasts.IN_CONSULTATION],
  ])('can be completed %s, which frees the room', (_, past) => {
    given(visitDecider, past)
      .when({ type: 'complete', visitId })
      .thenEvents(ConsultationCompleted({ ...about, ...inRoom, completedAt: at }));
  });

  test('of a patient who was called and did not come is a no-show, which frees the room', () => {
    given(visitDecider, called)
      .when({ type: 'no-show', visitId })
      .thenEvents(PatientNoShow({ ...about, ...inRoom, recordedAt: at }));
  });

  test('can be cancelled while the patient waits', () => {
    const outOfTheDoor = VisitCancelled({
      ...{ ...about, patientId: 'patient-1', roomId: null, turn: null },
      ...{ reason: 'Left.', cancelledAt: at },
    });
    given(visitDecider, waiting).when({ type: 'cancel', visitId, reason: 'Left.' }).thenEvents(outOfTheDoor);
  });

  test('can be cancelled after the call, which frees the room', () => {
    const [event] = given(visitDecider, called).when({ type: 'cancel', visitId, reason: 'Left.' }).events;
    expect(event?.data).toMatchObject({ roomId: 'room-1', turn: 1 });
  });
});

describe('a patient who was called', () => {
  test('and does not come stands once more in line, behind those of the same priority who wait', () => {
    const line = { ...consultationLine, placeAt: momentOf(later) };
    given(visitDecider, called)
      .when({ type: 'absent-at-consultation', visitId }, { now: later })
      .thenEvents(PatientAbsentAtConsultation({ ...about, ...inRoom, absence: 1, line, recordedAt: momentOf(later) }));
  });

  test('and does not come a second time is given up', () => {
    const absent = PatientAbsentAtConsultation({
      ...{ ...about, ...inRoom, absence: 1, line: consultationLine, recordedAt: at },
    });
    given(visitDecider, [...called, absent, ...called.slice(1)])
      .when({ type: 'absent-at-consultation', visitId })
      .thenEvents(PatientCancelledByAbsence({ ...about, ...inSeat, absences: 2, cancelledAt: at }));
  });

  test('can be called once more to the same room', () => {
    given(visitDecider, called)
      .when({ type: 'recall', visitId })
      .thenEvents(PatientRecalled({ ...about, roomId: 'room-1', deskId: null, answerBy: null, recalledAt: at }));
  });

  test('by mistake has the old place again, and the room is free', () => {
    given(visitDecider, called)
      .when({ type: 'undo-call', visitId }, { now: later })
      .thenEvents(CallUndone({ ...about, ...inSeat, line: consultationLine, undoneAt: momentOf(later) }));
  });
});

describe('a patient who waits', () => {
  test('for a result is parked, which frees the room, and has the place of the arrival afterwards', () => {
    given(visitDecider, pasts.IN_CONSULTATION)
      .when({ type: 'park', visitId })
      .thenEvents(PatientParked({ ...about, ...inSeat, parkedAt: at }));
    given(visitDecider, pasts.PARKED)
      .when({ type: 'resume', visitId }, { now: later })
      .thenEvents(PatientResumed({ ...about, line: consultationLine, resumedAt: momentOf(later) }));
  });

  test('can become more urgent, and keeps the time of arrival', () => {
    const change = { ...about, patientId: 'patient-1', priority: 'Urgent' as const, reason: 'Faints.', changedAt: at };
    const command = { type: 'change-priority', visitId, priority: 'Urgent', reason: 'Faints.' } as const;
    given(visitDecider, waiting)
      .when(command)
      .thenEvents(PriorityChanged({ ...change, line: { ...consultationLine, priority: 'Urgent' } }));
    given(visitDecider, pasts.PARKED)
      .when(command)
      .thenEvents(PriorityChanged({ ...change, line: null }));
  });

  test('may leave without being seen', () => {
    given(visitDecider, waiting)
      .when({ type: 'leave', visitId })
      .thenEvents(PatientLeft({ ...about, ...nowhere, leftAt: at }));
  });
});

const commands: { readonly [Type in VisitCommand['type']]: VisitCommand } = {
  start: { type: 'start', visitId },
  complete: { type: 'complete', visitId },
  'no-show': { type: 'no-show', visitId },
  'absent-at-consultation': { type: 'absent-at-consultation', visitId },
  'call-expired': { type: 'call-expired', visitId, answerBy: now },
  'record-triage': { type: 'record-triage', visitId, priority: 'Low' },
  'validate-payment': { type: 'validate-payment', visitId },
  'payment-pending': { type: 'payment-pending', visitId },
  'waive-payment': { type: 'waive-payment', visitId, reason: 'Staff.' },
  'cancel-by-payment': { type: 'cancel-by-payment', visitId },
  'absent-at-cashier': { type: 'absent-at-cashier', visitId },
  'change-priority': { type: 'change-priority', visitId, priority: 'Low', reason: 'Better.' },
  recall: { type: 'recall', visitId },
  'undo-call': { type: 'undo-call', visitId },
  park: { type: 'park', visitId },
  resume: { type: 'resume', visitId },
  leave: { type: 'leave', visitId },
  cancel: { type: 'cancel', visitId, reason: 'Left.' },
};

describe('a step that is not listed', () => {
  const cases = Object.values(commands).flatMap((command) => {
    const { from, otherwise }: { from: readonly VisitStatus[]; otherwise: string } = transitions[command.type];
    return visitStatuses.filter((state) => !from.includes(state)).map((state) => ({ command, state, code: otherwise }));
  });

  test.each(cases)('$command.type from $state is refused with $code', ({ command, state, code }) => {
    given(visitDecider, pasts[state]).when(command).thenRefused(code);
  });

  test.each(Object.values(commands))('$type of a visit that nobody knows is refused', (command) => {
    given(visitDecider, []).when(command).thenRefused('VISIT_NOT_FOUND');
  });

  test('every listed one is decided', () => {
    for (const command of Object.values(commands)) {
      // These look at more than the state, and have tests of their own.
      if (command.type === 'cancel-by-payment' || command.type === 'call-expired') continue;
      for (const state of transitions[command.type].from) {
        const { events } = given(visitDecider, pasts[state]).when(command);
        expect({ command, state, events: events.length }).toEqual({ command, state, events: 1 });
      }
    }
  });
});

test('the pasts of the tests come to the states that they are called after', () => {
  for (const [state, past] of Object.entries(pasts)) expect(given(visitDecider, past).state?.status).toBe(state);
});
