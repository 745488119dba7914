import { given } from '#millrace/testing';
import { describe, expect, test } from 'vitest';
import {
  ConsultationCompleted,
  ConsultationStarted,
  momentOf,
  PatientNoShow,
  VisitCancelled,
  type VisitEvent,
} from './events.ts';
import { about, hasBeenCalled, hasCheckedIn, now, visitId } from './john-doe.ts';
import { visitDecider, type VisitCommand, type VisitStatus } from './visit.ts';

const at = momentOf(now);
const waiting: readonly VisitEvent[] = [hasCheckedIn()];
const called: readonly VisitEvent[] = [...waiting, hasBeenCalled];
const started = [...called, ConsultationStarted({ ...about, roomId: 'room-1', startedAt: at })];
const completed = [...started, ConsultationCompleted({ ...about, roomId: 'room-1', turn: 1, completedAt: at })];
const absent = [...called, PatientNoShow({ ...about, roomId: 'room-1', turn: 1, recordedAt: at })];
const outOfTheDoor = VisitCancelled({
  ...about,
  patientId: 'patient-1',
  roomId: null,
  turn: null,
  reason: 'Left.',
  cancelledAt: at,
});
const cancelled = [...waiting, outOfTheDoor];

describe('a visit', () => {
  test('begins its consultation in the room that called', () => {
    given(visitDecider, called)
      .when({ type: 'start', visitId })
      .thenEvents(ConsultationStarted({ ...about, roomId: 'room-1', startedAt: at }));
  });

  test.each([
    ['after the call', called],
    ['after the start', started],
  ])('can be completed %s, which frees the room', (_, past) => {
    given(visitDecider, past)
      .when({ type: 'complete', visitId })
      .thenEvents(ConsultationCompleted({ ...about, roomId: 'room-1', turn: 1, completedAt: at }));
  });

  test('of a patient who was called and did not come is a no-show, which frees the room', () => {
    given(visitDecider, called)
      .when({ type: 'no-show', visitId })
      .thenEvents(PatientNoShow({ ...about, roomId: 'room-1', turn: 1, recordedAt: at }));
  });

  test('can be cancelled while the patient waits', () => {
    given(visitDecider, waiting).when({ type: 'cancel', visitId, reason: 'Left.' }).thenEvents(outOfTheDoor);
  });

  test('can be cancelled after the call, which frees the room', () => {
    const [event] = given(visitDecider, called).when({ type: 'cancel', visitId, reason: 'Left.' }).events;
    expect(event?.data).toMatchObject({ roomId: 'room-1', turn: 1 });
  });
});

const pasts: readonly [VisitStatus | 'nothing', readonly VisitEvent[]][] = [
  ['nothing', []],
  ['WAITING', waiting],
  ['CALLED', called],
  ['IN_CONSULTATION', started],
  ['COMPLETED', completed],
  ['NO_SHOW', absent],
  ['CANCELLED', cancelled],
];
const refusedFrom: readonly [VisitCommand['type'], string, readonly string[]][] = [
  ['start', 'VISIT_NOT_CALLED', ['WAITING', 'IN_CONSULTATION', 'COMPLETED', 'NO_SHOW', 'CANCELLED']],
  ['complete', 'VISIT_NOT_IN_ROOM', ['WAITING', 'COMPLETED', 'NO_SHOW', 'CANCELLED']],
  ['no-show', 'VISIT_NOT_CALLED', ['WAITING', 'IN_CONSULTATION', 'COMPLETED', 'NO_SHOW', 'CANCELLED']],
  ['cancel', 'VISIT_NOT_CANCELLABLE', ['IN_CONSULTATION', 'COMPLETED', 'NO_SHOW', 'CANCELLED']],
];

describe('a step that is not listed', () => {
  const cases = refusedFrom.flatMap(([type, code, states]) =>
    pasts
      .filter(([state]) => state === 'nothing' || states.includes(state))
      .map(([state, past]) => ({ type, state, past, code: state === 'nothing' ? 'VISIT_NOT_FOUND' : code })),
  );
  test.each(cases)('$type from $state is refused with $code', ({ type, past, code }) => {
    const command: VisitCommand = type === 'cancel' ? { type, visitId, reason: 'Left.' } : { type, visitId };
    given(visitDecider, past).when(command).thenRefused(code);
  });
});
