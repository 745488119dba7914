import { readFileSync } from 'node:fs';
import type pg from 'pg';
import type { EventMetadata, JsonObject } from '../events/envelope.ts';
import { MillraceError } from '../errors.ts';
import { asking } from '../postgres/asking.ts';
import type { Timer } from './definition.ts';

const pageSql = readFileSync(new URL('./due-timers.sql', import.meta.url), 'utf8');

/** A timer that is due, as the read model has it. */
export interface DueTimer extends Timer {
  /** Definition and key. */
  readonly timer: string;
  readonly definition: string;
  /** What its command's events carry on. */
  readonly metadata: Partial<EventMetadata>;
  /** An event of its stream is parked, so nobody knows whether the timer still stands. */
  readonly isDoubtful: boolean;
}

/** Some timers that are due, and how far the read model had come that shows them. */
export interface DuePage {
  /** Milliseconds since 1970, by the clock that timers go by. */
  readonly now: number;
  /** Milliseconds until the next timer that is not due yet; undefined when there is none. */
  readonly nextIn: number | undefined;
  readonly position: number;
  readonly eventId: string | undefined;
  readonly incarnation: string | undefined;
  readonly timers: readonly DueTimer[];
}

interface PageRow {
  readonly now: number;
  readonly position: number;
  readonly event_id: string | null;
  readonly incarnation: string | null;
  readonly next_in: number | null;
  /** Null, with all that follow, when none is due. */
  readonly timer: string | null;
  readonly definition: string;
  readonly key: string;
  readonly due_at: number;
  readonly payload: JsonObject;
  readonly metadata: Partial<EventMetadata>;
  readonly is_doubtful: boolean;
}

/** Where a page begins: behind this timer. */
export type PageEnd = Pick<DueTimer, 'timer' | 'dueAt'>;

/** Nobody knows when another clock than the database's moves: it is asked again after so many milliseconds. */
const otherClock = 25;

const beginning: PageEnd = { timer: '', dueAt: 0 };

/** The timers in the live read model. Takes a connection for a question and holds none between. */
export class DueTimers {
  readonly #pool: pg.Pool;
  readonly #now: (() => number) | undefined;

  /** `now`: another clock than that of the database, in milliseconds since 1970. */
  constructor(pool: pg.Pool, now?: () => number) {
    this.#pool = pool;
    this.#now = now;
  }

  /** Throws STORE_UNAVAILABLE when the database does not answer, SCHEMA_MISSING when it knows no timers. */
  async page(after: PageEnd = beginning, limit = 100): Promise<DuePage> {
    const values = [this.#now?.() ?? null, after.dueAt, after.timer, limit];
    const { rows } = await asking(this.#pool.query<PageRow>(pageSql, values));
    const [first] = rows;
    if (first === undefined) throw new MillraceError('SCHEMA_MISSING', 'The read-model database has no timers.');
    return {
      now: first.now,
      nextIn: this.#now === undefined ? (first.next_in ?? undefined) : otherClock,
      position: first.position,
      eventId: first.event_id ?? undefined,
      incarnation: first.incarnation ?? undefined,
      timers: rows.flatMap((row) => (row.timer === null ? [] : [toTimer(row, row.timer)])),
    };
  }
}

function toTimer(row: PageRow, timer: string): DueTimer {
  const { definition, key, due_at: dueAt, payload, metadata, is_doubtful: isDoubtful } = row;
  return { timer, definition, key, dueAt, payload, metadata, isDoubtful };
}
