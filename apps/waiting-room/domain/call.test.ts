import { given } from '#millrace/testing';
import { describe, test } from 'vitest';
import { callDecider, CallMissed } from './call.ts';
import {
  ConsultationCompleted,
  momentOf,
  PatientCalled,
  QueueClosed,
  QueuePaused,
  RoomActivated,
  RoomDeactivated,
} from './events.ts';
import { about, hasBeenCalled, hasCheckedIn, now, visitId } from './john-doe.ts';

const at = momentOf(now);
const other = { ...about, visitId: 'visit-019b7544-0000-7000-8000-000000000002', patientKey: null };
const otherCalled = PatientCalled({ ...other, roomId: 'room-1', turn: 6, answerBy: null, calledAt: at });
const otherLeft = ConsultationCompleted({ ...other, roomId: 'room-1', turn: 6, completedAt: at });
const place = { kind: 'room', id: 'room-1' } as const;
const call = { visitId, queueId: 'queue-1', place, turn: 7 };

describe('a call', () => {
  test('takes the first turn of a room that never called', () => {
    given(callDecider, [hasCheckedIn()])
      .when({ ...call, turn: 1 })
      .thenEvents(hasBeenCalled);
  });

  test('takes the turn after one that has ended', () => {
    given(callDecider, [otherCalled, otherLeft, hasCheckedIn()])
      .when(call)
      .thenEvents(PatientCalled({ ...about, roomId: 'room-1', turn: 7, answerBy: null, calledAt: at }));
  });

  test('into a room that holds a patient is refused', () => {
    given(callDecider, [hasCheckedIn(), otherCalled]).when(call).thenRefused('ROOM_OCCUPIED');
  });

  test('of a patient who is not waiting is refused', () => {
    given(callDecider, [hasCheckedIn(), hasBeenCalled, otherCalled, otherLeft])
      .when(call)
      .thenRefused('VISIT_NOT_WAITING');
  });

  test('is not misled by the turn of another room that the patient had', () => {
    const elsewhere = PatientCalled({ ...about, roomId: 'room-2', turn: 1, answerBy: null, calledAt: at });
    given(callDecider, [hasCheckedIn(), elsewhere])
      .when({ ...call, turn: 1 })
      .thenRefused('VISIT_NOT_WAITING');
  });

  test('of nobody is refused', () => {
    given(callDecider, [otherCalled, otherLeft]).when(call).thenRefused('VISIT_NOT_FOUND');
  });

  test('of anybody misses, and is no refusal, when somebody else was faster', () => {
    given(callDecider, [hasCheckedIn(), hasBeenCalled, otherCalled, otherLeft])
      .when({ ...call, anyPatient: true })
      .thenThrows(CallMissed);
  });

  test('with a turn that is taken misses', () => {
    given(callDecider, [otherCalled, hasCheckedIn()])
      .when({ ...call, turn: 6 })
      .thenThrows(CallMissed);
  });

  test('into a room that is not active is refused, until it is active again', () => {
    const past = [hasCheckedIn(), RoomDeactivated({ roomId: 'room-1', changedAt: at })];
    given(callDecider, past)
      .when({ ...call, turn: 1 })
      .thenRefused('ROOM_INACTIVE');
    given(callDecider, [...past, RoomActivated({ roomId: 'room-1', changedAt: at })])
      .when({ ...call, turn: 1 })
      .thenEvents(hasBeenCalled);
  });

  test('from a paused queue is refused, from a closed one it is not', () => {
    const rests = { queueId: 'queue-1', reason: null, until: null, changedAt: at };
    const shut = { queueId: 'queue-1', reason: null, day: null, changedAt: at };
    given(callDecider, [hasCheckedIn(), QueuePaused(rests)])
      .when({ ...call, turn: 1 })
      .thenRefused('QUEUE_PAUSED');
    given(callDecider, [hasCheckedIn(), QueuePaused(rests), QueueClosed(shut)])
      .when({ ...call, turn: 1 })
      .thenEvents(hasBeenCalled);
  });

  test('with a turn that is not due misses', () => {
    given(callDecider, [hasCheckedIn()]).when(call).thenThrows(CallMissed);
  });
});
