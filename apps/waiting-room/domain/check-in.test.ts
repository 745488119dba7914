import { given, type Decision } from '#millrace/testing';
import { describe, expect, test } from 'vitest';
import type { CheckIn } from './check-in.ts';
import { checkInToLimitedQueue } from './check-in-limited.ts';
import { checkInToUnlimitedQueue } from './check-in-unlimited.ts';
import {
  ConsultationCompleted,
  momentOf,
  QueueClosed,
  QueueOpened,
  QueuePaused,
  type QueueEvent,
  type VisitEvent,
} from './events.ts';
import { about, checkIn, configured, hasBeenCalled, hasCheckedIn, newVisitId, now } from './john-doe.ts';

const at = momentOf(now);
const left = ConsultationCompleted({ ...about, roomId: 'room-1', turn: 1, completedAt: at });
const limit = (maxCapacity: number | null) => configured({ queueName: 'Cardiology', maxCapacity });
const walkIn = () => hasCheckedIn({ visitId: newVisitId(), patientKey: null, patientId: 'W-1' });
const toLimited = (...past: readonly (VisitEvent | QueueEvent)[]) => given(checkInToLimitedQueue, past);
const toUnlimited = (...past: readonly VisitEvent[]) => given(checkInToUnlimitedQueue, past);
const kinds: readonly {
  kind: string;
  givenPast: (...past: readonly VisitEvent[]) => {
    when(command: CheckIn): Pick<Decision<VisitEvent>, 'thenEvents' | 'thenRefused'>;
  };
}[] = [
  { kind: 'without a limit', givenPast: toUnlimited },
  { kind: 'with a limit', givenPast: (...past) => toLimited(limit(50), ...past) },
];

describe.each(kinds)('check-in to a queue $kind', ({ givenPast }) => {
  test('opens a visit', () => {
    givenPast().when(checkIn()).thenEvents(hasCheckedIn());
  });

  test.each([
    ['waits', [hasCheckedIn()]],
    ['was called', [hasCheckedIn(), hasBeenCalled]],
  ])('refuses a patient who %s already', (_, past) => {
    givenPast(...past)
      .when(checkIn({ nameOnRecord: 'John Doe' }))
      .thenRefused('PATIENT_ALREADY_WAITING');
  });

  test('lets a patient in again after the visit ended', () => {
    const again = checkIn({ visitId: newVisitId(), nameOnRecord: 'John Doe' });
    givenPast(hasCheckedIn(), hasBeenCalled, left)
      .when(again)
      .thenEvents(hasCheckedIn({ visitId: again.visitId }));
  });

  test('refuses a patient id that belongs to another name', () => {
    givenPast(hasCheckedIn(), hasBeenCalled, left)
      .when(checkIn({ patientName: 'Jane Roe', nameOnRecord: 'John Doe' }))
      .thenRefused('PATIENT_IDENTITY_CONFLICT');
  });

  test('takes another spelling of the name for the same name', () => {
    givenPast(hasCheckedIn(), hasBeenCalled, left)
      .when(checkIn({ patientName: ' john  DOE', nameOnRecord: 'John Doe' }))
      .thenEvents(hasCheckedIn({ patientName: ' john  DOE' }));
  });
});

describe('check-in to a queue that rests', () => {
  const rests = { queueId: 'queue-1', reason: null, changedAt: at };
  const paused = QueuePaused({ ...rests, until: null });

  test.each([
    ['PAUSED', paused],
    ['CLOSED', QueueClosed({ ...rests, day: null })],
  ] as const)('is refused while it is %s, with a limit or without', (queueState, event) => {
    toUnlimited().when(checkIn({ queueState })).thenRefused(`QUEUE_${queueState}`);
    toLimited(limit(5), event).when(checkIn()).thenRefused(`QUEUE_${queueState}`);
  });

  test('is taken again when it is open again', () => {
    toLimited(limit(5), paused, QueueOpened({ queueId: 'queue-1', changedAt: at }))
      .when(checkIn())
      .thenEvents(hasCheckedIn());
  });
});

describe('check-in to a queue with a limit', () => {
  test('refuses whoever comes when the queue is full', () => {
    toLimited(limit(2), hasCheckedIn(), walkIn())
      .when(checkIn({ visitId: newVisitId(), patientKey: null }))
      .thenRefused('QUEUE_CAPACITY_REACHED');
  });

  test('has a place again when a patient was called', () => {
    const next = newVisitId();
    toLimited(limit(2), hasCheckedIn(), walkIn(), hasBeenCalled)
      .when(checkIn({ visitId: next, patientKey: null }))
      .thenEvents(hasCheckedIn({ visitId: next, patientKey: null }));
  });

  test('refuses while more wait than a limit that was set later allows', () => {
    toLimited(walkIn(), walkIn(), walkIn(), limit(2)).when(checkIn()).thenRefused('QUEUE_CAPACITY_REACHED');
  });

  test('comes back from its snapshot as it was', () => {
    const { state } = toLimited(limit(2), hasCheckedIn(), walkIn(), hasBeenCalled);
    const rule = checkInToLimitedQueue.snapshot;
    expect(rule?.fromJson(rule.toJson(state))).toEqual(state);
  });

  test('keeps no name in its snapshot', () => {
    const { state } = toLimited(limit(2), hasCheckedIn());
    expect(JSON.stringify(checkInToLimitedQueue.snapshot?.toJson(state))).not.toContain('Doe');
  });
});
