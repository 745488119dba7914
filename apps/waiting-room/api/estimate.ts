/** How long until somebody is called, in whole minutes: never 0, and never one number, which nobody can promise. */
export interface Estimate {
  readonly fromMinutes: number;
  readonly toMinutes: number;
}

export interface Line {
  /** Who is called before. */
  readonly before: number;
  /** Half of the last consultations took no longer, in milliseconds; null when there was none. */
  readonly medianServiceMs: number | null;
  /** The rooms that see patients of this queue. */
  readonly openRooms: number;
}

export type EstimateOrWhyNot =
  | { readonly estimate: Estimate; readonly estimateUnknownBecause: null }
  | { readonly estimate: null; readonly estimateUnknownBecause: 'NO_ROOM_OPEN' | 'NO_HISTORY' };

const minute = 60_000;

/**
 * How long somebody waits who has so many before them: those before times the median consultation, shared among the
 * rooms, and up to one consultation more, since a room may have begun just now. Says that it does not know, and why,
 * rather than to guess.
 * @example estimateOf({ before: 3, medianServiceMs: 600_000, openRooms: 2 }) // 15 to 20 minutes
 */
export function estimateOf({ before, medianServiceMs, openRooms }: Line): EstimateOrWhyNot {
  if (openRooms < 1) return { estimate: null, estimateUnknownBecause: 'NO_ROOM_OPEN' };
  if (medianServiceMs === null) return { estimate: null, estimateUnknownBecause: 'NO_HISTORY' };
  const each = medianServiceMs / openRooms / minute;
  const fromMinutes = Math.max(1, Math.floor(before * each));
  const toMinutes = Math.max(fromMinutes + 1, Math.ceil((before + 1) * each));
  return { estimate: { fromMinutes, toMinutes }, estimateUnknownBecause: null };
}
