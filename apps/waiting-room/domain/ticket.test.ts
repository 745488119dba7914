import { expect, test } from 'vitest';
import { PatientCheckedIn } from './events.ts';
import { hasCheckedIn } from './john-doe.ts';
import { numberOn, prefixOf, ticketOf } from './ticket.ts';
import { upcastCheckInFromV3 } from './upcasts.ts';

test.each([
  ['queue-1', 'Q1'],
  ['queue-123', 'Q23'],
  ['cardiology', 'CAR'],
  ['a', 'A'],
  ['7', '7'],
  ['q7', 'Q7'],
  ['x-ray.room', 'XRA'],
  ['---', 'Q'],
])('the tickets of %s begin with %s', (queueId, prefix) => {
  expect(prefixOf(queueId)).toBe(prefix);
});

test('a ticket has three digits, and more when a day has more', () => {
  expect([1, 17, 999, 1000].map((number) => ticketOf('Q1', number))).toEqual(['Q1-001', 'Q1-017', 'Q1-999', 'Q1-1000']);
  expect(['Q1-001', 'Q1-1000', 'K7Q2M'].map(numberOn)).toEqual([1, 1000, undefined]);
});

test('a ticket is told by its tag; one of before has none', () => {
  const { data } = hasCheckedIn({ ticket: 'Q1-017' });
  expect(PatientCheckedIn.tagsOf(data)).toContain('ticket:main:2026-01-01:Q1-017');
  const old = hasCheckedIn({ ticket: 'K7Q2M' });
  expect(PatientCheckedIn.tagsOf(old.data).some((tag) => tag.startsWith('ticket:'))).toBe(false);
});

test('who waits when numbers come in keeps the ticket in hand', () => {
  const { ticket: _, siteId: __, day: ___, ...old } = hasCheckedIn().data;
  expect(upcastCheckInFromV3(old)).toMatchObject({ siteId: 'main', day: '2026-01-01', ticket: '10000' });
});
