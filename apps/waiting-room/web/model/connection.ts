/** How the feed is connected. */
export interface Connection {
  readonly open: boolean;
  /** When the feed said something last, in milliseconds since 1970 by the browser's clock; undefined before that. */
  readonly heardAt: number | undefined;
}

export type ConnectionState = 'connecting' | 'live' | 'reconnecting' | 'stale';

/** Without a word for so long, what is shown counts as old. The feed says something every 15 seconds at least. */
export const staleAfterMs = 30_000;

/** What to tell the reader about the age of what he sees. */
export function connectionState({ open, heardAt }: Connection, now: number): ConnectionState {
  if (heardAt === undefined) return 'connecting';
  if (now - heardAt >= staleAfterMs) return 'stale';
  return open ? 'live' : 'reconnecting';
}

/** How long to wait before the n-th try (from 0): half a second, doubled up to five; `random` from 0 to 1 spreads them. */
export function retryDelayMs(attempt: number, random: number): number {
  return Math.min(5_000, 500 * 2 ** attempt) * (0.75 + random / 2);
}
