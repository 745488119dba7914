/** How many commands are in flight, unless a contestant says otherwise. */
export const inFlight = 64;

/**
 * Connections of a pool that idles for so long are closed, in milliseconds: the server takes 100, and contestants that
 * wait for their turn need none. The warm-up opens them again.
 */
export const betweenTurns = 2000;

/**
 * Something that stores events. A part calls `prepare` once, `appendOne` from many callers in a closed loop for every
 * round, and `close` at the end. The events come from `sampleEvent()`, made inside `appendOne`, so that everybody
 * pays for making them.
 */
export interface Contestant {
  readonly name: string;
  /** What it does, in half a sentence; printed under the table. */
  readonly does: string;
  /** Callers in the closed loop; 64 by default. */
  readonly callers?: number;
  /** Events that one call stores; 1 by default. */
  readonly eventsPerCall?: number;
  /** A query whose column `events` counts what is stored; compared with the number of answered commands. */
  readonly countSql: string;
  /** Creates its schema in the empty database at `url` and opens its connections; `another` makes a second database. */
  prepare(url: string, another: () => Promise<string>): Promise<void>;
  /** Stores one event in a stream of its own; resolves when it is committed. `caller` is 0 to callers − 1. */
  appendOne(caller: number): Promise<void>;
  close(): Promise<void>;
}
