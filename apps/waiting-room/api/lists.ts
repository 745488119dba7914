import { readFileSync } from 'node:fs';
import type { RunningSystem, Static } from '#millrace';
import { isOverdue, parsePriority } from '../domain/priority.ts';
import { waitingStatus, type VisitStatus, type WaitingStatus } from '../domain/status.ts';
import type { patientSchema, queueSchema } from './schemas.ts';

type Queue = Static<typeof queueSchema>;
type Patient = Static<typeof patientSchema>;

const sql = (name: string) => readFileSync(new URL(`./${name}`, import.meta.url), 'utf8');
const patientColumns = sql('patient-columns.sql');
/** A query for visits, with the columns of {@link PatientRow}. */
export const patientsSql = (name: string) => sql(name).replace('/* columns */', patientColumns);
const queuesSql = sql('queues.sql');
// The status stands in the text as a word, so that the partial index of the waiting is found.
const waitingSql = new Map<WaitingStatus, string>(
  Object.values(waitingStatus).map((status) => [
    status,
    patientsSql('waiting-patients.sql').replace("'WAITING'", `'${status}'`),
  ]),
);
const othersSql = patientsSql('other-patients.sql');

/** More patients than this in one queue is a high load. */
const highLoad = 50;

interface QueueRow {
  readonly queueId: string;
  readonly queueName: string;
  readonly maxCapacity: number | null;
  readonly state: string;
  readonly stateReason: string | null;
  readonly pausedUntil: Date | null;
  readonly siteId: string;
  readonly ticketPrefix: string;
  readonly callTimeoutMinutes: number | null;
  readonly currentPatientCount: number;
  readonly urgent: number;
  readonly high: number;
  readonly medium: number;
  readonly low: number;
  readonly triage: boolean;
  readonly cashier: boolean;
  readonly waiting: number;
  readonly waitingTriage: number;
  readonly waitingCashier: number;
  readonly atCashier: number;
  readonly paymentPending: number;
  readonly called: number;
  readonly inConsultation: number;
  readonly completed: number;
  readonly noShow: number;
  readonly cancelled: number;
  readonly parked: number;
  readonly cancelledByPayment: number;
  readonly cancelledByAbsence: number;
  readonly leftUnseen: number;
  readonly averageWaitMs: number | null;
  readonly createdAt: Date | null;
  readonly lastModifiedAt: Date | null;
  readonly updatedPosition: number;
}

type Dates = 'arrivedAt' | 'calledAt' | 'startedAt' | 'checkedOutAt' | 'statusSince' | 'waitingSince';

export type PatientRow = Omit<Patient, 'positionInQueue' | 'overdue' | Dates> & {
  readonly arrivedAt: Date;
  readonly statusSince: Date;
  readonly waitingSince: Date | null;
  readonly calledAt: Date | null;
  readonly startedAt: Date | null;
  readonly checkedOutAt: Date | null;
};

type ReadModels = Pick<RunningSystem['readModels'], 'query'>;
type When = { readonly minPosition?: number };

/** The queues with their counts, or the one with that id. */
export async function queues(readModels: ReadModels, queueId: string | null, when: When = {}): Promise<Queue[]> {
  const rows = await readModels.query<QueueRow>(queuesSql, [queueId], when);
  return rows.map(shownQueue);
}

/** The first `limit` of a line, in the order of calling, by queue; in one queue when an id is given. */
export async function waitingPatients(
  readModels: ReadModels,
  queueId: string | null,
  status: WaitingStatus,
  limit: number,
  when: When = {},
): Promise<ReadonlyMap<string, Patient[]>> {
  const byQueue = new Map<string, Patient[]>();
  for (const row of await readModels.query<PatientRow>(waitingSql.get(status) ?? '', [queueId, limit], when)) {
    const before = byQueue.get(row.queueId) ?? [];
    before.push(shownPatient(row, before.length + 1));
    byQueue.set(row.queueId, before);
  }
  return byQueue;
}

/** The last `limit` who came to a queue and have that status now. */
export async function otherPatients(
  readModels: ReadModels,
  queueId: string,
  status: VisitStatus,
  limit: number,
  when: When = {},
): Promise<Patient[]> {
  const rows = await readModels.query<PatientRow>(othersSql, [queueId, status, limit], when);
  return rows.map((row) => shownPatient(row, null));
}

function shownQueue(row: QueueRow): Queue {
  const { queueId, queueName, maxCapacity, state, stateReason, currentPatientCount, averageWaitMs, updatedPosition } =
    row;
  const { waiting, waitingTriage, waitingCashier, atCashier, paymentPending, called, inConsultation } = row;
  const { completed, noShow, cancelled, parked, cancelledByPayment, cancelledByAbsence, leftUnseen } = row;
  return {
    queueId,
    queueName,
    maxCapacity,
    state,
    stateReason,
    pausedUntil: isoOf(row.pausedUntil),
    siteId: row.siteId,
    ticketPrefix: row.ticketPrefix,
    callTimeoutMinutes: row.callTimeoutMinutes,
    stages: { triage: row.triage, cashier: row.cashier },
    currentPatientCount,
    utilisationPercent: maxCapacity === null ? null : Math.round((currentPatientCount / maxCapacity) * 1000) / 10,
    highLoad: currentPatientCount > highLoad,
    byPriority: { urgent: row.urgent, high: row.high, medium: row.medium, low: row.low },
    byStatus: {
      ...{ waiting, waitingTriage, waitingCashier, atCashier, paymentPending, called, inConsultation, parked },
      ...{ completed, noShow, cancelled, cancelledByPayment, cancelledByAbsence, leftUnseen },
    },
    averageWaitMs,
    createdAt: isoOf(row.createdAt),
    lastModifiedAt: isoOf(row.lastModifiedAt),
    updatedPosition,
  };
}

/** A row of visits_view as the API shows it. `now`: for who is overdue, milliseconds since 1970. */
export function shownPatient(row: PatientRow, positionInQueue: number | null, now = Date.now()): Patient {
  const since = row.waitingSince;
  return {
    ...row,
    positionInQueue,
    overdue: since !== null && isOverdue(parsePriority(row.priority) ?? 'Medium', since.getTime(), now),
    statusSince: row.statusSince.toISOString(),
    waitingSince: isoOf(since),
    arrivedAt: row.arrivedAt.toISOString(),
    calledAt: isoOf(row.calledAt),
    startedAt: isoOf(row.startedAt),
    checkedOutAt: isoOf(row.checkedOutAt),
  };
}

/** ISO 8601 in UTC; null stays null. */
export function isoOf(date: Date | null): string | null {
  return date === null ? null : date.toISOString();
}
