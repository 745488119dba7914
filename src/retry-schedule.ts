/**
 * When an event that failed by itself is tried again: the pause after the first failure, after the second, and so on, in
 * milliseconds. Behind the last one nothing is tried any more until somebody decides. An outage is no failure of an
 * event: it is waited out and counts no attempt.
 */
export const defaultRetrySchedule: readonly number[] = [30_000, 120_000, 1_800_000, 3_600_000];

/** The pause after so many failures, in milliseconds; null when the next attempt is somebody's decision. */
export function pauseAfter(failures: number, schedule: readonly number[] = defaultRetrySchedule): number | null {
  return schedule[failures - 1] ?? null;
}
