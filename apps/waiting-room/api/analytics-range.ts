import { MillraceError } from '#millrace';
import { readDate } from '#millrace/server';

const hour = 3_600_000;
const day = 24 * hour;
/** Of the calendar: where clocks are turned back, they have an hour more. */
const longest = 31 * day + hour;

/**
 * The hours that a question is about: whole ones, the last one included, of 31 days at most. Default: the 24 hours before `to`, and `to` is
 * now. Throws REQUEST_INVALID naming the field.
 * @example analyticsRange({ from: '2026-02-19' }, Date.now())
 */
export function analyticsRange(
  asked: { readonly from?: string; readonly to?: string },
  now: number,
): { readonly from: Date; readonly to: Date } {
  const to = asked.to === undefined ? now : readDate('to', asked.to, 'last').getTime();
  const from = asked.from === undefined ? to - day : readDate('from', asked.from, 'first').getTime();
  if (from >= to) throw wrong('to', 'must lie behind from');
  if (to - from > longest) throw wrong('from', 'must lie no more than 31 days before to');
  return { from: new Date(Math.floor(from / hour) * hour), to: new Date(Math.ceil(to / hour) * hour) };
}

function wrong(field: string, problem: string): MillraceError {
  return new MillraceError('REQUEST_INVALID', `The query string is wrong in: ${field}.`, {
    fields: [{ field, problem }],
  });
}
