import { givenEvents, given, inStream } from '#millrace/testing';
import { describe, expect, test } from 'vitest';
import { callDecider } from './call.ts';
import {
  ConsultationStarted,
  momentOf,
  PatientAbsentAtConsultation,
  PatientCalled,
  PatientRecalled,
  QueueClosed,
  QueueOpened,
  QueuePaused,
  VisitEndedAtClosing,
  type VisitEvent,
} from './events.ts';
import { about, configured, consultationLine, hasBeenCalled, hasCheckedIn, now, visitId, waiting } from './john-doe.ts';
import { queueStateDecider } from './queue-state.ts';
import { waitingRoom } from '../system.ts';
import { visitDecider } from './visit-decider.ts';

const minute = 60_000;
const timers = waitingRoom.projections.find(({ id }) => id === 'timers') ?? expect.fail();
const called = PatientCalled({
  ...{ ...about, roomId: 'room-1', turn: 1 },
  ...{ answerBy: momentOf(now + 5 * minute), calledAt: momentOf(now) },
});
const expired = (answerBy: number) => ({ type: 'call-expired', visitId, answerBy }) as const;
const stands = (...events: readonly VisitEvent[]) => givenEvents(timers, inStream(visitId, ...events));

describe('a patient who is called in a queue with a time for coming', () => {
  test('has so long, and without one for ever', () => {
    const call = { visitId, queueId: 'queue-1', place: { kind: 'room', id: 'room-1' }, turn: 1 } as const;
    given(callDecider, [...waiting, configured({ callTimeoutMinutes: 5 })])
      .when(call)
      .thenEvents(called);
    given(callDecider, waiting).when(call).thenEvents(hasBeenCalled);
  });

  test('is marked absent when it is up', () => {
    const later = now + 5 * minute;
    given(visitDecider, [...waiting, called])
      .when(expired(later), { now: later })
      .thenEvents(
        PatientAbsentAtConsultation({
          ...{ ...about, roomId: 'room-1', turn: 1, absence: 1, recordedAt: momentOf(later) },
          line: { ...consultationLine, placeAt: momentOf(later) },
        }),
      );
  });

  test('and came in time, or was called once more, is not', () => {
    const started = ConsultationStarted({ ...about, roomId: 'room-1', startedAt: momentOf(now) });
    given(visitDecider, [...waiting, called, started])
      .when(expired(now + 5 * minute))
      .thenRefused('TIMER_OUTDATED');
    const recalled = given(visitDecider, [...waiting, called]).when(
      { type: 'recall', visitId },
      { now: now + 4 * minute },
    ).events;
    expect(recalled[0]?.data).toMatchObject({ answerBy: momentOf(now + 9 * minute) });
    const again = PatientRecalled({
      ...{ ...about, roomId: 'room-1', deskId: null },
      ...{ answerBy: momentOf(now + 9 * minute), recalledAt: momentOf(now + 4 * minute) },
    });
    given(visitDecider, [...waiting, called, again])
      .when(expired(now + 5 * minute))
      .thenRefused('TIMER_OUTDATED');
  });

  test('has a timer until something else happens, and another one after a call once more', () => {
    const row = (minutes: number) => [{ timer: `call-timeout/${visitId}`, due_at: now + minutes * minute }];
    stands(hasCheckedIn(), called).thenRows('timers', row(5));
    stands(hasCheckedIn(), hasBeenCalled).thenRows('timers', []);
    const started = ConsultationStarted({ ...about, roomId: 'room-1', startedAt: momentOf(now) });
    stands(hasCheckedIn(), called, started).thenRows('timers', []);
    const again = PatientRecalled({
      ...{ ...about, roomId: 'room-1', deskId: null },
      ...{ answerBy: momentOf(now + 9 * minute), recalledAt: momentOf(now) },
    });
    stands(hasCheckedIn(), called, again).thenRows('timers', row(9));
    const over = VisitEndedAtClosing({ ...about, reason: 'DAY_CLOSED', endedAt: momentOf(now) });
    stands(hasCheckedIn(), over).thenRows('timers', []);
  });
});

describe('a pause with an end', () => {
  const until = now + 30 * minute;
  const paused = QueuePaused({ queueId: 'queue-1', reason: null, until: momentOf(until), changedAt: momentOf(now) });
  const end = { queueId: 'queue-1', pausedUntil: until };
  const opened = QueueOpened({ queueId: 'queue-1', changedAt: momentOf(until) });

  test('ends by itself', () => {
    given(queueStateDecider, []).when({ queueId: 'queue-1', to: 'PAUSED', until }).thenEvents(paused);
    given(queueStateDecider, [paused]).when(end, { now: until }).thenEvents(opened);
  });

  test('does not end what somebody did since: opened, closed, or paused for longer', () => {
    const closed = QueueClosed({ queueId: 'queue-1', reason: null, day: null, changedAt: momentOf(now) });
    const longer = QueuePaused({ queueId: 'queue-1', reason: null, until: null, changedAt: momentOf(now) });
    for (const since of [opened, closed, longer]) {
      given(queueStateDecider, [paused, since]).when(end).thenRefused('TIMER_OUTDATED');
    }
  });

  test('can be made longer', () => {
    const command = { queueId: 'queue-1', to: 'PAUSED', until: until + minute } as const;
    expect(given(queueStateDecider, [paused]).when(command).events).toHaveLength(1);
    given(queueStateDecider, [paused]).when({ queueId: 'queue-1', to: 'PAUSED', until }).thenEvents();
  });
});
