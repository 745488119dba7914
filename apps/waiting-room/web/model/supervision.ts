import type { PlaceKind, PlaceRow } from './places.ts';
import type { QueueRow, VisitRow } from './rows.ts';
import { isFull, samePlace } from './selections.ts';
import { isInLine } from './statuses.ts';

const minute = 60_000;

/** So long may somebody wait, in milliseconds; the server has the same figures, and a test compares them. */
const longestWait: { readonly [priority: string]: number } = {
  Urgent: 0,
  High: 15 * minute,
  Medium: 60 * minute,
  Low: 120 * minute,
};

/** Whoever was called and has not come after so long is worth a look. */
export const calledTooLongMs = 10 * minute;

/** How long somebody has waited; since the arrival, whatever line they stand in now. */
export function waitedMs({ waitingSince, arrivedAt }: VisitRow, now: number): number {
  return Math.max(0, now - (waitingSince ?? arrivedAt));
}

/** Waits longer than the priority allows. `now` is the server's clock. */
export function isOverdue(visit: VisitRow, now: number): boolean {
  return overdueOf(visit, now) !== undefined;
}

export interface Overdue {
  /** So long may somebody of that priority wait, in milliseconds; 0 for who is to be seen at once. */
  readonly limitMs: number;
  readonly exceededByMs: number;
}

/** By how much somebody waits longer than the priority allows; undefined for who does not. */
export function overdueOf(visit: VisitRow, now: number): Overdue | undefined {
  const limitMs = longestWait[visit.priority] ?? Infinity;
  const exceededByMs = waitedMs(visit, now) - limitMs;
  return isInLine(visit.status) && exceededByMs > 0 ? { limitMs, exceededByMs } : undefined;
}

export interface WaitingFilter {
  /** Empty for all. */
  readonly queueId: string;
  readonly priority: string;
  readonly status: string;
  readonly overdueOnly: boolean;
}

export const everybody: WaitingFilter = { queueId: '', priority: '', status: '', overdueOnly: false };

/** Those in line that a filter lets through: who is overdue first, then who has waited longest. */
export function waitingList(
  visits: readonly VisitRow[],
  { queueId, priority, status, overdueOnly }: WaitingFilter,
  now: number,
): readonly VisitRow[] {
  return visits
    .filter((visit) => isInLine(visit.status))
    .filter((visit) => queueId === '' || visit.queueId === queueId)
    .filter((visit) => priority === '' || visit.priority === priority)
    .filter((visit) => status === '' || visit.status === status)
    .filter((visit) => !overdueOnly || isOverdue(visit, now))
    .sort((a, b) => Number(isOverdue(b, now)) - Number(isOverdue(a, now)) || waitedMs(b, now) - waitedMs(a, now));
}

/** Something that a supervisor should look at. */
export type Alert =
  | { readonly kind: 'overdue'; readonly queue: QueueRow; readonly count: number; readonly urgent: number }
  | { readonly kind: 'full'; readonly queue: QueueRow }
  | { readonly kind: 'paused'; readonly queue: QueueRow; readonly count: number }
  /** Patients wait for a room or a desk of the site, and none calls. */
  | { readonly kind: 'no-room' | 'no-desk'; readonly count: number }
  | { readonly kind: 'called-long'; readonly visit: VisitRow; readonly since: number };

export function alertsOf(queues: readonly QueueRow[], visits: readonly VisitRow[], now: number): readonly Alert[] {
  const alerts: Alert[] = [];
  for (const queue of queues) {
    const overdue = visits.filter((visit) => visit.queueId === queue.queueId && isOverdue(visit, now));
    const urgent = overdue.filter(({ priority }) => priority === 'Urgent').length;
    if (overdue.length > 0) alerts.push({ kind: 'overdue', queue, count: overdue.length, urgent });
    if (isFull(queue)) alerts.push({ kind: 'full', queue });
    if (queue.state === 'PAUSED' && queue.waitingAll > 0) {
      alerts.push({ kind: 'paused', queue, count: queue.waitingAll });
    }
  }
  const ids = new Set(queues.map(({ queueId }) => queueId));
  for (const visit of visits) {
    if (!ids.has(visit.queueId) || (visit.status !== 'CALLED' && visit.status !== 'AT_CASHIER')) continue;
    const since = visit.statusSince ?? visit.calledAt;
    if (since !== null && now - since > calledTooLongMs) alerts.push({ kind: 'called-long', visit, since });
  }
  return alerts;
}

const waitsFor = { room: 'WAITING', desk: 'WAITING_CASHIER' } as const;

/** What should be looked at because no room, or no desk, of the site calls. Nothing while the places are not known. */
export function missingPlaces(
  kind: PlaceKind,
  places: readonly PlaceRow[] | undefined,
  siteId: string,
  visits: readonly VisitRow[],
): readonly Alert[] {
  if (places === undefined || places.some((place) => place.siteId === siteId && place.active)) return [];
  const count = visits.filter(({ status }) => status === waitsFor[kind]).length;
  return count === 0 ? [] : [{ kind: `no-${kind}`, count }];
}

export interface OccupiedPlace {
  readonly kind: PlaceKind;
  readonly place: PlaceRow;
  readonly visit: VisitRow | undefined;
}

/** The rooms or desks of a site with who is in them. */
export function placesWithVisits(
  kind: PlaceKind,
  places: readonly PlaceRow[],
  siteId: string,
  visits: readonly VisitRow[],
): readonly OccupiedPlace[] {
  const inside = kind === 'room' ? ['CALLED', 'IN_CONSULTATION'] : ['AT_CASHIER', 'PAYMENT_PENDING'];
  return places
    .filter((place) => place.siteId === siteId)
    .map((place) => ({
      kind,
      place,
      visit: visits.find(
        (visit) => inside.includes(visit.status) && samePlace(kind === 'room' ? visit.roomId : visit.deskId, place.id),
      ),
    }));
}
