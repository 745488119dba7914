import type { Clinic } from './clinic.ts';
import { compareWaiting, type QueueRow, type VisitRow } from './rows.ts';

const inNaturalOrder = new Intl.Collator('en', { numeric: true }).compare;

/** The queues of a site, by name. */
export function queuesOf({ queues }: Clinic, siteId: string): readonly QueueRow[] {
  return [...queues.values()]
    .filter((queue) => queue.siteId === siteId)
    .sort((a, b) => inNaturalOrder(a.name, b.name) || inNaturalOrder(a.queueId, b.queueId));
}

/** Everybody with one of the statuses in one of the queues, in the order in which they are called. */
export function visitsWith(
  { visits }: Clinic,
  queueIds: ReadonlySet<string>,
  statuses: readonly string[],
): readonly VisitRow[] {
  return [...(visits?.values() ?? [])]
    .filter(({ queueId, status }) => queueIds.has(queueId) && statuses.includes(status))
    .sort(compareWaiting);
}

/** Rooms and desks are told apart without regard to upper and lower case. */
export function samePlace(a: string | null, b: string): boolean {
  return a !== null && a.toLowerCase() === b.toLowerCase();
}

/** Who is in a room now: called into it or in consultation there. */
export function visitInRoom({ visits }: Clinic, roomId: string): VisitRow | undefined {
  return [...(visits?.values() ?? [])].find(
    (visit) => ['CALLED', 'IN_CONSULTATION'].includes(visit.status) && samePlace(visit.roomId, roomId),
  );
}

/** Who is at a desk now. */
export function visitAtDesk({ visits }: Clinic, deskId: string): VisitRow | undefined {
  return [...(visits?.values() ?? [])].find(
    (visit) => ['AT_CASHIER', 'PAYMENT_PENDING'].includes(visit.status) && samePlace(visit.deskId, deskId),
  );
}

/** Whether a queue takes nobody in because all its places are taken. */
export function isFull({ maxCapacity, waitingAll }: QueueRow): boolean {
  return maxCapacity !== null && waitingAll >= maxCapacity;
}

/** Visits whose ticket, name or patient id has all the words that were typed. Everybody when none was. */
export function found(visits: readonly VisitRow[], typed: string): readonly VisitRow[] {
  const words = plain(typed)
    .split(/\s+/)
    .filter((word) => word !== '');
  if (words.length === 0) return visits;
  return visits.filter(({ ticket, name, patientId }) => {
    const told = plain(`${ticket} ${name ?? ''} ${patientId}`);
    return words.every((word) => told.includes(word));
  });
}

/** Without accents and capitals: who searches does not type them. */
function plain(text: string): string {
  return text
    .normalize('NFD')
    .replaceAll(/\p{Mn}/gu, '')
    .toLowerCase();
}

/** Why a queue takes nobody in now, as the code with which the server would refuse; undefined when it does. */
export function refusalOfCheckIn(queue: QueueRow): string | undefined {
  if (queue.state === 'CLOSED') return 'QUEUE_CLOSED';
  if (queue.state === 'PAUSED') return 'QUEUE_PAUSED';
  return isFull(queue) ? 'QUEUE_CAPACITY_REACHED' : undefined;
}

/** Open visits that look like somebody at the desk: the same id, or the same name. */
export function lookAlikes(
  { visits }: Clinic,
  { patientName, patientId }: { readonly patientName: string; readonly patientId: string },
): readonly VisitRow[] {
  const name = plain(patientName).trim().replaceAll(/\s+/g, ' ');
  const id = patientId.trim().toLowerCase();
  return [...(visits?.values() ?? [])].filter(
    (visit) =>
      (id !== '' && visit.patientId.toLowerCase() === id) ||
      (name !== '' &&
        plain(visit.name ?? '')
          .trim()
          .replaceAll(/\s+/g, ' ') === name),
  );
}

/** Somebody who came without an id, and was given one by the clinic. */
export function isWalkIn({ patientId }: Pick<VisitRow, 'patientId'>): boolean {
  return /^W-[0-9A-F]{12}$/.test(patientId);
}
