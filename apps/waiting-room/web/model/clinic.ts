import type { FeedMessage, QueueRow, VisitRow } from './rows.ts';
import { isInLine, isKept } from './statuses.ts';

/** A snapshot holds so many of each line at most, the first ones. */
export const lineLimit = 500;
/** With fewer than this at hand of a line that was cut, a snapshot is asked for again. */
const fewestOfLine = 100;
/** More than this are kept only until the next snapshot cuts the lines. */
const mostVisits = 6_000;
/** So many visits that ended are remembered, so that a late copy of an older row does not bring one back. */
const mostEnded = 5_000;

/**
 * What the staff's screens know: everybody who is here, and the queues. Changed by the functions below alone, which
 * change nothing they are given.
 */
export interface Clinic {
  /** Everything up to here was received: a reconnect goes on from here. Undefined before the first message. */
  readonly position: number | undefined;
  /** Undefined until the first snapshot is there. */
  readonly visits: ReadonlyMap<string, VisitRow> | undefined;
  readonly queues: ReadonlyMap<string, QueueRow>;
  /** For a line that is longer than what is at hand: the call order of the last who is. Who comes behind is not kept. */
  readonly horizons: ReadonlyMap<string, number>;
  /** Position of the last snapshot: older rows are part of it. */
  readonly basis: number;
  readonly ended: ReadonlyMap<string, number>;
  /** As in the board of /flow: a snapshot is to be loaded, and what arrives meanwhile is noted down in `since`. */
  readonly wanted: { readonly minPosition: number; readonly asked: boolean } | undefined;
  readonly since: readonly FeedMessage[];
}

/** Everything at once, by REST. `cut` names the lines of which more wait than are in it, by {@link lineKey}. */
export interface ClinicSnapshot {
  readonly position: number;
  readonly queues: readonly QueueRow[];
  readonly visits: readonly VisitRow[];
  readonly cut: readonly string[];
}

export const emptyClinic: Clinic = {
  position: undefined,
  visits: undefined,
  queues: new Map(),
  horizons: new Map(),
  basis: 0,
  ended: new Map(),
  wanted: undefined,
  since: [],
};

export function lineKey({ queueId, status }: { readonly queueId: string; readonly status: string }): string {
  return `${status} ${queueId}`;
}

/** The clinic after some messages of the feed, in the order in which they came. */
export function receive(clinic: Clinic, messages: readonly FeedMessage[]): Clinic {
  let next = clinic;
  for (const message of messages) {
    if (message.type === 'hello') {
      // Its position says where the read model is, and not that everything up to there was sent.
      if (next.visits === undefined)
        next = { ...next, position: next.position ?? message.position, ...want(next, message.position) };
    } else if (message.type === 'heartbeat') {
      next = moved(next, message.position);
    } else if (message.type === 'reset') {
      // What was noted down may belong to the log before.
      const { position } = message;
      next = { ...next, position, since: [], wanted: { minPosition: position, asked: false } };
    } else {
      if (next.wanted?.asked === true) next = { ...next, since: [...next.since, message] };
      next = moved(next, message.position);
    }
  }
  return refilled(applied(next, messages));
}

export function snapshotAsked(clinic: Clinic): Clinic {
  return clinic.wanted === undefined ? clinic : { ...clinic, since: [], wanted: { ...clinic.wanted, asked: true } };
}

export function snapshotFailed(clinic: Clinic): Clinic {
  return clinic.wanted === undefined ? clinic : { ...clinic, wanted: { ...clinic.wanted, asked: false } };
}

