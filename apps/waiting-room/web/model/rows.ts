/** What the page knows of a visit. Times in milliseconds since 1970. */
export interface VisitRow {
  readonly visitId: string;
  readonly queueId: string;
  readonly patientId: string;
  readonly ticket: string;
  /** Null when the source does not tell names. */
  readonly name: string | null;
  readonly priority: string;
  readonly consultationType: string;
  readonly status: string;
  readonly roomId: string | null;
  readonly deskId: string | null;
  readonly paymentAttempts: number;
  readonly absences: number;
  readonly arrivedAt: number;
  /** Who waits with the lowest number is called first; the server counts it. */
  readonly callOrder: number;
  readonly calledAt: number | null;
  readonly startedAt: number | null;
  /** Since when the status is what it is, and since when the patient stands in this line; null when that is not told. */
  readonly statusSince: number | null;
  readonly waitingSince: number | null;
  /** Position of the event that wrote the row last. */
  readonly position: number;
}

/** What the page knows of a queue besides its visits. */
export interface QueueRow {
  readonly queueId: string;
  readonly name: string;
  readonly siteId: string;
  /** OPEN, PAUSED or CLOSED. */
  readonly state: string;
  readonly stateReason: string | null;
  /** When the pause ends by itself; null when it does not, or there is none. */
  readonly pausedUntil: number | null;
  /** Whether patients who come from now on go there before the consultation. */
  readonly triage: boolean;
  readonly cashier: boolean;
  /** Patients who may wait at the same time; null for no limit. */
  readonly maxCapacity: number | null;
  /** All who wait, whatever for: what the capacity bounds. */
  readonly waitingAll: number;
  /** For the consultation. */
  readonly waiting: number;
  readonly waitingTriage: number;
  readonly waitingCashier: number;
  readonly atCashier: number;
  readonly paymentPending: number;
  readonly parked: number;
  readonly noShow: number;
  readonly cancelledByAbsence: number;
  readonly waitingUrgent: number;
  readonly waitingHigh: number;
  readonly waitingMedium: number;
  readonly waitingLow: number;
  readonly called: number;
  readonly inConsultation: number;
  readonly completed: number;
  readonly averageWaitMs: number | null;
  readonly position: number;
}

/** A message of the feed, read and checked. */
export type FeedMessage =
  | { readonly type: 'hello'; readonly position: number }
  | { readonly type: 'visits'; readonly position: number; readonly rows: readonly VisitRow[] }
  | { readonly type: 'queues'; readonly position: number; readonly rows: readonly QueueRow[] }
  | { readonly type: 'reset'; readonly position: number; readonly reason: string }
  | { readonly type: 'heartbeat'; readonly position: number };

/** Everything at once, by REST. */
export interface Snapshot {
  /** Everything up to here is in it; rows may be newer. */
  readonly position: number;
  readonly queues: readonly QueueRow[];
  /** Those who wait, in any order, at most `waitingLimit` for each queue and then the first ones; and those in rooms. */
  readonly visits: readonly VisitRow[];
  readonly waitingLimit: number;
}

/** The order in which a queue is called: priority, then arrival, with ageing. Negative when `a` comes first. */
export function compareWaiting(a: VisitRow, b: VisitRow): number {
  return a.callOrder - b.callOrder || (a.visitId < b.visitId ? -1 : a.visitId > b.visitId ? 1 : 0);
}

/** Who was called last stands first. */
export function compareCalled(a: VisitRow, b: VisitRow): number {
  return (b.calledAt ?? 0) - (a.calledAt ?? 0) || compareWaiting(a, b);
}

/** Called into a room, or in consultation there. */
export function isInRoom(row: VisitRow): boolean {
  return row.status === 'CALLED' || row.status === 'IN_CONSULTATION';
}
