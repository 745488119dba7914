import { compareWaiting, type QueueRow, type VisitRow } from './rows.ts';

/**
 * The queues in which somebody can be called now, the one with the most urgent first: a desk or a room that serves
 * several calls across them as if they were one line.
 */
export function queuesToCallFrom(queues: readonly QueueRow[], waiting: readonly VisitRow[]): readonly string[] {
  const paused = new Set(queues.filter(({ state }) => state === 'PAUSED').map(({ queueId }) => queueId));
  const heads = new Map<string, VisitRow>();
  for (const visit of waiting) {
    const head = heads.get(visit.queueId);
    if (!paused.has(visit.queueId) && (head === undefined || compareWaiting(visit, head) < 0)) {
      heads.set(visit.queueId, visit);
    }
  }
  return [...heads.values()].sort(compareWaiting).map(({ queueId }) => queueId);
}

/** Why nobody can be called from some queues, as a code of the API; undefined when somebody can. */
export function refusalOfCall(queues: readonly QueueRow[], waiting: readonly VisitRow[]): string | undefined {
  if (queuesToCallFrom(queues, waiting).length > 0) return undefined;
  return waiting.length > 0 ? 'QUEUE_PAUSED' : 'QUEUE_EMPTY';
}
