import { compareCalled, compareWaiting, isInRoom, type QueueRow, type VisitRow } from '../../model/rows.ts';

/** So many of those who wait are kept for each queue; of the others only the count. */
export const keptWaiting = 200;
/** So many of those in rooms are kept for each queue. */
export const keptInRooms = 100;
/** With fewer than this at hand while more wait, the snapshot is asked for again. */
export const fewestWaiting = 50;

/** One queue as the page shows it. */
export interface QueueBoard {
  readonly queueId: string;
  /** Undefined until its row arrives. */
  readonly row: QueueRow | undefined;
  /** The first of those who wait, in order. */
  readonly waiting: readonly VisitRow[];
  /** Everybody up to here is in `waiting`; undefined when everybody is. Who comes behind it is only counted. */
  readonly horizon: VisitRow | undefined;
  /** Called or in consultation, the last called first. */
  readonly inRooms: readonly VisitRow[];
}

export function emptyQueue(queueId: string): QueueBoard {
  return { queueId, row: undefined, waiting: [], horizon: undefined, inRooms: [] };
}

/** A queue from the rows of a snapshot. `limit`: how many of those who wait the snapshot holds at most. */
export function queueOf(
  queueId: string,
  row: QueueRow | undefined,
  visits: readonly VisitRow[],
  limit: number,
): QueueBoard {
  const waiting = visits.filter(({ status }) => status === 'WAITING').sort(compareWaiting);
  const cut = waiting.length >= limit ? waiting.at(-1) : undefined;
  const inRooms = visits.filter(isInRoom).sort(compareCalled).slice(0, keptInRooms);
  return bounded({ queueId, row, waiting, horizon: cut, inRooms });
}

/** The row that is known of a visit. */
export function findVisit(queue: QueueBoard, visitId: string): VisitRow | undefined {
  return (
    queue.waiting.find((visit) => visit.visitId === visitId) ?? queue.inRooms.find((visit) => visit.visitId === visitId)
  );
}

/** Puts a visit where it belongs now and takes `known` from where it was. */
export function placeVisit(queue: QueueBoard, visit: VisitRow, known: VisitRow | undefined): QueueBoard {
  const { horizon } = queue;
  const behind = visit.status === 'WAITING' && horizon !== undefined && compareWaiting(visit, horizon) > 0;
  if (known === undefined && (behind || !(visit.status === 'WAITING' || isInRoom(visit)))) return queue;
  let { waiting, inRooms } = queue;
  if (known !== undefined) {
    if (waiting.includes(known)) waiting = waiting.filter((other) => other !== known);
    else inRooms = inRooms.filter((other) => other !== known);
  }
  if (visit.status === 'WAITING') {
    if (!behind) waiting = inserted(waiting, visit, compareWaiting);
  } else if (isInRoom(visit)) {
    inRooms = inserted(inRooms, visit, compareCalled).slice(0, keptInRooms);
  }
  return bounded({ ...queue, waiting, inRooms });
}

/** The queue without a visit that went to another one. */
export function removeVisit(queue: QueueBoard, visitId: string): QueueBoard {
  const stays = (visit: VisitRow) => visit.visitId !== visitId;
  return { ...queue, waiting: queue.waiting.filter(stays), inRooms: queue.inRooms.filter(stays) };
}

/** More wait than are known, and few are left to show. */
export function isShort(queue: QueueBoard): boolean {
  return queue.horizon !== undefined && queue.waiting.length < fewestWaiting;
}

/** How many wait. The row counts everybody; without it only those at hand are known. */
export function waitingCount({ row, waiting, horizon }: QueueBoard): number {
  // The rows of queues and of visits come in messages of their own; as long as everybody is at hand, that count is right.
  if (horizon === undefined || row === undefined) return waiting.length;
  return Math.max(row.waiting, waiting.length);
}

function bounded(queue: QueueBoard): QueueBoard {
  if (queue.waiting.length <= keptWaiting) return queue;
  const waiting = queue.waiting.slice(0, keptWaiting);
  return { ...queue, waiting, horizon: waiting.at(-1) };
}

function inserted(rows: readonly VisitRow[], row: VisitRow, compare: (a: VisitRow, b: VisitRow) => number): VisitRow[] {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const other = rows[middle];
    if (other !== undefined && compare(other, row) <= 0) low = middle + 1;
    else high = middle;
  }
  return rows.toSpliced(low, 0, row);
}
