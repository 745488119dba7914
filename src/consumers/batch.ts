import { DatabaseError } from 'pg';
import type pg from 'pg';
import type { EventRegistry } from '../events/codec.ts';
import type { RecordedEvent, StoredEvent } from '../events/envelope.ts';
import { MillraceError } from '../errors.ts';
import type { HandlerFailure } from '../projections/projection-writer.ts';
import { int8Array, textArray, timestampArray, uuidArray } from '../postgres/binary-arrays.ts';
import type { Build } from '../projections/builds.ts';
import type { TraceContext } from '../tracing.ts';

/** An event with what is known of its way here. */
export interface Arrival {
  readonly event: StoredEvent;
  /** The relay's clock; undefined when it was read from the log instead of delivered. */
  readonly handedAt: number | undefined;
  /** This process's clock. */
  readonly receivedAt: number;
  /** Of its publication, when the message carried one. */
  readonly trace?: TraceContext | undefined;
  /** Why it could not be decoded; then `event` has no data, and is parked under its stream. */
  readonly undecodable?: unknown;
}

/** Decodes what arrived. An event that cannot be decoded is poison like any other, not the end of the consumer. */
export function arrive(
  registry: EventRegistry,
  record: RecordedEvent,
  handedAt: number | undefined,
  receivedAt: number,
  trace?: TraceContext,
): Arrival {
  try {
    return { event: registry.decode(record), handedAt, receivedAt, trace };
  } catch (undecodable) {
    const event = { ...record, log: '', data: {}, metadata: { correlationId: '', actor: '' } };
    return { event, handedAt, receivedAt, trace, undecodable };
  }
}

/** What came of an event: in effect, failed, or waiting behind a failed one of its key. */
export type ArrivalStatus = 'PROCESSED' | 'FAILED' | 'PUBLISHED';

/** A range of positions without a gap that shares its stamps. */
export interface StampRun {
  readonly first: number;
  last: number;
  /** Id of the event at `last`: what a copy is compared with, in case the log was replaced meanwhile. */
  lastEvent: string;
  readonly handedAt: number | undefined;
  readonly receivedAt: number;
  readonly status: ArrivalStatus;
}

/** Groups arrivals into runs: a batch has few, however many events it has. */
export function stampRuns(arrivals: readonly Arrival[], statusOf: (position: number) => ArrivalStatus): StampRun[] {
  const runs: StampRun[] = [];
  for (const { event, handedAt, receivedAt } of arrivals) {
    const status = statusOf(event.position);
    const run = runs.at(-1);
    const joins =
      run !== undefined &&
      run.last === event.position - 1 &&
      run.status === status &&
      run.handedAt === handedAt &&
      run.receivedAt === receivedAt;
    if (joins) {
      run.last = event.position;
      run.lastEvent = event.id;
    } else {
      runs.push({ first: event.position, last: event.position, lastEvent: event.id, handedAt, receivedAt, status });
    }
  }
  return runs;
}

/**
 * The statement that writes runs down: the last one of the effect's transaction. `startedAt` is this process's clock when
 * the transaction began; the time of processing is that plus what the transaction has taken by now, so that all stamps
 * of a consumer come from one clock. The flush of the commit itself is not in it.
 */
export function stampStatement(projection: string, runs: readonly StampRun[], startedAt: number): pg.QueryConfig {
  return {
    name: 'lag-stamps',
    text: `insert into lag_stamps (projection_id, first_position, last_position, last_event, handed_at, received_at, processed_at, status)
      select $1, r.first, r.last, r.last_event, nullif(r.handed, '-infinity'), r.received, $6::timestamptz + (clock_timestamp() - transaction_timestamp()), r.status
      from unnest($2::bigint[], $3::bigint[], $4::timestamptz[], $5::timestamptz[], $7::text[], $8::uuid[])
           as r(first, last, handed, received, status, last_event)`,
    values: [
      projection,
      int8Array(runs.map((run) => run.first)),
      int8Array(runs.map((run) => run.last)),
      handedArray(runs),
      timestampArray(runs.map((run) => run.receivedAt)),
      microseconds(startedAt),
      textArray(runs.map((run) => run.status)),
      uuidArray(runs.map((run) => run.lastEvent)),
    ],
  };
}

