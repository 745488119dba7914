import { givenEvents, inStream } from '#millrace/testing';
import type { NewEvent } from '#millrace';
import { describe, expect, test } from 'vitest';
import {
  ConsultationCompleted,
  ConsultationStarted,
  momentOf,
  PatientNoShow,
  QueueConfigured,
  QueueOpened,
  QueuePaused,
  RoomActivated,
  RoomDeactivated,
  VisitCancelled,
} from '../domain/events.ts';
import { about, hasBeenCalled, hasCheckedIn, now, visitId } from '../domain/john-doe.ts';
import { waitingRoomProjection } from './waiting-room.ts';

const at = momentOf(now);
const seat = { roomId: 'room-1', turn: 1 };
const minute = 60_000;
const arrived = hasCheckedIn({ arrivedAt: momentOf(now - 10 * minute) });
const started = ConsultationStarted({ ...about, roomId: 'room-1', startedAt: at });
const completed = ConsultationCompleted({ ...about, ...seat, completedAt: at });

const configured = (configuredAt: number, maxCapacity: number | null) =>
  QueueConfigured({ queueId: 'queue-1', queueName: 'Cardiology', maxCapacity, configuredAt: momentOf(configuredAt) });

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
    const set = inStream(
      'queue-queue-1',
      QueueConfigured({ queueId: 'queue-1', queueName: 'Cardiology', maxCapacity: 40, configuredAt: at }),
    );
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
      inStream('queue-queue-1', configured(now, 40), configured(now + minute, null)),
    );
    expect(folded.rows('waiting_queues')).toMatchObject([
      { configured_at: now, last_configured_at: now + minute, max_capacity: null, settings_version: 2 },
    ]);
  });
});

test('the row of a queue says whether it takes patients in, and why not', () => {
  const pause = QueuePaused({ queueId: 'queue-1', reason: 'Lunch.', changedAt: at });
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
  const row = (active: boolean) => [{ room_stream: 'room-room-1', room_key: 'room-1', room_id: 'Room-1', active }];
  const shut = inStream('room-room-1', RoomDeactivated(changed));
  givenEvents(waitingRoomProjection, shut).thenRows('room_states', row(false));
  const opened = inStream('room-room-1', RoomActivated(changed));
  givenEvents(waitingRoomProjection, [...shut, ...opened]).thenRows('room_states', row(true));
});
