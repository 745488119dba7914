/**
 * Clocks on the wall of a site. All of it is a function of its arguments and of the time-zone data that comes with
 * Node; nothing here looks at a clock.
 */

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(timeZone: string): Intl.DateTimeFormat {
  let format = formats.get(timeZone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-US', {
      ...{ timeZone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric' },
      ...{ hour: 'numeric', minute: 'numeric', second: 'numeric' },
    });
    formats.set(timeZone, format);
  }
  return format;
}

/** Whether Node knows the time zone. @example isTimeZone('Europe/Madrid') // true */
export function isTimeZone(name: string): boolean {
  try {
    formatOf(name);
    return true;
  } catch {
    return false;
  }
}

/** What the wall shows at a moment, written down as if it were UTC: milliseconds, whole seconds. */
function wallAt(timeZone: string, ms: number): number {
  const fields = new Map(
    formatOf(timeZone)
      .formatToParts(ms)
      .map(({ type, value }) => [type, Number(value)]),
  );
  const of = (type: Intl.DateTimeFormatPartTypes): number => fields.get(type) ?? 0;
  return Date.UTC(of('year'), of('month') - 1, of('day'), of('hour'), of('minute'), of('second'));
}

const offsetAt = (timeZone: string, ms: number): number => wallAt(timeZone, ms) - Math.floor(ms / 1000) * 1000;

const dayOf = (wall: number): string => new Date(wall).toISOString().slice(0, 10);

/** Minutes after midnight. `time`: HH:MM. */
function minutesOf(time: string): number {
  const [hours = '', minutes = ''] = time.split(':');
  return Number(hours) * 60 + Number(minutes);
}

/** The date at a moment. `ms`: since 1970. @example dayIn('Europe/Madrid', Date.UTC(2026, 0, 1, 23, 30)) // '2026-01-02' */
export function dayIn(timeZone: string, ms: number): string {
  return dayOf(wallAt(timeZone, ms));
}

/**
 * The moment at which the clock shows a time on a day, in milliseconds since 1970. Of a time that comes twice, when
 * clocks are set back, it is the first; a time that is left out when they are set forward is meant as much later as
 * was left out. @example momentAt('Europe/Madrid', '2026-03-29', '02:30') // 01:30 UTC, when the clock shows 03:30
 */
export function momentAt(timeZone: string, day: string, time: string): number {
  const wall = Date.parse(`${day}T00:00:00Z`) + minutesOf(time) * minuteMs;
  const before = wall - offsetAt(timeZone, wall - dayMs);
  const after = wall - offsetAt(timeZone, wall + dayMs);
  const right = [before, after].filter((ms) => wallAt(timeZone, ms) === wall);
  return right.length === 0 ? before : Math.min(...right);
}

/** The first moment behind `after` at which the clock shows that time. */
export function nextAt(timeZone: string, time: string, after: number): number {
  const today = Date.parse(`${dayIn(timeZone, after)}T00:00:00Z`);
  for (let days = 0; days < 3; days++) {
    const moment = momentAt(timeZone, dayOf(today + days * dayMs), time);
    if (moment > after) return moment;
  }
  throw new RangeError(`No ${time} comes within three days in ${timeZone}.`);
}

/** A site's clock, and when its day ends; null: at midnight. */
export interface SiteHours {
  readonly timeZone: string;
  /** HH:MM. Before noon it is the end of the day before. */
  readonly closesAt: string | null;
}

/**
 * The site's day: the date, and for a site that closes after midnight the date on which its day began.
 * @example siteDay({ timeZone: 'UTC', closesAt: '02:00' }, Date.UTC(2026, 0, 2, 1, 30)) // '2026-01-01'
 */
export function siteDay({ timeZone, closesAt }: SiteHours, ms: number): string {
  const wall = wallAt(timeZone, ms);
  const today = dayOf(wall);
  // Compared by the moment and not by the wall, which shows some times twice and others never.
  const isNight = closesAt !== null && minutesOf(closesAt) < 12 * 60 && ms < momentAt(timeZone, today, closesAt);
  return isNight ? dayOf(wall - dayMs) : today;
}
