import type { JsonObject } from '#millrace';
import { parsePriority, type Priority } from './priority.ts';

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
