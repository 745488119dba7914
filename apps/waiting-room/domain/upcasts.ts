import type { JsonObject } from '#millrace';
import { mainSite } from './names.ts';
import { parsePriority, type Priority } from './priority.ts';
import { prefixOf, ticketOfOldVisit } from './ticket.ts';

/**
 * PatientCheckedIn 1 → 2. Version 1 held the priority as it was typed, had no notes and no time of arrival. Total: it
 * takes whatever version 1 accepted.
 */
export function upcastCheckInFromV1(data: JsonObject): JsonObject {
  return {
    ...data,
    priority: typeof data['priority'] === 'string' ? recognise(data['priority']) : 'Medium',
    notes: null,
    arrivedAt: new Date(millisecondsIn(data['visitId'])).toISOString(),
  };
}

/** PatientCheckedIn 2 → 3. There was nothing before the consultation then. */
export function upcastCheckInFromV2(data: JsonObject): JsonObject {
  return { ...data, path: [] };
}

/**
 * PatientCheckedIn 3 → 4. There was one site, whose days were those of the server's clock, and a ticket was made of the
 * visit's id. Who waits at that moment keeps the ticket in hand.
 */
export function upcastCheckInFromV3(data: JsonObject): JsonObject {
  const { visitId, arrivedAt } = data;
  return {
    ...data,
    siteId: mainSite,
    day: typeof arrivedAt === 'string' ? arrivedAt.slice(0, 10) : '1970-01-01',
    ticket: ticketOfOldVisit(typeof visitId === 'string' ? visitId : ''),
  };
}

/** PatientCalled and PatientRecalled 1 → 2. Nobody was given up by the clock. */
export function upcastCallFromV1(data: JsonObject): JsonObject {
  return { ...data, answerBy: null };
}

/** QueueConfigured 2 → 3. There was one site; tickets had no prefix, and nobody was given up by the clock. */
export function upcastQueueConfiguredFromV2(data: JsonObject): JsonObject {
  const queueId = typeof data['queueId'] === 'string' ? data['queueId'] : '';
  return { ...data, siteId: mainSite, ticketPrefix: prefixOf(queueId), callTimeoutMinutes: null };
}

/** QueuePaused 1 → 2. A pause lasted until somebody ended it. */
export function upcastQueuePausedFromV1(data: JsonObject): JsonObject {
  return { ...data, until: null };
}

/** QueueClosed 1 → 2. Only people closed queues. */
export function upcastQueueClosedFromV1(data: JsonObject): JsonObject {
  return { ...data, day: null };
}

/** QueueConfigured 1 → 2. There was neither triage nor cashier then. */
export function upcastQueueConfiguredFromV1(data: JsonObject): JsonObject {
  return { ...data, stages: { triage: false, cashier: false } };
}

const typed: ReadonlyMap<string, Priority> = new Map([
  ['emergency', 'Urgent'],
  ['critical', 'Urgent'],
  ['normal', 'Medium'],
  ['routine', 'Low'],
]);

/** Desks typed more words than the four; anything unknown counts as Medium, so nobody is put last by a typing error. */
function recognise(text: string): Priority {
  return parsePriority(text) ?? typed.get(text.trim().toLowerCase()) ?? 'Medium';
}

/** The first 48 bits of a UUIDv7 are the millisecond in which it was made: at check-in. */
function millisecondsIn(visitId: unknown): number {
  const hex = typeof visitId === 'string' ? /^visit-([0-9a-f]{8})-([0-9a-f]{4})-7/.exec(visitId) : null;
  const ms = hex === null ? 0 : Number.parseInt(`${hex[1]}${hex[2]}`, 16);
  // Beyond the year 9999 the text of a date has another form.
  return ms < 253_402_300_800_000 ? ms : 0;
}
