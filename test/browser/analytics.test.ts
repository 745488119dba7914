import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { ClinicBrowser, comesTrue, connectionIs } from '../support/clinic-browser.ts';
import { keepsThePromisesOfScreens } from '../support/screen-promises.ts';

let clinic: ClinicBrowser;

beforeAll(async () => {
  clinic = await ClinicBrowser.start();
  await clinic.put('queues/general', { queueName: 'General medicine' });
  await seen('general', 'Urgent', 'Cardiology');
  await seen('general', 'Low', 'General');
  await absent('general', 'Low', 'General');
  await clinic.checkIn('general', 'Olga Petrova', { priority: 'Low', consultationType: 'General' });
});

afterEach(() => clinic.closePages());
afterAll(() => clinic.remove());

keepsThePromisesOfScreens(() => clinic, {
  path: '/analytics',
  ready: '[data-group="hours"] tbody tr',
  spanish: 'Por hora de llegada',
  live: true,
});

async function seen(queueId: string, priority: string, consultationType: string): Promise<void> {
  const { visitId } = await clinic.checkIn(queueId, 'Ana Diaz', { priority, consultationType });
  await clinic.post('call-patient', { visitId, roomId: 'r1' });
  await clinic.post('start-consultation', { visitId });
  await clinic.post('complete-attention', { visitId });
}

async function absent(queueId: string, priority: string, consultationType: string): Promise<void> {
  const { visitId } = await clinic.checkIn(queueId, 'Lee Park', { priority, consultationType });
  await clinic.post('call-patient', { visitId, roomId: 'r1' });
  await clinic.post('no-show', { visitId });
}

/** What a table says, by the key of its rows. */
async function table(page: Page, group: string): Promise<Record<string, readonly string[]>> {
  const rows: [string, string[]][] = [];
  for (const row of await page.locator(`[data-group="${group}"] tbody tr`).all()) {
    rows.push([(await row.getAttribute('data-key')) ?? '', await row.locator('td').allTextContents()]);
  }
  return Object.fromEntries(rows);
}

interface LoggedEvent {
  readonly type: string;
  readonly aggregateId: string;
  readonly occurredAt: string;
  readonly data: { readonly priority?: string; readonly consultationType?: string };
}

/** Visits, calls, no-shows and so on of the log, for the events that are chosen by their visit's arrival. */
async function fromTheLog(chosen: (arrival: LoggedEvent) => boolean): Promise<readonly string[]> {
  const response = await fetch(`${clinic.url}/api/events/general?limit=1000`);
  // What is looked at of the answer.
  const { events } = (await response.json()) as { events: readonly LoggedEvent[] };
  const visits = new Set(
    events.filter((event) => event.type === 'PatientCheckedIn' && chosen(event)).map(({ aggregateId }) => aggregateId),
  );
  const count = (type: string) => events.filter((event) => event.type === type && visits.has(event.aggregateId)).length;
  const [completed, noShows] = [count('ConsultationCompleted'), count('PatientNoShow')];
  const over = completed + noShows;
  const rate = over === 0 ? '–' : (noShows / over).toLocaleString('en', { style: 'percent', maximumFractionDigits: 1 });
  return [visits.size, completed, noShows, rate].map(String);
}

/** Of a row: visits, completed, no-shows and the rate. */
const counted = (cells: readonly string[] | undefined) => [0, 5, 6, 8].map((column) => cells?.[column]);

test('visits, no-shows and their rate by hour, priority and kind are those of the event log, and go on live', async () => {
  const page = await clinic.open('/analytics');
  await connectionIs(page, 'live');
  const agrees = async (): Promise<void> => {
    await expect
      .poll(async () => page.locator('#all-title').locator('xpath=../..').getAttribute('data-arrivals'))
      .toBe((await fromTheLog(() => true))[0]);
    const [byPriority, byType, byHour] = [
      await table(page, 'priorities'),
      await table(page, 'types'),
      await table(page, 'hours'),
    ];
    for (const priority of ['Urgent', 'Low']) {
      expect([priority, counted(byPriority[priority])]).toEqual([
        priority,
        await fromTheLog(({ data }) => data.priority === priority),
      ]);
    }
    for (const kind of ['Cardiology', 'General']) {
      expect([kind, counted(byType[kind])]).toEqual([
        kind,
        await fromTheLog(({ data }) => data.consultationType === kind),
      ]);
    }
    for (const [hour, cells] of Object.entries(byHour)) {
      expect([hour, counted(cells)]).toEqual([
        hour,
        await fromTheLog(({ occurredAt }) => Math.floor(Date.parse(occurredAt) / 3.6e6) * 3.6e6 === Date.parse(hour)),
      ]);
    }
    expect(Object.keys(byPriority)).toEqual(['Urgent', 'Low']);
  };
  await agrees();
  expect(await page.textContent('.totals')).toContain('33.3%');
  await page.evaluate('window.sameAsBefore = true');
  await seen('general', 'Urgent', 'Cardiology');
  await agrees();
  expect(await page.evaluate('window.sameAsBefore')).toBe(true);
});

