/** The way of one event. Durations in milliseconds; null while a part has not happened. */
export interface EventWay {
  readonly eventId: string;
  readonly eventName: string;
  readonly position: number;
  readonly status: string;
  /** Milliseconds since 1970, on the server's clock. */
  readonly createdAt: number;
  /** The parts in their order: outbox wait, publish, transit, apply. */
  readonly parts: readonly (number | null)[];
  readonly totalMs: number | null;
}

/** Over the newest events. */
export interface WaySummary {
  readonly count: number;
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  readonly p99Ms: number | null;
}

/** What the figures beside the events say. */
export interface WayState {
  /** When this was read, by the browser's clock, in milliseconds since 1970. */
  readonly readAt: number;
  /** The newest events, the last first. */
  readonly events: readonly EventWay[];
  readonly summary: WaySummary;
  readonly pending: number;
  readonly oldestPendingMs: number;
  readonly logPosition: number;
  readonly readModelPosition: number;
  readonly parked: number;
  readonly healthy: boolean;
}

/** Below 100 ms is the target; up to 1 s is a warning; above is critical. */
export type Band = 'target' | 'warning' | 'critical';

export function bandOf(milliseconds: number): Band {
  return milliseconds < 100 ? 'target' : milliseconds <= 1_000 ? 'warning' : 'critical';
}

/** How long an event had taken when it was read: its total, or its age on the server's clock at that time. */
export function soFarMs(event: EventWay, readAt: number): number {
  return event.totalMs ?? Math.max(0, readAt - event.createdAt);
}

const steps = [1, 2, 5];

/**
 * The end of a scale that holds all values: 1, 2 or 5 times a power of ten, at least 10 ms. Round, so that it stays
 * the same from one event to the next.
 */
export function scaleFor(values: readonly number[]): number {
  const largest = Math.max(10, ...values);
  let power = 10 ** Math.floor(Math.log10(largest));
  for (;;) {
    for (const step of steps) if (step * power >= largest) return step * power;
    power *= 10;
  }
}

/** The events whose way is not complete: worth another look soon. */
export function isUnderWay({ totalMs, status }: EventWay): boolean {
  return totalMs === null && status !== 'FAILED';
}

/** So many events are shown, and so many of them at most while they are under way and others are not. */
export const shownEvents = 8;
const shownUnderWay = 2;

/**
 * Which of the newest events to show: under load all of the very newest are under way at any moment, and would hide how
 * long those before them took.
 */
export function chooseEvents(events: readonly EventWay[]): readonly EventWay[] {
  const underWay = events.filter(isUnderWay);
  const complete = events
    .filter((event) => !isUnderWay(event))
    .slice(0, shownEvents - Math.min(shownUnderWay, underWay.length));
  return [...underWay.slice(0, shownEvents - complete.length), ...complete].sort((a, b) => b.position - a.position);
}

/** Much older events say nothing about now, so one that is under way is shown rather than them. */
const recentMs = 5_000;

/** The event for the line: the reader's own, else the newest whose way is complete, else the newest. */
export function chooseForLine(events: readonly EventWay[], ownPosition: number | undefined): EventWay | undefined {
  const [newest] = events;
  const own = events.find(({ position }) => position === ownPosition);
  if (own !== undefined || newest === undefined) return own;
  return events.find((event) => !isUnderWay(event) && newest.createdAt - event.createdAt < recentMs) ?? newest;
}