/** The clinic on a new snapshot, and what came since it was asked for on top of it. */
export function snapshotLoaded(clinic: Clinic, snapshot: ClinicSnapshot): Clinic {
  // A reset came meanwhile: what was loaded may be older than that.
  if (clinic.wanted?.asked !== true) return clinic;
  const visits = new Map<string, VisitRow>();
  for (const visit of snapshot.visits) {
    // The lists are read one after the other, so somebody who moved meanwhile may stand in two.
    if (visit.position >= (visits.get(visit.visitId)?.position ?? 0)) visits.set(visit.visitId, visit);
  }
  const horizons = new Map<string, number>(snapshot.cut.map((line) => [line, -Infinity]));
  for (const visit of visits.values()) {
    const before = horizons.get(lineKey(visit));
    if (before !== undefined) horizons.set(lineKey(visit), Math.max(before, visit.callOrder));
  }
  const loaded: Clinic = {
    position: clinic.position ?? snapshot.position,
    visits,
    queues: new Map(snapshot.queues.map((queue) => [queue.queueId, queue])),
    horizons,
    basis: snapshot.position,
    ended: new Map(),
    wanted: undefined,
    since: [],
  };
  return refilled(applied(loaded, clinic.since));
}

/**
 * Up to where a visit's history has to be read: the last row of it. Somebody whom no snapshot holds may have ended before
 * it, and then no row comes any more, so the snapshot itself says it. 0 as long as nothing is known.
 */
export function lastHeardOf({ visits, ended, basis }: Clinic, visitId: string): number {
  if (visits === undefined) return 0;
  return visits.get(visitId)?.position ?? ended.get(visitId) ?? basis;
}

/** One copy for all messages of a frame, however many. */
function applied(clinic: Clinic, messages: readonly FeedMessage[]): Clinic {
  if (clinic.visits === undefined || !messages.some(({ type }) => type === 'visits' || type === 'queues'))
    return clinic;
  const visits = new Map(clinic.visits);
  const queues = new Map(clinic.queues);
  const ended = new Map(clinic.ended);
  for (const message of messages) {
    if (message.type === 'queues') {
      for (const row of message.rows) {
        // Equal positions: settings and counts of one queue may be written by one event each, at the same time.
        if (row.position >= (queues.get(row.queueId)?.position ?? 0)) queues.set(row.queueId, row);
      }
    } else if (message.type === 'visits') {
      for (const row of message.rows) place(clinic, visits, ended, row);
    }
  }
  return {
    ...clinic,
    visits,
    queues,
    ended: ended.size > mostEnded ? new Map([...ended].slice(mostEnded / -2)) : ended,
  };
}

function place(clinic: Clinic, visits: Map<string, VisitRow>, ended: Map<string, number>, row: VisitRow): void {
  const { visitId } = row;
  if (row.position <= (visits.get(visitId)?.position ?? ended.get(visitId) ?? clinic.basis)) return;
  const horizon = clinic.horizons.get(lineKey(row));
  if (isKept(row.status) && (horizon === undefined || row.callOrder <= horizon)) {
    visits.set(visitId, row);
    ended.delete(visitId);
  } else {
    visits.delete(visitId);
    ended.set(visitId, row.position);
  }
}

/** Positions only go forward; after a reset they begin where it says. */
function moved(clinic: Clinic, position: number): Clinic {
  return position > (clinic.position ?? -1) ? { ...clinic, position } : clinic;
}

function want(clinic: Clinic, minPosition: number): Pick<Clinic, 'wanted'> {
  return { wanted: clinic.wanted ?? { minPosition, asked: false } };
}

function refilled(clinic: Clinic): Clinic {
  const { visits, horizons, position = 0 } = clinic;
  if (clinic.wanted !== undefined || visits === undefined) return clinic;
  if (visits.size > mostVisits) return { ...clinic, ...want(clinic, position) };
  if (horizons.size === 0) return clinic;
  const counts = new Map([...horizons.keys()].map((line) => [line, 0]));
  for (const visit of visits.values()) {
    const known = isInLine(visit.status) ? counts.get(lineKey(visit)) : undefined;
    if (known !== undefined) counts.set(lineKey(visit), known + 1);
  }
  const short = [...counts.values()].some((known) => known < fewestOfLine);
  return short ? { ...clinic, ...want(clinic, position) } : clinic;
}
