import { readFileSync } from 'node:fs';
import type pg from 'pg';
import { asking } from '../postgres/asking.ts';
import { int8Array, textArray, timestampArray } from '../postgres/binary-arrays.ts';

/** One firing: a timer at the time it was set to. Set to another time, it is another firing. */
export interface Firing {
  /** Definition and key. */
  readonly timer: string;
  /** Milliseconds since 1970. */
  readonly dueAt: number;
}

/** What came of a firing. */
export interface Settlement extends Firing {
  /** How far the read model had come that showed the timer. */
  readonly position: number;
  readonly outcome: 'fired' | 'refused';
  /** Why it was refused. */
  readonly code?: string;
}

/** The SQL that makes the table of firings in the event store. */
export function timersSchema(): string {
  return readFileSync(new URL('./firings.sql', import.meta.url), 'utf8');
}

/** Names a firing. */
export function firingName({ timer, dueAt }: Firing): string {
  return `${timer}@${dueAt}`;
}

interface FiringRow {
  readonly timer: string;
  readonly due_at: number;
}

const columns = 'f.timer, round(extract(epoch from f.due_at) * 1000)::float8 as due_at';

/** What is known about firings in the event store. Each method throws STORE_UNAVAILABLE when that does not answer. */
export class TimerFirings {
  readonly #pool: pg.Pool;

  constructor(pool: pg.Pool) {
    this.#pool = pool;
  }

  /** All that are settled and whose timer was not seen to be gone: few, when events cancel what has fired. */
  async all(): Promise<readonly (Firing & { readonly position: number })[]> {
    const { rows } = await asking(
      this.#pool.query<FiringRow & { position: number }>(
        `select ${columns}, f.position::float8 as position from timer_firings f`,
      ),
    );
    return rows.map(({ timer, due_at: dueAt, position }) => ({ timer, dueAt, position }));
  }

  /** The names of those that are settled already. */
  async settledAmong(firings: readonly Firing[]): Promise<ReadonlySet<string>> {
    const text = `select ${columns} from timer_firings f
      join unnest($1::text[], $2::timestamptz[]) as g(timer, due_at) on f.timer = g.timer and f.due_at = g.due_at`;
    const { rows } = await asking(this.#pool.query<FiringRow>({ text, values: arraysOf(firings) }));
    return namesOf(rows);
  }

  /** Keeps what came of some; resolves with the names of those that nobody had settled before. */
  async settle(settlements: readonly Settlement[]): Promise<ReadonlySet<string>> {
    const text = `select ${columns} from timers_settle($1, $2, $3, $4, $5) f`;
    const values = [
      ...arraysOf(settlements),
      int8Array(settlements.map(({ position }) => position)),
      textArray(settlements.map(({ outcome }) => outcome)),
      textArray(settlements.map(({ code }) => code)),
    ];
    const { rows } = await asking(this.#pool.query<FiringRow>({ text, values }));
    return namesOf(rows);
  }

  /** Their timers are gone. */
  async forget(firings: readonly Firing[]): Promise<void> {
    await asking(this.#pool.query({ text: 'select timers_forget($1, $2)', values: arraysOf(firings) }));
  }
}

function arraysOf(firings: readonly Firing[]): [timers: Buffer, due: Buffer] {
  return [textArray(firings.map(({ timer }) => timer)), timestampArray(firings.map(({ dueAt }) => dueAt))];
}

function namesOf(rows: readonly FiringRow[]): ReadonlySet<string> {
  return new Set(rows.map(({ timer, due_at: dueAt }) => firingName({ timer, dueAt })));
}
