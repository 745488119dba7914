import { MillraceError } from '../errors.ts';

const day = /^\d{4}-\d{2}-\d{2}$/;
const time = /^\d{4}-\d{2}-\d{2}T([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,9})?)?(Z|[+-]([01]\d|2[0-3]):?[0-5]\d)$/;

/**
 * Reads a day (UTC) or a full ISO 8601 time out of a query string; a day stands for its first or last moment. Throws
 * REQUEST_INVALID naming the field.
 * @example readDate('to', '2026-02-19', 'last') // 2026-02-19T23:59:59.999Z
 */
export function readDate(field: string, text: string, moment: 'first' | 'last'): Date {
  // A plus sign in a query string arrives as a space unless it was encoded.
  const given = text.trim().replace(' ', '+');
  const date = day.test(given)
    ? new Date(`${given}T${moment === 'first' ? '00:00:00.000' : '23:59:59.999'}Z`)
    : time.test(given)
      ? new Date(given)
      : undefined;
  if (date === undefined || Number.isNaN(date.getTime()) || !dayExists(given.slice(0, 10))) {
    throw new MillraceError('REQUEST_INVALID', `The query string is wrong in: ${field}.`, {
      fields: [{ field, problem: 'must be a day such as 2026-02-19 or an ISO 8601 time with a zone' }],
    });
  }
  return date;
}

/** JavaScript takes 31 February for a day in March. */
function dayExists(text: string): boolean {
  const date = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
}
