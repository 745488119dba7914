import type { QueueRow, Snapshot, VisitRow } from '../../model/rows.ts';
import { keptInRooms, keptWaiting } from './queue-board.ts';
import { fieldsOf, listOf } from '../../data/json.ts';
import { queueOf, visitsOf } from '../../data/read-lists.ts';
import { get, type Answer } from '../../data/rest.ts';

/** Loads all queues, with everything up to `minPosition` in them. Throws RequestFailure. */
export async function loadSnapshot(
  minPosition: number,
  signal: AbortSignal,
): Promise<{ readonly snapshot: Snapshot; readonly serverTime: number | undefined }> {
  const when = `minPosition=${minPosition}`;
  const { body, serverTime } = await get(`/api/waiting-room/monitor?limit=${keptWaiting}&${when}`, signal);
  const monitors = listOf(fieldsOf(body)['queues']).map(fieldsOf);
  const queues = monitors.map(queueOf);
  const visits = monitors.flatMap((monitor) => visitsOf(monitor['patients']));
  const lists = await Promise.all(queues.flatMap((queue) => inRooms(queue, when, signal)));
  visits.push(...lists.flatMap(({ body }) => visitsOf(body)));
  return {
    snapshot: { position: minPosition, queues, visits: newestOfEach(visits), waitingLimit: keptWaiting },
    serverTime,
  };
}

function inRooms({ queueId, called, inConsultation }: QueueRow, when: string, signal: AbortSignal): Promise<Answer>[] {
  const list = (status: string) =>
    get(
      `/api/waiting-room/queues/${encodeURIComponent(queueId)}/patients?status=${status}&limit=${keptInRooms}&${when}`,
      signal,
    );
  return [...(called > 0 ? [list('CALLED')] : []), ...(inConsultation > 0 ? [list('IN_CONSULTATION')] : [])];
}

/** The lists are read one after the other, so somebody who was called meanwhile may stand in two. */
function newestOfEach(visits: readonly VisitRow[]): VisitRow[] {
  const newest = new Map<string, VisitRow>();
  for (const visit of visits) {
    if (visit.position >= (newest.get(visit.visitId)?.position ?? 0)) newest.set(visit.visitId, visit);
  }
  return [...newest.values()];
}
