import { text } from './json.ts';
import type { PlaceKind } from '../model/places.ts';
import { attempt, tellFailure } from './act.ts';
import { notify } from './notices.ts';
import { RequestFailure } from './rest.ts';

/** Somebody else was faster, or the queue was paused a moment ago: the next queue may have somebody. */
const goOn: ReadonlySet<string> = new Set(['QUEUE_EMPTY', 'QUEUE_PAUSED']);

/** Calls who is next in the first of some queues that has somebody, and says who that is. */
export async function callNext(
  kind: PlaceKind,
  placeId: string,
  queueIds: readonly string[],
  done: (ticket: string) => string,
): Promise<boolean> {
  let refusal: unknown;
  for (const queueId of queueIds) {
    try {
      const answer =
        kind === 'desk'
          ? await attempt('/api/waiting-room/call-next-to-desk', { queueId, deskId: placeId })
          : await attempt('/api/waiting-room/call-next', { queueId, roomId: placeId });
      notify('done', done(text(answer['ticket'])));
      return true;
    } catch (error) {
      refusal = error;
      if (!(error instanceof RequestFailure) || !goOn.has(error.code)) break;
    }
  }
  if (refusal !== undefined) tellFailure(refusal);
  return false;
}
