import { given } from '#millrace/testing';
import { describe, expect, test } from 'vitest';
import {
  ConsultationCompleted,
  momentOf,
  PatientReceived,
  PatientReturned,
  PatientTransferred,
  QueueClosed,
  QueuePaused,
} from './events.ts';
import {
  about,
  called,
  configured,
  consultationLine,
  hasCheckedIn,
  newVisitId,
  now,
  pasts,
  visitId,
  waiting,
} from './john-doe.ts';
import { returnDecider } from './return.ts';
import { transferDecider } from './transfer.ts';

const at = momentOf(now);
const hour = 3_600_000;
const cameBack = { visitId, patientKey: about.patientKey, today: '2026-01-01' };
const toPatientKey = '90aa51b8c2d3e4f5061728394a5b6c7d';
const other = { visitId: newVisitId(), queueId: 'queue-2', patientKey: toPatientKey };

describe('a patient who was given up', () => {
  test.each([
    ['for not coming', pasts.NO_SHOW],
    ['after the second absence', pasts.CANCELLED_BY_ABSENCE],
  ])('%s and is here waits with the time of arrival', (_, past) => {
    given(returnDecider, past)
      .when(cameBack, { now: now + hour })
      .thenEvents(PatientReturned({ ...about, line: consultationLine, returnedAt: momentOf(now + hour) }));
  });

  test('comes back on the same day only', () => {
    given(returnDecider, pasts.NO_SHOW)
      .when({ ...cameBack, today: '2026-01-02' })
      .thenRefused('VISIT_OF_ANOTHER_DAY');
  });

  test('does not come back twice: another open visit is enough', () => {
    const again = hasCheckedIn({ visitId: newVisitId() });
    given(returnDecider, [...pasts.NO_SHOW, again])
      .when(cameBack)
      .thenRefused('PATIENT_ALREADY_WAITING');
  });

  test.each(['WAITING', 'COMPLETED', 'CANCELLED', 'LEFT'] as const)('is not one who is %s', (status) => {
    given(returnDecider, pasts[status]).when(cameBack).thenRefused('VISIT_NOT_ABSENT');
  });
});

describe('a transfer', () => {
  const transfer = { visitId, toQueueId: 'queue-2', toPatientKey };
  const nowhere = { roomId: null, deskId: null, turn: null };
  const received = PatientReceived({
    ...{ visitId, queueId: 'queue-2', patientKey: toPatientKey, fromQueueId: 'queue-1' },
    ...{ patientId: 'patient-1', patientName: 'John Doe', arrivedAt: at },
    line: consultationLine,
    receivedAt: momentOf(now + hour),
  });
  const sent = (seat: { roomId: string | null; deskId: null; turn: number | null }) =>
    PatientTransferred({ ...about, ...seat, toQueueId: 'queue-2', transferredAt: momentOf(now + hour) });

  test('keeps the time of arrival', () => {
    given(transferDecider, waiting)
      .when(transfer, { now: now + hour })
      .thenEvents(sent(nowhere), received);
  });

  test('out of a consultation frees the room', () => {
    given(transferDecider, pasts.IN_CONSULTATION)
      .when(transfer, { now: now + hour })
      .thenEvents(sent({ roomId: 'room-1', deskId: null, turn: 1 }), received);
  });

  test('to a queue where the patient has an open visit is refused', () => {
    given(transferDecider, [...waiting, hasCheckedIn(other)])
      .when(transfer)
      .thenRefused('PATIENT_ALREADY_WAITING');
  });

  test('to a queue where the patient is known under another name is refused', () => {
    const elsewhere = hasCheckedIn({ ...other, patientName: 'Jane Roe' });
    const left = ConsultationCompleted({ ...other, roomId: 'room-9', turn: 1, completedAt: at });
    given(transferDecider, [...called, elsewhere, left])
      .when(transfer)
      .thenRefused('PATIENT_IDENTITY_CONFLICT');
  });

  test('to the queue that the patient is in is refused, also after a transfer', () => {
    given(transferDecider, waiting)
      .when({ ...transfer, toQueueId: 'queue-1', toPatientKey: about.patientKey })
      .thenRefused('TRANSFER_TO_SAME_QUEUE');
    given(transferDecider, [...waiting, sent(nowhere), received])
      .when(transfer)
      .thenRefused('TRANSFER_TO_SAME_QUEUE');
  });

  test('back to the queue that the patient came from is one more transfer', () => {
    const back = { visitId, toQueueId: 'queue-1', toPatientKey: about.patientKey };
    const [, event] = given(transferDecider, [...waiting, sent(nowhere), received]).when(back).events;
    expect(event?.data).toMatchObject({ queueId: 'queue-1', patientKey: about.patientKey, arrivedAt: at });
  });

  test.each([
    ['QUEUE_PAUSED', QueuePaused({ queueId: 'queue-2', reason: null, until: null, changedAt: at })],
    ['QUEUE_CLOSED', QueueClosed({ queueId: 'queue-2', reason: null, day: null, changedAt: at })],
  ])('to a queue that takes nobody in is refused with %s', (code, rests) => {
    given(transferDecider, [...waiting, rests])
      .when(transfer)
      .thenRefused(code);
  });

  test('to a queue at another site is refused: the ticket is one of this site', () => {
    const elsewhere = configured({ siteId: 'north' }, now, 'queue-2');
    given(transferDecider, [...waiting, elsewhere])
      .when(transfer)
      .thenRefused('TRANSFER_TO_ANOTHER_SITE');
  });

  test.each(['AT_CASHIER', 'COMPLETED', 'LEFT'] as const)('of a patient who is %s is refused', (status) => {
    given(transferDecider, pasts[status]).when(transfer).thenRefused('VISIT_NOT_TRANSFERABLE');
  });
});
