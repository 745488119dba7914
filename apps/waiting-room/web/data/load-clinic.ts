import { lineKey, lineLimit, type ClinicSnapshot } from '../model/clinic.ts';
import type { QueueRow, VisitRow } from '../model/rows.ts';
import { fieldsOf, listOf } from './json.ts';
import { queueOf, visitsOf } from './read-lists.ts';
import { get } from './rest.ts';

/** Of those who were given up, only the last ones may come back. */
const returnableLimit = 50;

/** Loads all queues and everybody in them, with everything up to `minPosition`. Throws RequestFailure. */
export async function loadClinic(minPosition: number, signal: AbortSignal): Promise<ClinicSnapshot> {
  const when = `minPosition=${minPosition}`;
  const { body } = await get(`/api/waiting-room/queues?${when}`, signal);
  const queues = listOf(body).map(fieldsOf).map(queueOf);
  const cut: string[] = [];
  const lists = queues.flatMap((queue) =>
    countsOf(queue)
      .filter(({ count }) => count > 0)
      .map(async ({ status, limit }) => {
        const path = `/api/waiting-room/queues/${encodeURIComponent(queue.queueId)}/patients`;
        const visits = visitsOf((await get(`${path}?status=${status}&limit=${limit}&${when}`, signal)).body);
        if (visits.length === lineLimit) cut.push(lineKey({ queueId: queue.queueId, status }));
        return visits;
      }),
  );
  const visits: VisitRow[] = (await Promise.all(lists)).flat();
  return { position: minPosition, queues, visits, cut };
}

function countsOf(
  queue: QueueRow,
): readonly { readonly status: string; readonly count: number; readonly limit: number }[] {
  const limit = lineLimit;
  return [
    { status: 'WAITING_TRIAGE', count: queue.waitingTriage, limit },
    { status: 'WAITING_CASHIER', count: queue.waitingCashier, limit },
    { status: 'WAITING', count: queue.waiting, limit },
    { status: 'AT_CASHIER', count: queue.atCashier, limit },
    { status: 'PAYMENT_PENDING', count: queue.paymentPending, limit },
    { status: 'CALLED', count: queue.called, limit },
    { status: 'IN_CONSULTATION', count: queue.inConsultation, limit },
    { status: 'PARKED', count: queue.parked, limit },
    { status: 'NO_SHOW', count: queue.noShow, limit: returnableLimit },
    { status: 'CANCELLED_BY_ABSENCE', count: queue.cancelledByAbsence, limit: returnableLimit },
  ];
}
