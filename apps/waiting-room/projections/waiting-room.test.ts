import { givenEvents, inStream } from '#millrace/testing';
import type { NewEvent } from '#millrace';
import { describe, expect, test } from 'vitest';
import { callOrderOf } from '../domain/call-order.ts';
import {
  CallUndone,
  ConsultationCompleted,
  ConsultationStarted,
  momentOf,
  PatientCalled,
  PatientNoShow,
  PatientParked,
  PatientReceived,
  PatientResumed,
  PatientTransferred,
  QueueOpened,
  QueuePaused,
  RoomActivated,
  RoomDeactivated,
  TriageRecorded,
  VisitCancelled,
} from '../domain/events.ts';
import {
  about,
  configured,
  consultationLine,
  hasBeenCalled,
  hasCheckedIn,
  now,
  pasts,
  visitId,
} from '../domain/john-doe.ts';
import { waitingRoomProjection } from './waiting-room.ts';

const at = momentOf(now);
const seat = { roomId: 'room-1', turn: 1 };
const minute = 60_000;
const arrived = hasCheckedIn({ arrivedAt: momentOf(now - 10 * minute) });
const started = ConsultationStarted({ ...about, roomId: 'room-1', startedAt: at });
const completed = ConsultationCompleted({ ...about, ...seat, completedAt: at });

const fold = (...events: readonly NewEvent[]) => givenEvents(waitingRoomProjection, inStream(visitId, ...events));

describe('the row of a visit', () => {
  test('shows the patient as checked in', () => {
    fold(arrived).thenRows('visits', [
      {
        visit_id: visitId,
        queue_id: 'queue-1',
        patient_id: 'patient-1',
        patient_name: 'John Doe',
        priority: 'High',
        priority_rank: 1,
        consultation_type: 'Cardiology',
        status: 'WAITING',
        room_id: null,
        arrived_at: now - 10 * minute,
        called_at: null,
        updated_by_event_version: 1,
        updated_position: 1,
      },
    ]);
  });

  test.each<[string, NewEvent[], string]>([
    ['a call', [hasBeenCalled], 'CALLED'],
    ['the start', [hasBeenCalled, started], 'IN_CONSULTATION'],
    ['the end', [hasBeenCalled, started, completed], 'COMPLETED'],
    ['a no-show', [hasBeenCalled, PatientNoShow({ ...about, ...seat, recordedAt: at })], 'NO_SHOW'],
    [
      'a cancellation',
      [
        VisitCancelled({
          ...about,
          patientId: 'patient-1',
          roomId: null,
          turn: null,
          reason: 'Left.',
          cancelledAt: at,
        }),
      ],
      'CANCELLED',
    ],
  ])('follows the visit after %s', (_, events, status) => {
    fold(arrived, ...events).thenRows('visits', [
      { visit_id: visitId, status, updated_by_event_version: events.length + 1 },
    ]);
  });
});

describe('the row of a queue', () => {
  test('counts who waits by priority', () => {
    fold(arrived).thenRows('waiting_queues', [
      {
        queue_id: 'queue-1',
        waiting: 1,
        waiting_urgent: 0,
        waiting_high: 1,
        waiting_medium: 0,
        waiting_low: 0,
        called: 0,
      },
    ]);
  });

  test('counts a visit in one place only, wherever it went', () => {
    fold(arrived, hasBeenCalled, started, completed).thenRows('waiting_queues', [
      { queue_id: 'queue-1', waiting: 0, waiting_high: 0, called: 0, in_consultation: 0, completed: 1 },
    ]);
  });

  test('adds up how long those who were called had waited', () => {
    fold(arrived, hasBeenCalled).thenRows('waiting_queues', [
      { queue_id: 'queue-1', calls: 1, waited_ms: 10 * minute },
    ]);
  });

  test('holds settings and counts side by side, whichever came first', () => {
    const set = inStream('queue-queue-1', configured({ queueName: 'Cardiology', maxCapacity: 40 }));
    const visit = inStream(visitId, arrived);
    const expected = [
      { queue_id: 'queue-1', queue_name: 'Cardiology', max_capacity: 40, waiting: 1, configured_at: now },
    ];
    givenEvents(waitingRoomProjection, [...set, ...visit]).thenRows('waiting_queues', expected);
    givenEvents(waitingRoomProjection, [...visit, ...set]).thenRows('waiting_queues', expected);
  });

  test('keeps the time at which it was configured first', () => {
    const folded = givenEvents(
      waitingRoomProjection,
      inStream('queue-queue-1', configured({ maxCapacity: 40 }), configured({}, now + minute)),
    );
    expect(folded.rows('waiting_queues')).toMatchObject([
      { configured_at: now, last_configured_at: now + minute, max_capacity: null, settings_version: 2 },
    ]);
  });
});

