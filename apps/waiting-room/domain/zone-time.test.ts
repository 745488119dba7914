import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dayIn, isTimeZone, momentAt, nextAt, siteDay } from './zone-time.ts';

const at = (ms: number): string => new Date(ms).toISOString();
const utc = (text: string): number => Date.parse(`${text}:00Z`);
const zones = ['Europe/Madrid', 'America/Bogota', 'Australia/Lord_Howe'];

describe('a time on the wall', () => {
  test.each([
    // Madrid goes from 02:00 to 03:00 on 29 March 2026, and from 03:00 back to 02:00 on 25 October.
    ['Europe/Madrid', '2026-03-28', '20:00', '2026-03-28T19:00:00.000Z'],
    ['Europe/Madrid', '2026-03-29', '20:00', '2026-03-29T18:00:00.000Z'],
    ['Europe/Madrid', '2026-03-29', '02:30', '2026-03-29T01:30:00.000Z'],
    ['Europe/Madrid', '2026-10-25', '02:30', '2026-10-25T00:30:00.000Z'],
    ['Europe/Madrid', '2026-10-25', '00:00', '2026-10-24T22:00:00.000Z'],
    // Bogotá never changes.
    ['America/Bogota', '2026-03-29', '20:00', '2026-03-30T01:00:00.000Z'],
    ['America/Bogota', '2026-10-25', '02:30', '2026-10-25T07:30:00.000Z'],
    // Lord Howe changes by half an hour: back from 02:00 to 01:30 on 5 April 2026, on from 02:00 to 02:30 on 4 October.
    ['Australia/Lord_Howe', '2026-04-04', '20:00', '2026-04-04T09:00:00.000Z'],
    ['Australia/Lord_Howe', '2026-04-05', '20:00', '2026-04-05T09:30:00.000Z'],
    ['Australia/Lord_Howe', '2026-04-05', '01:45', '2026-04-04T14:45:00.000Z'],
    ['Australia/Lord_Howe', '2026-10-04', '02:15', '2026-10-03T15:45:00.000Z'],
    ['Australia/Lord_Howe', '2026-10-04', '20:00', '2026-10-04T09:00:00.000Z'],
  ])('in %s on %s at %s is %s', (zone, day, time, expected) => {
    expect(at(momentAt(zone, day, time))).toBe(expected);
  });

  test.each(zones)('comes next within two days in %s, shows that time, and never twice in a row', (zone) => {
    const moments = fc.integer({ min: Date.UTC(2026, 0, 1), max: Date.UTC(2027, 0, 1) });
    fc.assert(
      fc.property(moments, fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 }), (ms, hour, minute) => {
        const time = `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`;
        const next = nextAt(zone, time, ms);
        expect(next).toBeGreaterThan(ms);
        expect(next - ms).toBeLessThanOrEqual(26 * 3_600_000);
        expect(nextAt(zone, time, next)).toBeGreaterThan(next + 22 * 3_600_000);
        expect(momentAt(zone, dayIn(zone, next), time)).toBe(next);
      }),
    );
  });

  test.each([
    ['Europe/Madrid', '20:00', '2026-03-28T19:00', '2026-03-29T18:00:00.000Z', 23],
    ['Europe/Madrid', '20:00', '2026-10-24T18:00', '2026-10-25T19:00:00.000Z', 25],
    ['America/Bogota', '20:00', '2026-03-29T01:00', '2026-03-30T01:00:00.000Z', 24],
    ['Australia/Lord_Howe', '20:00', '2026-04-04T09:00', '2026-04-05T09:30:00.000Z', 24.5],
    ['Australia/Lord_Howe', '20:00', '2026-10-03T09:30', '2026-10-04T09:00:00.000Z', 23.5],
  ])('in %s at %s comes again after a day of %s to %s, which has %d hours', (zone, time, after, expected, hours) => {
    const next = nextAt(zone, time, utc(after));
    expect(at(next)).toBe(expected);
    expect((next - utc(after)) / 3_600_000).toBe(hours);
  });

  test('has a time zone that there is', () => {
    expect(zones.every(isTimeZone)).toBe(true);
    expect(isTimeZone('Europe/Nowhere')).toBe(false);
  });
});

describe("a site's day", () => {
  test('is the date on its own wall', () => {
    expect(siteDay({ timeZone: 'Europe/Madrid', closesAt: '20:00' }, utc('2026-01-01T23:30'))).toBe('2026-01-02');
    expect(siteDay({ timeZone: 'America/Bogota', closesAt: null }, utc('2026-01-02T03:00'))).toBe('2026-01-01');
  });

  test('goes on after midnight where the site closes in the night', () => {
    const night = { timeZone: 'Europe/Madrid', closesAt: '02:00' };
    expect(siteDay(night, utc('2026-01-02T00:59'))).toBe('2026-01-01');
    expect(siteDay(night, utc('2026-01-02T01:00'))).toBe('2026-01-02');
  });

  test('that closes when clocks are set forward ends once', () => {
    const night = { timeZone: 'Europe/Madrid', closesAt: '02:30' };
    const closing = nextAt(night.timeZone, night.closesAt, utc('2026-03-28T12:00'));
    expect(siteDay(night, closing - 1)).toBe('2026-03-28');
    expect(siteDay(night, closing)).toBe('2026-03-29');
  });
});
