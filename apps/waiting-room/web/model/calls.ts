/** A call as everybody in the building may see it: a ticket and where it goes. */
export interface CallRow {
  readonly ticket: string;
  readonly kind: 'room' | 'desk';
  readonly place: string;
  /** CALLED, AT_CASHIER, IN_CONSULTATION, or DONE for a call that is over. */
  readonly status: string;
  /** Milliseconds since 1970; 0 when it is not told. */
  readonly calledAt: number;
  /** Goes up with each call, so that a call once more is noticed. */
  readonly calls: number;
  /** Place in the log; 0 for a row of a snapshot. */
  readonly position: number;
}

export interface CallsSnapshot {
  readonly siteName: string;
  readonly position: number;
  readonly calls: readonly CallRow[];
  readonly next: readonly string[];
}

export type CallsMessage =
  | { readonly type: 'hello' | 'heartbeat' | 'reset'; readonly position: number }
  | { readonly type: 'calls'; readonly position: number; readonly rows: readonly CallRow[] };

/** What a display knows. Changed by the functions below alone, which change nothing they are given. */
export interface CallBoard {
  /** Undefined until the first snapshot. */
  readonly siteName: string | undefined;
  readonly position: number | undefined;
  readonly calls: ReadonlyMap<string, CallRow>;
  readonly next: readonly string[];
  /** How often each ticket was called, as far as it was told. */
  readonly heard: ReadonlyMap<string, number>;
  /** Calls that are to be said aloud, in their order. */
  readonly toSay: readonly CallRow[];
  /** Rows that came since the last snapshot was asked for. */
  readonly since: readonly CallRow[];
}

export const emptyBoard: CallBoard = {
  siteName: undefined,
  position: undefined,
  calls: new Map(),
  next: [],
  heard: new Map(),
  toSay: [],
  since: [],
};

/** After a connection that was gone, only calls that are no older than this are said aloud. */
const stillNewsMs = 60_000;
/** Of so many tickets it is known how often they were called. */
const mostHeard = 2_000;

/** The board after some messages of the feed. `now` is the server's clock. */
export function receiveCalls(board: CallBoard, messages: readonly CallsMessage[], now: number): CallBoard {
  let next = board;
  for (const message of messages) {
    if (message.type === 'reset') next = { ...next, position: message.position, since: [] };
    else if (message.type !== 'hello' && message.position > (next.position ?? -1)) {
      next = { ...next, position: message.position };
    }
    if (message.type === 'calls')
      next = { ...withRows(next, message.rows, now), since: [...next.since, ...message.rows] };
  }
  return next;
}

export function callsAsked(board: CallBoard): CallBoard {
  return { ...board, since: [] };
}

/** The board on a new snapshot, with what came since it was asked for on top. */
export function callsLoaded(board: CallBoard, snapshot: CallsSnapshot, now: number): CallBoard {
  const first = board.siteName === undefined;
  const begun: CallBoard = {
    ...board,
    siteName: snapshot.siteName,
    position: board.position ?? snapshot.position,
    calls: new Map(),
    next: snapshot.next,
    since: [],
    // Whoever switches the display on does not want to hear the last hour.
    ...(first ? { heard: new Map(snapshot.calls.map(({ ticket, calls }) => [ticket, calls])) } : {}),
  };
  const later = board.since.filter(({ position }) => position > snapshot.position);
  return withRows(withRows(begun, snapshot.calls, now), later, now);
}

/** The call that was said is off the list. */
export function said(board: CallBoard, call: CallRow): CallBoard {
  return { ...board, toSay: board.toSay.filter((one) => one !== call) };
}

/** Those that are shown: the newest call first. */
export function shownCalls({ calls }: CallBoard): readonly CallRow[] {
  return [...calls.values()].sort((a, b) => b.calledAt - a.calledAt || (a.ticket < b.ticket ? -1 : 1));
}

function withRows(board: CallBoard, rows: readonly CallRow[], now: number): CallBoard {
  if (rows.length === 0) return board;
  const calls = new Map(board.calls);
  const heard = new Map(board.heard);
  const toSay = [...board.toSay];
  for (const row of rows) {
    // The same number on another day, or a copy that comes late.
    if (row.calledAt < (calls.get(row.ticket)?.calledAt ?? 0)) continue;
    if (row.status === 'DONE') {
      calls.delete(row.ticket);
      continue;
    }
    calls.set(row.ticket, row);
    const isNews = row.calls > (heard.get(row.ticket) ?? 0) && row.status !== 'IN_CONSULTATION';
    heard.delete(row.ticket);
    heard.set(row.ticket, row.calls);
    if (isNews && now - row.calledAt < stillNewsMs) {
      // Called again before it was said: once is enough.
      const before = toSay.findIndex(({ ticket }) => ticket === row.ticket);
      if (before >= 0) toSay.splice(before, 1);
      toSay.push(row);
    }
  }
  return { ...board, calls, toSay, heard: heard.size > mostHeard ? new Map([...heard].slice(mostHeard / -2)) : heard };
}

/**
 * A ticket as it is spoken, sign by sign.
 * @example spelled('Q1-017') // 'Q 1, 0 1 7'
 */
export function spelled(ticket: string): string {
  return ticket
    .split('-')
    .map((part) => [...part].join(' '))
    .join(', ');
}
