import { given } from '#millrace/testing';
import { describe, expect, test } from 'vitest';
import { endOfDayDecider } from './end-of-day.ts';
import {
  ConsultationStarted,
  DayClosed,
  DayOpened,
  momentOf,
  OpenVisitsEnded,
  PatientIdentified,
  PatientParked,
  QueueClosed,
  QueueOpened,
  SiteConfigured,
  VisitEndedAtClosing,
} from './events.ts';
import { about, called, configured, hasCheckedIn, newVisitId, now, patientKey, visitId, waiting } from './john-doe.ts';
import { siteDecider } from './site.ts';
import { siteDayDecider } from './site-day.ts';

const hour = 3_600_000;
const closing = now + 19 * hour;
const siteId = 'main';
const hours = { siteId, siteName: 'Main', timeZone: 'Europe/Madrid', closesAt: '20:00', opensAt: '07:30' };
const site = SiteConfigured({ ...hours, nextCloseAt: momentOf(closing), configuredAt: momentOf(now) });
const close = { type: 'close-day', siteId, at: closing } as const;
const dayClosed = (queueIds: string[], at = closing) =>
  DayClosed({
    ...{ siteId, day: '2026-01-01', queueIds, closedAt: momentOf(at) },
    ...{ nextCloseAt: momentOf(closing + 24 * hour), opensAt: momentOf(now + 30.5 * hour) },
  });
const shut = (queueId: string, at = closing) =>
  QueueClosed({ queueId, reason: null, day: '2026-01-01', changedAt: momentOf(at) });
const byHand = QueueClosed({ queueId: 'queue-2', reason: null, day: null, changedAt: momentOf(now) });

describe('a site', () => {
  test('knows when its day ends next', () => {
    given(siteDecider, [])
      .when({
        siteId,
        siteName: 'Main',
        timeZone: 'Europe/Madrid',
        closesAt: '20:00',
        opensAt: '07:30',
        ownTimeZone: 'UTC',
      })
      .thenEvents(site);
  });

  test('that is set as it is stores nothing, and without an hour it never closes', () => {
    given(siteDecider, [site]).when({ siteId, closesAt: '20:00', ownTimeZone: 'UTC' }).thenEvents();
    const [event] = given(siteDecider, [site]).when({ siteId, closesAt: null, ownTimeZone: 'UTC' }).events;
    expect(event?.data).toMatchObject({ closesAt: null, nextCloseAt: null, timeZone: 'Europe/Madrid' });
  });
});

describe('the end of a day', () => {
  test('closes the queues of the site: the configured, and those that were only checked in to', () => {
    const elsewhere = configured({ siteId: 'north' }, now, 'queue-9');
    given(siteDayDecider, [site, configured({}, now, 'queue-5'), elsewhere, hasCheckedIn()])
      .when(close, { now: closing })
      .thenEvents(dayClosed(['queue-5', 'queue-1']), shut('queue-5'), shut('queue-1'));
  });

  test('leaves a queue as it is that somebody closed', () => {
    given(siteDayDecider, [site, byHand]).when(close, { now: closing }).thenEvents(dayClosed([]));
  });

  test('that was moved, or came already, is refused', () => {
    given(siteDayDecider, [site, dayClosed([])])
      .when(close)
      .thenRefused('TIMER_OUTDATED');
    given(siteDayDecider, []).when(close).thenRefused('TIMER_OUTDATED');
    const later = SiteConfigured({ ...hours, nextCloseAt: momentOf(closing + hour), configuredAt: momentOf(now) });
    given(siteDayDecider, [site, later]).when(close).thenRefused('TIMER_OUTDATED');
  });

  test('comes once when nothing ran for a week', () => {
    const [event] = given(siteDayDecider, [site]).when(close, { now: closing + 7 * 24 * hour }).events;
    expect(event?.data).toMatchObject({ day: '2026-01-01', nextCloseAt: momentOf(closing + 8 * 24 * hour) });
  });
});

