import { emptyQueue, findVisit, isShort, placeVisit, queueOf, removeVisit, type QueueBoard } from './queue-board.ts';
import { isInRoom, type FeedMessage, type QueueRow, type Snapshot, type VisitRow } from '../../model/rows.ts';

/** So many visits that ended are remembered, so that a late copy of an older row does not bring one back. */
const keptEnded = 5_000;

/**
 * Everything that is known from the feed and its snapshots. Changed by the functions below alone, which change nothing
 * they are given.
 */
export interface Board {
  /** Everything up to here was received: a reconnect goes on from here. Undefined before the first message. */
  readonly position: number | undefined;
  /** Undefined until the first snapshot is there. */
  readonly queues: ReadonlyMap<string, QueueBoard> | undefined;
  /** Position of the last snapshot: older rows are part of it. */
  readonly basis: number;
  /** Visits that ended, with the position of the row that said so. */
  readonly ended: ReadonlyMap<string, number>;
  /**
   * A snapshot is to be loaded: at least up to this position. `asked`: it is under way, and what arrives meanwhile is
   * noted down in `since`, to be applied again on top of it.
   */
  readonly wanted: { readonly minPosition: number; readonly asked: boolean } | undefined;
  readonly since: readonly FeedMessage[];
}

export const emptyBoard: Board = {
  position: undefined,
  queues: undefined,
  basis: 0,
  ended: new Map(),
  wanted: undefined,
  since: [],
};

/** The board after some messages of the feed, in the order in which they came. */
export function receive(board: Board, messages: readonly FeedMessage[]): Board {
  let next = board;
  for (const message of messages) next = receiveOne(next, message);
  return next;
}

function receiveOne(board: Board, message: FeedMessage): Board {
  switch (message.type) {
    case 'hello':
      // Its position says where the read model is, and not that everything up to there was sent.
      if (board.queues !== undefined) return board;
      return { ...board, position: board.position ?? message.position, wanted: want(board, message.position) };
    case 'heartbeat':
      return moved(board, message.position);
    case 'reset':
      // What was noted down may belong to the log before.
      return {
        ...board,
        position: message.position,
        since: [],
        wanted: { minPosition: message.position, asked: false },
      };
    case 'visits':
    case 'queues':
      return refill(moved(apply(noted(board, message), message), message.position));
  }
}

/** The snapshot is being asked for. */
export function snapshotAsked(board: Board): Board {
  return board.wanted === undefined ? board : { ...board, since: [], wanted: { ...board.wanted, asked: true } };
}

/** The snapshot did not come and is to be asked for again. */
export function snapshotFailed(board: Board): Board {
  return board.wanted === undefined ? board : { ...board, wanted: { ...board.wanted, asked: false } };
}

/** The board on a new snapshot, and what came since it was asked for on top of it. */
export function snapshotLoaded(board: Board, snapshot: Snapshot): Board {
  // A reset came meanwhile: what was loaded may be older than that.
  if (board.wanted?.asked !== true) return board;
  const visitsOf = Map.groupBy(snapshot.visits, ({ queueId }) => queueId);
  const rows = new Map(snapshot.queues.map((row) => [row.queueId, row]));
  const queues = new Map<string, QueueBoard>();
  for (const queueId of new Set([...rows.keys(), ...visitsOf.keys()])) {
    queues.set(queueId, queueOf(queueId, rows.get(queueId), visitsOf.get(queueId) ?? [], snapshot.waitingLimit));
  }
  const loaded: Board = {
    position: board.position ?? snapshot.position,
    queues,
    basis: snapshot.position,
    ended: new Map(),
    wanted: undefined,
    since: [],
  };
  return refill(board.since.reduce(apply, loaded));
}

function apply(board: Board, message: FeedMessage): Board {
  if (board.queues === undefined) return board;
  if (message.type === 'visits') return applyVisits(board, board.queues, message.rows);
  if (message.type === 'queues') return applyQueues(board, board.queues, message.rows);
  return board;
}

function applyVisits(board: Board, before: ReadonlyMap<string, QueueBoard>, rows: readonly VisitRow[]): Board {
  const queues = new Map(before);
  const ended = new Map(board.ended);
  for (const row of rows) {
    const queue = queues.get(row.queueId) ?? emptyQueue(row.queueId);
    const known = findVisit(queue, row.visitId);
    const elsewhere = known === undefined ? findElsewhere(queues, row) : undefined;
    if (elsewhere !== undefined) {
      if (row.position <= elsewhere.position) continue;
      const left = queues.get(elsewhere.queueId);
      if (left !== undefined) queues.set(left.queueId, removeVisit(left, row.visitId));
    }
    if (row.position <= (known?.position ?? ended.get(row.visitId) ?? board.basis)) continue;
    if (row.status !== 'WAITING' && !isInRoom(row)) ended.set(row.visitId, row.position);
    queues.set(row.queueId, placeVisit(queue, row, known));
  }
  return { ...board, queues, ended: newest(ended) };
}

/** Where a visit stands that is not known in its queue: it may have come from another one. */
function findElsewhere(queues: ReadonlyMap<string, QueueBoard>, { visitId }: VisitRow): VisitRow | undefined {
  for (const queue of queues.values()) {
    const visit = findVisit(queue, visitId);
    if (visit !== undefined) return visit;
  }
  return undefined;
}

function applyQueues(board: Board, before: ReadonlyMap<string, QueueBoard>, rows: readonly QueueRow[]): Board {
  const queues = new Map(before);
  for (const row of rows) {
    const queue = queues.get(row.queueId) ?? emptyQueue(row.queueId);
    // Equal positions: settings and counts of one queue may be written by one event each, at the same time.
    if (row.position >= (queue.row?.position ?? 0)) queues.set(row.queueId, { ...queue, row });
  }
  return { ...board, queues };
}

/** Positions only go forward; after a reset they begin where it says. */
function moved(board: Board, position: number): Board {
  return position > (board.position ?? -1) ? { ...board, position } : board;
}

function noted(board: Board, message: FeedMessage): Board {
  return board.wanted?.asked === true ? { ...board, since: [...board.since, message] } : board;
}

function want(board: Board, minPosition: number): Board['wanted'] {
  return board.wanted ?? { minPosition, asked: false };
}

function refill(board: Board): Board {
  if (board.wanted !== undefined || board.queues === undefined) return board;
  const short = [...board.queues.values()].some(isShort);
  return short ? { ...board, wanted: want(board, board.position ?? 0) } : board;
}

function newest(ended: Map<string, number>): ReadonlyMap<string, number> {
  if (ended.size <= keptEnded) return ended;
  return new Map([...ended].slice(ended.size - keptEnded / 2));
}
