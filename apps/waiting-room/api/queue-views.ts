import type { RunningSystem, Static } from '#millrace';
import { isOpen, isSeated, visitStatuses, type VisitStatus } from '../domain/status.ts';
import { otherPatients } from './lists.ts';
import type { patientSchema } from './schemas.ts';

type Patient = Static<typeof patientSchema>;
type ReadModels = Pick<RunningSystem['readModels'], 'query'>;

/** Of each status, those who came last: more than a queue sees in a day. */
const ofEachStatus = 500;
const day = 24 * 3_600_000;

async function withStatuses(readModels: ReadModels, queueId: string, statuses: readonly VisitStatus[]) {
  const each = await Promise.all(statuses.map((status) => otherPatients(readModels, queueId, status, ofEachStatus)));
  return each.flat();
}

const newestFirst = (moment: (patient: Patient) => string | null) => (one: Patient, other: Patient) =>
  (moment(other) ?? '').localeCompare(moment(one) ?? '');

/** Who is at a desk or in a room or on the way there, the last called first. */
export async function openCalls(readModels: ReadModels, queueId: string): Promise<Patient[]> {
  const patients = await withStatuses(readModels, queueId, visitStatuses.filter(isSeated));
  return patients.toSorted(newestFirst(({ calledAt }) => calledAt));
}

/** Whose visit ended in the last 24 hours, the last first. */
export async function recentlyEnded(readModels: ReadModels, queueId: string, limit: number): Promise<Patient[]> {
  const ends = visitStatuses.filter((status) => !isOpen(status));
  const since = new Date(Date.now() - day).toISOString();
  return (await withStatuses(readModels, queueId, ends))
    .filter(({ checkedOutAt }) => checkedOutAt !== null && checkedOutAt >= since)
    .toSorted(newestFirst(({ checkedOutAt }) => checkedOutAt))
    .slice(0, limit);
}

const displayStatus = {
  CALLED: 'Called',
  AT_CASHIER: 'AtCashier',
  PAYMENT_PENDING: 'AtCashier',
  IN_CONSULTATION: 'InConsultation',
} as const;

interface CallRow {
  readonly ticket: string;
  readonly status: keyof typeof displayStatus;
  readonly destination: string;
}

/** The calls that a display shows, the last first. Asks for nothing that a display must not show. */
export async function displayCalls(readModels: ReadModels, queueId: string) {
  const rows = await readModels.query<CallRow>(
    // The name of the place stands in the public view alone, which does not know queues.
    `select v.ticket, v.status, coalesce(c.destination_name, v.desk_id, v.room_id, '') as destination
     from visits_view v
     left join public_calls_view c on c.updated_position = v.updated_position and c.ticket = v.ticket
     where v.queue_id = $1 and v.status in ('CALLED', 'AT_CASHIER', 'PAYMENT_PENDING', 'IN_CONSULTATION')
     order by v.called_at desc, v.visit_id limit 100`,
    [queueId],
  );
  return rows.map(({ ticket, status, destination }) => ({
    turnNumber: ticket,
    destination,
    status: displayStatus[status],
  }));
}