function handedArray(runs: readonly StampRun[]): (Date | string)[] {
  return runs.map((run) => (run.handedAt === undefined ? '-infinity' : microseconds(run.handedAt)));
}

/** An ISO time with microseconds, which Date cannot hold. */
export function microseconds(milliseconds: number): string {
  const whole = Math.floor(milliseconds);
  const micro = Math.min(999, Math.round((milliseconds - whole) * 1000));
  return new Date(whole).toISOString().replace('Z', `${String(micro).padStart(3, '0')}Z`);
}

/** The statement that parks events. A failed one is tried again after `pause` milliseconds; null: not by itself. */
export function parkStatement(
  build: Build,
  pause: number | null,
  parked: readonly {
    readonly event: StoredEvent;
    readonly key: string;
    readonly failure: HandlerFailure | undefined;
  }[],
): pg.QueryConfig {
  return {
    name: 'park',
    text: `insert into dead_letters (projection_id, generation, ordering_key, position, event_id, event_name, status, error, attempts,
        next_attempt_at)
      select $1, $2, d.key, d.position, d.event_id, d.event_name, d.status, d.error, case d.status when 'failed' then 1 else 0 end,
        case d.status when 'failed' then clock_timestamp() + $9::float8 * interval '1 millisecond' end
      from unnest($3::text[], $4::bigint[], $5::uuid[], $6::text[], $7::text[], $8::text[])
           as d(key, position, event_id, event_name, status, error)
      on conflict (projection_id, generation, position) do nothing`,
    values: [
      build.projection,
      build.generation,
      textArray(parked.map((one) => one.key)),
      int8Array(parked.map((one) => one.event.position)),
      uuidArray(parked.map((one) => one.event.id)),
      textArray(parked.map((one) => one.event.type)),
      textArray(parked.map((one) => (one.failure === undefined ? 'waiting' : 'failed'))),
      textArray(parked.map((one) => (one.failure === undefined ? undefined : describeFailure(one.failure.error)))),
      pause,
    ],
  };
}

/**
 * Why a consumer stands still, for whoever asks for its health: our own code and text, and of any other error what
 * {@link describeFailure} lets out, since the text of a driver may name hosts and users.
 */
export function describeStandstill(error: unknown): string {
  return error instanceof MillraceError ? `${error.code}: ${error.message}` : describeFailure(error);
}

/** Name, code and place of an error, never its message: a message may quote what the event holds. */
export function describeFailure(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  const code = 'code' in error && typeof error.code === 'string' && isName(error.code) ? ` ${error.code}` : '';
  const name = isName(error.name) ? error.name : 'Error';
  if (error instanceof DatabaseError) {
    // Names of the schema, no values.
    const what = [error.table, error.column, error.constraint].filter((part) => part !== undefined).join(' ');
    return `database${code}${what === '' ? '' : ` at ${what}`}`;
  }
  return `${name}${code}${placeOf(error)}`;
}

function isName(text: string): boolean {
  return /^[A-Za-z0-9_]{1,60}$/.test(text);
}

/** File and line of the first frame. The stack begins with the message, which may look like anything: cut it off. */
function placeOf(error: Error): string {
  const stack = error.stack ?? '';
  const at = error.message === '' ? -1 : stack.indexOf(error.message);
  if (error.message !== '' && at < 0) return '';
  const frames = stack
    .slice(at < 0 ? 0 : at + error.message.length)
    .split('\n')
    .slice(1);
  const place = /^ +at .*?((?:file:\/\/)?\/?[\w./@-]+\.[cm]?[jt]s:\d+:\d+)\)?$/.exec(frames[0] ?? '')?.[1];
  return place === undefined ? '' : ` at ${place.split('/').slice(-2).join('/')}`;
}