/** An answer whose times a test can know: in minutes, since nobody waits for minutes in a test. */
function known(waits: { readonly [priority: string]: readonly [number, number] | null }): object {
  const minute = 60_000;
  const span = (pair: readonly [number, number] | null) => ({
    p50Ms: pair === null ? null : pair[0] * minute,
    p90Ms: pair === null ? null : pair[1] * minute,
  });
  const counts = { arrivals: 4, called: 4, completed: 3, noShows: 1, leftUnseen: 0, noShowRate: 0.25 };
  const group = (wait: readonly [number, number] | null) => ({
    ...counts,
    waiting: span(wait),
    service: span([8, 15]),
  });
  return {
    all: group([12, 40]),
    byHour: [{ hour: '2026-02-19T09:00:00.000Z', ...group([12, 40]) }],
    byPriority: Object.entries(waits).map(([priority, wait]) => ({ priority, ...group(wait) })),
    byConsultationType: [{ consultationType: 'Cardiology', ...group([5, 9.5]) }],
  };
}

test('p50 and p90 stand in figures and in bars of the right height, on an axis that names its unit', async () => {
  const page = await clinic.open('/analytics');
  await page.route('**/analytics/summary?*', (route) =>
    route.fulfill({ json: known({ Urgent: [2, 5], High: [10, 20], Low: null }) }),
  );
  await page.selectOption('[name="queue"]', 'general');
  const rows = '[data-group="priorities"] tbody tr';
  await page.waitForSelector(`${rows}[data-key="High"]`);
  expect((await table(page, 'priorities'))['High']?.slice(1, 5)).toEqual(['10 min', '20 min', '8 min', '15 min']);
  expect((await table(page, 'priorities'))['Low']?.slice(1, 3)).toEqual(['–', '–']);
  expect((await table(page, 'types'))['Cardiology']?.slice(1, 3)).toEqual(['5 min', '9.5 min']);
  expect(await page.textContent('.totals')).toContain('25%');

  const chart = page.locator('[data-group="priorities"] .chart svg').first();
  expect((await chart.locator('text').first().textContent())?.trim()).toBe('minutes');
  const bars = await chart.evaluate((svg) =>
    [...svg.querySelectorAll('rect')].map((bar) => {
      const { x, width, height } = bar.getBoundingClientRect();
      return { kind: bar.getAttribute('class'), left: x, width, height };
    }),
  );
  // Who is not known has no bar.
  expect(bars.map(({ kind }) => kind)).toEqual(['half', 'most', 'half', 'most']);
  const perMinute = bars.map(({ height }, index) => height / ([2, 5, 10, 20][index] ?? 1));
  for (const one of perMinute) expect(one).toBeCloseTo(perMinute[0] ?? 0, 3);
  expect(new Set(bars.map(({ width }) => width)).size).toBe(1);
  for (const [index, bar] of bars.entries()) {
    const before = bars[index - 1];
    if (before !== undefined) expect(bar.left).toBeGreaterThanOrEqual(before.left + before.width);
  }
  // The axis says the same as the bars: 20 minutes end where its mark is.
  const mark = await chart.locator('text:text-is("20")').boundingBox();
  const highest = await chart.locator('rect.most').nth(1).boundingBox();
  expect(Math.abs((mark?.y ?? 0) + (mark?.height ?? 0) / 2 - (highest?.y ?? 0))).toBeLessThan(4);
});

test('a month in which clocks are turned back can be asked for as a whole, and a day more cannot', async () => {
  const page = await clinic.open('/analytics', { timeZone: 'Europe/Madrid' });
  await page.waitForSelector('[data-group="hours"]');
  const answered = page.waitForResponse(
    (response) => response.url().includes('from=2025-09-30T22') && response.url().includes('to=2025-10-31T23'),
  );
  await page.fill('[name="from"]', '2025-10-01');
  await page.fill('[name="to"]', '2025-10-31');
  expect((await answered).status()).toBe(200);
  await comesTrue(page, `document.querySelector('.problem').textContent === ''`);
  await page.waitForSelector('text=Nobody arrived in that time.');
  await page.fill('[name="to"]', '2025-11-01');
  await page.waitForSelector('.problem:has-text("31 days")');
});
