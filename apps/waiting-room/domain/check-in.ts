import type { AppendCondition, DecisionContext, EventOf, NewEvent } from '#millrace';
import { marksQueueOf, momentOf, PatientCheckedIn, type VisitEvent } from './events.ts';
import { normalisedName, queueSettingsTag, ticketTag } from './names.ts';
import type { Priority } from './priority.ts';
import type { QueueState } from './queue-state.ts';
import { refuse } from './refusals.ts';
import { noStages, pathOf, type Stages } from './stages.ts';
import { effectOf } from './status.ts';

/** Lets a patient in. Ids and the pseudonym are made by the caller, so that deciding stays pure. */
export interface CheckIn {
  /** `visit-<uuid>`, new. */
  readonly visitId: string;
  readonly queueId: string;
  readonly patientId: string;
  /** Keyed hash of queue and normalised patient id; null for a walk-in. */
  readonly patientKey: string | null;
  readonly patientName: string;
  readonly priority: Priority;
  readonly consultationType: string;
  readonly notes: string | null;
  /** The position of the queue's settings that the caller acted on; 0 when it has none. */
  readonly settingsPosition: number;
  /** The queue's site as those settings have it, the site's day, and a ticket that nobody is thought to have there. */
  readonly siteId: string;
  readonly day: string;
  readonly ticket: string;
  /** The caller knows of no other check-in to the queue on that day. */
  readonly firstOfDay: boolean;
  /** The queue's state as those settings have it; {@link checkInToLimitedQueue} reads it itself. Default OPEN. */
  readonly queueState?: QueueState;
  /** The stages before the consultation, in the same way. Default none. */
  readonly stages?: Stages;
  /** The name under which the patient's last visit is known; only {@link checkInToLimitedQueue} needs it told. */
  readonly nameOnRecord?: string | undefined;
}

/** The open visit of a patient, or the last one. */
export interface PatientRecord {
  readonly name: string;
  readonly open: boolean;
}

/** What is on record of a patient in a queue after one more of the events that open or end a visit there. */
export function nextRecord(record: PatientRecord | undefined, event: VisitEvent): PatientRecord | undefined {
  if (event.type === 'PatientCheckedIn' || event.type === 'PatientReceived' || event.type === 'PatientIdentified') {
    return { name: event.data.patientName, open: true };
  }
  const effect = effectOf(event);
  if (record === undefined || (effect !== 'comes' && effect !== 'goes')) return record;
  return { ...record, open: effect === 'comes' };
}

/** "The settings are still those that the caller acted on." */
export function settingsUnchanged({ queueId, settingsPosition }: CheckIn): AppendCondition {
  return { tags: [queueSettingsTag(queueId)], after: settingsPosition };
}

/** "Nobody has that ticket." */
export function ticketUnused({ siteId, day, ticket }: CheckIn): AppendCondition {
  return { tags: [ticketTag(siteId, day, ticket)], after: 0 };
}

/** Refuses a patient who is here already, or whose id belongs to somebody else. */
export function refuseDuplicate(
  record: PatientRecord | undefined,
  { patientName }: { readonly patientName: string },
): void {
  if (record === undefined) return;
  if (normalisedName(record.name) !== normalisedName(patientName)) {
    throw refuse('PATIENT_IDENTITY_CONFLICT', { field: 'patientName', problem: 'differs from the name on record' });
  }
  if (record.open) throw refuse('PATIENT_ALREADY_WAITING', { field: 'patientId', problem: 'has an open visit' });
}

/** What a check-in that is not refused comes to. The patient's path is fixed by the queue's stages of now. */
export function checkedIn(
  command: CheckIn,
  { now }: DecisionContext,
  stages: Stages = command.stages ?? noStages,
): NewEvent<'PatientCheckedIn', EventOf<typeof PatientCheckedIn>['data']> {
  const { visitId, queueId, patientId, patientKey, patientName, priority, consultationType, notes } = command;
  const { siteId, day, ticket, firstOfDay } = command;
  return PatientCheckedIn(
    {
      ...{ visitId, queueId, patientKey, patientId, patientName, priority, consultationType, notes },
      ...{ arrivedAt: momentOf(now), path: pathOf(stages, priority), siteId, day, ticket },
    },
    firstOfDay ? marksQueueOf(siteId) : {},
  );
}