describe('the next morning', () => {
  const open = { type: 'open-day', siteId, at: now + 30.5 * hour } as const;
  const closed = [site, hasCheckedIn(), byHand, dayClosed(['queue-1']), shut('queue-1')];
  const morning = momentOf(open.at);

  test('opens what the day closed, and nothing that people did', () => {
    given(siteDayDecider, closed)
      .when(open, { now: open.at })
      .thenEvents(
        DayOpened({ siteId, queueIds: ['queue-1'], openedAt: morning }),
        QueueOpened({ queueId: 'queue-1', changedAt: morning }),
      );
    const touched = QueueClosed({ queueId: 'queue-1', reason: 'Strike.', day: null, changedAt: momentOf(closing + 1) });
    given(siteDayDecider, [...closed, touched])
      .when(open, { now: open.at })
      .thenEvents(DayOpened({ siteId, queueIds: [], openedAt: morning }));
  });

  test('comes once', () => {
    const opened = DayOpened({ siteId, queueIds: ['queue-1'], openedAt: morning });
    given(siteDayDecider, [...closed, opened])
      .when(open)
      .thenRefused('TIMER_OUTDATED');
  });
});

describe('a visit that the end of a day meets', () => {
  const end = { queueId: 'queue-1', closedAt: closing };
  const ended = (visits: number) =>
    OpenVisitsEnded({ queueId: 'queue-1', day: '2026-01-01', visits, endedAt: momentOf(closing) });
  const left = (of: { visitId: string; queueId: string; patientKey: string | null } = about) =>
    VisitEndedAtClosing({ ...of, reason: 'DAY_CLOSED', endedAt: momentOf(closing) });

  test('and that nobody called is over; who is called or in consultation stays', () => {
    const other = { visitId: newVisitId(), queueId: 'queue-1', patientKey: null };
    given(endOfDayDecider, [...called, hasCheckedIn(other), shut('queue-1')])
      .when(end, { now: closing })
      .thenEvents(ended(1), left(other));
    const started = ConsultationStarted({ ...about, roomId: 'room-1', startedAt: momentOf(now) });
    given(endOfDayDecider, [...called, started, shut('queue-1')])
      .when(end, { now: closing })
      .thenEvents(ended(0));
  });

  test('parked is over as well, and an identified one under its pseudonym', () => {
    const seat = { roomId: 'room-1', deskId: null, turn: 1 };
    given(endOfDayDecider, [...called, PatientParked({ ...about, ...seat, parkedAt: momentOf(now) }), shut('queue-1')])
      .when(end, { now: closing })
      .thenEvents(ended(1), left());
    const identified = PatientIdentified({
      ...{ ...about, patientId: 'patient-1', patientName: 'John Doe', identifiedAt: momentOf(now) },
    });
    given(endOfDayDecider, [hasCheckedIn({ patientKey: null }), identified, shut('queue-1')])
      .when(end, { now: closing })
      .thenEvents(ended(1), left({ visitId, queueId: 'queue-1', patientKey }));
  });

  test('goes on when somebody opened the queue again in between, or closed it by hand', () => {
    const opened = QueueOpened({ queueId: 'queue-1', changedAt: momentOf(closing + 1) });
    given(endOfDayDecider, [...waiting, shut('queue-1'), opened])
      .when(end)
      .thenRefused('TIMER_OUTDATED');
    const hand = QueueClosed({ queueId: 'queue-1', reason: null, day: null, changedAt: momentOf(closing) });
    given(endOfDayDecider, [...waiting, hand])
      .when(end)
      .thenRefused('TIMER_OUTDATED');
    const nextDay = shut('queue-1', closing + 24 * hour);
    given(endOfDayDecider, [...waiting, shut('queue-1'), opened, nextDay])
      .when(end)
      .thenRefused('TIMER_OUTDATED');
  });

  test('comes back from a snapshot as it was, without a name', () => {
    const { state } = given(endOfDayDecider, [...waiting, shut('queue-1')]);
    const rule = endOfDayDecider.snapshot;
    const json = rule?.toJson(state);
    expect(JSON.stringify(json)).not.toContain('Doe');
    expect(json === undefined ? undefined : rule?.fromJson(json)).toEqual(state);
  });
});