test('the row of a queue says whether it takes patients in, and why not', () => {
  const pause = QueuePaused({ queueId: 'queue-1', reason: 'Lunch.', until: null, changedAt: at });
  const stream = 'queue-queue-1';
  const row = (state: string, state_reason: string | null) => [
    { queue_id: 'queue-1', queue_name: 'queue-1', state, state_reason },
  ];
  givenEvents(waitingRoomProjection, inStream(stream, pause)).thenRows('waiting_queues', row('PAUSED', 'Lunch.'));
  const opened = QueueOpened({ queueId: 'queue-1', changedAt: at });
  givenEvents(waitingRoomProjection, inStream(stream, pause, opened)).thenRows('waiting_queues', row('OPEN', null));
});

test('the row of a room says whether it may call', () => {
  const changed = { roomId: 'Room-1', changedAt: at };
  const row = (active: boolean) => [
    { place_stream: 'room-room-1', kind: 'room', place_key: 'room-1', place_id: 'Room-1', active },
  ];
  const shut = inStream('room-room-1', RoomDeactivated(changed));
  givenEvents(waitingRoomProjection, shut).thenRows('places', row(false));
  const opened = inStream('room-room-1', RoomActivated(changed));
  givenEvents(waitingRoomProjection, [...shut, ...opened]).thenRows('places', row(true));
});

describe('the row of a visit on its way', () => {
  const staged = hasCheckedIn({ arrivedAt: momentOf(now - 10 * minute), path: ['TRIAGE', 'CASHIER'] });
  const line = { ...consultationLine, placeAt: momentOf(now - 10 * minute) };
  const counted = (sums: object) => [{ queue_id: 'queue-1', ...sums }];

  test('stands in the line for triage, then for the cashier, and is counted there', () => {
    fold(staged).thenRows('visits', [{ visit_id: visitId, status: 'WAITING_TRIAGE' }]);
    const triaged = TriageRecorded({
      ...{ ...about, priority: 'Low', recordedAt: at },
      line: { ...line, waitsFor: 'CASHIER', priority: 'Low' },
    });
    const order = callOrderOf('Low', now - 10 * minute);
    const folded = fold(staged, triaged);
    folded.thenRows('visits', [
      { visit_id: visitId, status: 'WAITING_CASHIER', priority: 'Low', priority_rank: 3, call_order: order },
    ]);
    folded.thenRows('waiting_queues', counted({ waiting_triage: 0, waiting_cashier: 1, waiting_low: 1, waiting: 0 }));
  });

  test('forgets a call that was undone, and counts no waiting for it', () => {
    const undone = CallUndone({ ...about, ...seat, deskId: null, line, undoneAt: at });
    const folded = fold(arrived, hasBeenCalled, undone);
    folded.thenRows('visits', [{ visit_id: visitId, status: 'WAITING', called_at: null, room_turn: 1 }]);
    folded.thenRows('waiting_queues', counted({ waiting: 1, called: 0, calls: 0, waited_ms: 0 }));
  });

  test('ends its waiting with the first call, whatever comes after a result', () => {
    const parked = PatientParked({ ...about, ...seat, deskId: null, parkedAt: at });
    const resumed = PatientResumed({ ...about, line, resumedAt: at });
    const again = PatientCalled({
      ...about,
      roomId: 'room-2',
      turn: 4,
      answerBy: null,
      calledAt: momentOf(now + 30 * minute),
    });
    fold(arrived, hasBeenCalled, started, parked, resumed, again).thenRows(
      'waiting_queues',
      counted({ calls: 1, waited_ms: 10 * minute, parked: 0, called: 1 }),
    );
  });

  test('goes over to the other queue, and is counted there alone', () => {
    const received = PatientReceived({
      ...{ visitId, queueId: 'queue-2', patientKey: null, fromQueueId: 'queue-1', line, receivedAt: at },
      ...{ patientId: 'patient-1', patientName: 'John Doe', arrivedAt: momentOf(now - 10 * minute) },
    });
    const sent = PatientTransferred({
      ...{ ...about, roomId: 'room-1', deskId: null, turn: 1, toQueueId: 'queue-2', transferredAt: at },
    });
    fold(arrived, hasBeenCalled, sent, received).thenRows('waiting_queues', [
      { queue_id: 'queue-1', waiting: 0, called: 0, calls: 0 },
      { queue_id: 'queue-2', waiting: 1, called: 0, calls: 0 },
    ]);
  });

  test.each(Object.entries(pasts))('shows %s', (status, past) => {
    givenEvents(
      waitingRoomProjection,
      past.map((event) => ({ ...event, stream: visitId })),
    ).thenRows('visits', [{ visit_id: visitId, status }]);
  });
});
