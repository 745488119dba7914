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

/** How long an event has taken so far: its total, or its age on the server's clock. */
export function soFarMs(event: EventWay, serverNow: number): number {
  return event.totalMs ?? Math.max(0, serverNow - event.createdAt);
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
