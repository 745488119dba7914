import { expect, test } from 'vitest';
import { readFeedMessage } from './read-feed.ts';

const row = {
  visit_id: 'visit-1',
  queue_id: 'queue-1',
  patient_id: 'P-1',
  ticket: 'K7Q2M',
  priority: 'Urgent',
  consultation_type: 'General',
  status: 'WAITING',
  room_id: null,
  arrived_at: '2026-02-19T10:00:00.000Z',
  called_at: null,
  call_order: '-1377910800000',
  updated_position: 12,
};

test('the rows of patients become visits, without a name when none is told', () => {
  const message = readFeedMessage(JSON.stringify({ type: 'rows', view: 'patients', position: 12, rows: [row] }));
  expect(message).toEqual({
    type: 'visits',
    position: 12,
    rows: [
      {
        visitId: 'visit-1',
        queueId: 'queue-1',
        patientId: 'P-1',
        ticket: 'K7Q2M',
        name: null,
        priority: 'Urgent',
        consultationType: 'General',
        status: 'WAITING',
        roomId: null,
        deskId: null,
        paymentAttempts: 0,
        absences: 0,
        arrivedAt: Date.UTC(2026, 1, 19, 10),
        callOrder: -1_377_910_800_000,
        calledAt: null,
        startedAt: null,
        statusSince: null,
        waitingSince: null,
        position: 12,
      },
    ],
  });
});

test('counts may come as text, as large numbers do', () => {
  const rows = [{ queue_id: 'queue-1', queue_name: 'One', waiting: '31', updated_position: '40' }];
  const message = readFeedMessage(JSON.stringify({ type: 'rows', view: 'queues', position: 40, rows }));
  expect(message).toMatchObject({ type: 'queues', rows: [{ queueId: 'queue-1', waiting: 31, position: 40 }] });
});

test('rows of a view that the page does not know still move the position on', () => {
  const message = readFeedMessage(JSON.stringify({ type: 'rows', view: 'other', position: 9, rows: [] }));
  expect(message).toEqual({ type: 'heartbeat', position: 9 });
});

test('what is no message is passed over', () => {
  for (const data of ['', '{', 'null', '[]', '{"type":"news"}']) expect(readFeedMessage(data)).toBeUndefined();
});
