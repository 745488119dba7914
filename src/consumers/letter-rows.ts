import { MillraceError } from '../errors.ts';
import type { DeadLetter, DeadLetterFilter } from '../running-system.ts';

/** A row of `dead_letters`. */
export interface LetterRow {
  readonly id: string;
  readonly generation: number;
  readonly projection_id: string;
  readonly ordering_key: string;
  readonly position: string;
  readonly event_id: string;
  readonly event_name: string;
  readonly status: DeadLetter['status'];
  readonly error: string | null;
  readonly attempts: number;
  readonly first_failed_at: Date;
  readonly last_failed_at: Date;
  readonly next_attempt_at: Date | null;
  readonly reason: string | null;
  readonly actor: string | null;
}

/** Letters that wait, as SQL says it: `d` is the table of letters. */
export const isOpen = `d.status in ('failed', 'waiting')`;

/** Joins the live build, so that what was parked in another one is left out. */
export const ofLiveBuild = `join projection_builds b
  on b.projection_id = d.projection_id and b.generation = d.generation and b.state = 'live'`;

export function toLetter(row: LetterRow): DeadLetter {
  return {
    id: Number(row.id),
    projection: row.projection_id,
    orderingKey: row.ordering_key,
    position: Number(row.position),
    eventId: row.event_id,
    eventName: row.event_name,
    status: row.status,
    error: row.error,
    attempts: row.attempts,
    firstFailedAt: row.first_failed_at.toISOString(),
    lastFailedAt: row.last_failed_at.toISOString(),
    nextAttemptAt: row.next_attempt_at?.toISOString() ?? null,
    reason: row.reason,
    actor: row.actor,
  };
}

export function unknownLetter(id: number): MillraceError {
  return new MillraceError('DEAD_LETTER_UNKNOWN', `There is no open dead letter ${id}.`);
}

/** Throws REASON_REQUIRED when nothing is said. */
export function requireReason(reason: string, action: string): string {
  const said = reason.trim();
  if (said !== '') return said;
  throw new MillraceError('REASON_REQUIRED', `${action} wants a reason.`, {
    fields: [{ field: 'reason', problem: 'is empty' }],
  });
}

/** The conditions of a filter on `d`, with their values. Written out one by one, so that the partial indexes apply. */
export function conditionsOf(filter: DeadLetterFilter): { readonly sql: string; readonly values: unknown[] } {
  const values: unknown[] = [];
  const conditions = ['true'];
  const equals = (column: string, value: string | undefined): void => {
    if (value !== undefined) conditions.push(`d.${column} = $${values.push(value)}`);
  };
  equals('projection_id', filter.projection);
  equals('ordering_key', filter.orderingKey);
  equals('event_name', filter.eventName);
  if (filter.status === 'manual') conditions.push(`d.status = 'failed' and d.next_attempt_at is null`);
  else equals('status', filter.status);
  if (filter.after !== undefined) conditions.push(`d.id > $${values.push(filter.after)}`);
  const live = `exists (select from projection_builds b
    where b.projection_id = d.projection_id and b.generation = d.generation and b.state = 'live')`;
  const open = filter.open === undefined ? impliedOpen(filter.status) : filter.open;
  if (open === true) conditions.push(isOpen, live);
  // What is parked in an old build is open there, and shows when somebody goes back to it.
  if (open === false) conditions.push(`not (${isOpen})`);
  return { sql: conditions.join(' and '), values };
}

/** What waits, unless a status says otherwise. */
function impliedOpen(status: DeadLetterFilter['status']): boolean {
  return status === undefined || status === 'failed' || status === 'waiting' || status === 'manual';
}
