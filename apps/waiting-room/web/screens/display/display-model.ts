/** A ticket that is called somewhere. */
export interface Call {
  /** Stands for the visit: tickets come again every day. */
  readonly callId: string;
  readonly ticket: string;
  readonly kind: string;
  /** Of the room or desk. */
  readonly name: string;
  readonly status: string;
  /** Milliseconds since 1970 by the server's clock. */
  readonly calledAt: number;
  /** Goes up with every call once more. */
  readonly calls: number;
}

export interface Snapshot {
  readonly siteName: string;
  /** The newest first. */
  readonly calls: readonly Call[];
  readonly next: readonly string[];
  readonly position: number;
}

export type DisplayMessage =
  /** `lines`: who comes next has changed. */
  | { readonly type: 'hello' | 'heartbeat' | 'reset' | 'lines'; readonly position: number }
  | { readonly type: 'rows'; readonly position: number; readonly rows: readonly Call[] };

export interface Display {
  /** Undefined before the first answer. */
  readonly shown: Snapshot | undefined;
  /** Who has just been called, the first first: each is said once. */
  readonly toSay: readonly Call[];
}

export const emptyDisplay: Display = { shown: undefined, toSay: [] };

/**
 * Older calls are shown and not said, in milliseconds: after an outage nobody is called who has long gone in or given up,
 * and the room is not filled with chimes.
 */
export const saidWithinMs = 60_000;

/** Those of `after` that were called since `before`, for the first time or once more, and not too long before `now`. */
export function newCalls(before: readonly Call[], after: readonly Call[], now: number): readonly Call[] {
  const known = new Map(before.map((call) => [call.callId, call.calls]));
  return after
    .filter((call) => isToGo(call) && call.calls > (known.get(call.callId) ?? 0))
    .filter(({ calledAt }) => now - calledAt <= saidWithinMs)
    .toSorted((one, other) => one.calledAt - other.calledAt);
}

/** The patient is not there yet. */
const isToGo = ({ status }: Call) => status !== 'IN_CONSULTATION';

/** Whether a call is still to be said: the patient has not gone in, and has not been called once more or elsewhere. */
export function stands({ shown }: Display, call: Call): boolean {
  return shown?.calls.some((one) => one.callId === call.callId && one.calls === call.calls && isToGo(one)) === true;
}

/**
 * Shows what a snapshot says. What was called before the display was switched on is shown and not said.
 * @param now milliseconds since 1970 by the server's clock
 */
export function snapshotLoaded({ shown, toSay }: Display, snapshot: Snapshot, now: number): Display {
  // Live messages may have been faster than the answer.
  if (shown !== undefined && snapshot.position < shown.position) return { shown, toSay };
  const said = shown === undefined ? [] : newCalls(shown.calls, snapshot.calls, now);
  return { shown: snapshot, toSay: [...toSay, ...said] };
}

/**
 * Puts live rows over what is shown. A row that is done leaves.
 * @param now milliseconds since 1970 by the server's clock
 */
export function received({ shown, toSay }: Display, message: DisplayMessage, now: number): Display {
  if (shown === undefined) return { shown, toSay };
  const position = message.type === 'reset' ? shown.position : Math.max(shown.position, message.position);
  // An answer may have been faster than the rows.
  if (message.type !== 'rows' || message.position < shown.position) return { shown: { ...shown, position }, toSay };
  let { calls, next } = shown;
  for (const row of message.rows) {
    calls = calls.filter(({ callId }) => callId !== row.callId);
    if (row.status === 'DONE') continue;
    calls = [...calls, row].toSorted((one, other) => other.calledAt - one.calledAt);
    next = next.filter((ticket) => ticket !== row.ticket);
  }
  return { shown: { ...shown, calls, next, position }, toSay: [...toSay, ...newCalls(shown.calls, calls, now)] };
}

/** A ticket as it is spoken: sign by sign. @example spelled('Q1-017') // 'Q 1, 0 1 7' */
export function spelled(ticket: string): string {
  return ticket
    .split('-')
    .map((part) => part.split('').join(' '))
    .join(', ');
}
