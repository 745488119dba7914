/** A ticket that is called somewhere. */
export interface Call {
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
  | { readonly type: 'hello' | 'heartbeat' | 'reset'; readonly position: number }
  | { readonly type: 'rows'; readonly position: number; readonly rows: readonly Call[] };

export interface Display {
  /** Undefined before the first answer. */
  readonly shown: Snapshot | undefined;
  /** Who has just been called, the first first: each is said once. */
  readonly toSay: readonly Call[];
}

export const emptyDisplay: Display = { shown: undefined, toSay: [] };

/** Those of `after` that were called since `before`: for the first time, or once more. */
export function newCalls(before: readonly Call[], after: readonly Call[]): readonly Call[] {
  const known = new Map(before.map((call) => [call.ticket, call.calls]));
  return after
    .filter(({ ticket, status, calls }) => status !== 'IN_CONSULTATION' && calls > (known.get(ticket) ?? 0))
    .toSorted((one, other) => one.calledAt - other.calledAt);
}

/** Shows what a snapshot says. What was called before the display was switched on is shown and not said. */
export function snapshotLoaded({ shown, toSay }: Display, snapshot: Snapshot): Display {
  // Live messages may have been faster than the answer.
  if (shown !== undefined && snapshot.position < shown.position) return { shown, toSay };
  const said = shown === undefined ? [] : newCalls(shown.calls, snapshot.calls);
  return { shown: snapshot, toSay: [...toSay, ...said] };
}

/** Puts live rows over what is shown. A row that is done leaves. */
export function received({ shown, toSay }: Display, message: DisplayMessage): Display {
  if (shown === undefined) return { shown, toSay };
  const position = message.type === 'reset' ? shown.position : Math.max(shown.position, message.position);
  if (message.type !== 'rows') return { shown: { ...shown, position }, toSay };
  let { calls, next } = shown;
  for (const row of message.rows) {
    const known = calls.find(({ ticket }) => ticket === row.ticket);
    // A ticket of yesterday does not take today's away.
    if (known !== undefined && known.calledAt > row.calledAt) continue;
    calls = calls.filter((call) => call !== known);
    if (row.status === 'DONE') continue;
    calls = [...calls, row].toSorted((one, other) => other.calledAt - one.calledAt);
    next = next.filter((ticket) => ticket !== row.ticket);
  }
  return { shown: { ...shown, calls, next, position }, toSay: [...toSay, ...newCalls(shown.calls, calls)] };
}

/** A ticket as it is spoken: sign by sign. @example spelled('Q1-017') // 'Q 1, 0 1 7' */
export function spelled(ticket: string): string {
  return ticket
    .split('-')
    .map((part) => part.split('').join(' '))
    .join(', ');
}
