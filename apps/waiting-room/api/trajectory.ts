import type { RecordedEvent, RunningSystem } from '#millrace';
import { visitEventOf } from '../domain/events.ts';
import { isOpen, statusAfter, type VisitStatus } from '../domain/status.ts';

/** One step of a visit. */
export interface Stage {
  readonly at: string;
  readonly event: string;
  readonly status: VisitStatus;
  readonly queueId: string;
  readonly roomId: string | null;
  readonly deskId: string | null;
}

/** A visit from the door to its end, or as far as it got. */
export interface Trajectory {
  readonly trajectoryId: string;
  readonly patientId: string;
  /** Where the visit is or ended; a transfer changes it. */
  readonly queueId: string;
  readonly state: 'active' | 'finished' | 'cancelled';
  readonly openedAt: string;
  readonly closedAt: string | null;
  readonly stages: readonly Stage[];
}

const isoOf = (ms: number): string => new Date(ms).toISOString();

/** Folds the events of one visit's stream; undefined when it does not begin with a check-in. */
export function trajectoryOf(
  events: readonly RecordedEvent[],
  registry: Pick<RunningSystem['registry'], 'decode'>,
): Trajectory | undefined {
  let patientId: string | undefined;
  let status: VisitStatus = 'WAITING';
  const stages: Stage[] = [];
  for (const recorded of events) {
    const event = visitEventOf(registry.decode(recorded));
    // A transfer's first half says only where the patient leaves; the second, which follows at once, where the patient is.
    if (event === undefined || event.type === 'PatientTransferred') continue;
    if (event.type === 'PatientCheckedIn') ({ patientId } = event.data);
    status = statusAfter(event) ?? status;
    const { data, type } = event;
    stages.push({
      at: isoOf(recorded.occurredAt),
      event: type,
      status,
      queueId: data.queueId,
      roomId: 'roomId' in data ? data.roomId : null,
      deskId: 'deskId' in data ? data.deskId : null,
    });
  }
  const [first] = stages;
  const last = stages.at(-1);
  const stream = events[0]?.stream;
  if (patientId === undefined || first === undefined || last === undefined || stream === undefined) return undefined;
  return {
    trajectoryId: stream,
    patientId,
    queueId: last.queueId,
    state: isOpen(status) ? 'active' : status === 'COMPLETED' ? 'finished' : 'cancelled',
    openedAt: first.at,
    closedAt: isOpen(status) ? null : last.at,
    stages,
  };
}
