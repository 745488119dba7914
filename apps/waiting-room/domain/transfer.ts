import type { Decider } from '#millrace';
import { refuseDuplicate } from './check-in.ts';
import {
  isVisitEvent,
  momentOf,
  PatientReceived,
  PatientTransferred,
  type QueueEvent,
  type VisitEvent,
} from './events.ts';
import { mainSite, patientTag, queueSettingsTag } from './names.ts';
import { nextVisits, noVisits, type PatientVisits } from './patient-visits.ts';
import { queueStateAfter, refuseEntry, type QueueState } from './queue-state.ts';
import { refuse } from './refusals.ts';
import { openingTypes } from './status.ts';
import { permit } from './transitions.ts';
import { aboutVisit, seatFields } from './visit.ts';

/** Sends a patient to another queue. */
export interface TransferPatient {
  readonly visitId: string;
  readonly toQueueId: string;
  /** The patient's pseudonym there; null for a walk-in. */
  readonly toPatientKey: string | null;
}

export interface TransferState extends PatientVisits {
  /** The state of the queue that the patient is sent to. */
  readonly queue: QueueState;
  readonly siteId: string;
}

/**
 * Decides transfers. The visit goes on in the other queue, in the line it stood in or before the consultation, with
 * its time of arrival. The patient is in the building already, so the other queue's limit does not turn anybody away;
 * that it takes nobody in does. The ticket goes along, so the other queue has to be at the same site.
 */
export const transferDecider: Decider<TransferState, TransferPatient, VisitEvent | QueueEvent> = {
  name: 'transfer',
  initial: { ...noVisits, queue: 'OPEN', siteId: mainSite },
  boundary: ({ visitId, toQueueId, toPatientKey }) => ({
    stream: visitId,
    reads: [
      { stream: visitId },
      ...(toPatientKey === null ? [] : [{ tags: [patientTag(toPatientKey)], types: openingTypes }]),
      { tags: [queueSettingsTag(toQueueId)] },
    ],
  }),
  evolve(state, event) {
    if (isVisitEvent(event)) return { ...state, ...nextVisits(state, event) };
    if (event.type === 'QueueConfigured') return { ...state, siteId: event.data.siteId };
    return { ...state, queue: queueStateAfter(state.queue, event) };
  },
  decide({ visits, records, queue, siteId }, { visitId, toQueueId, toPatientKey }, { now }) {
    const visit = permit('transfer', visits.get(visitId));
    if (visit.queueId === toQueueId) {
      throw refuse('TRANSFER_TO_SAME_QUEUE', { field: 'toQueueId', problem: 'is the queue of the visit' });
    }
    if (visit.siteId !== siteId) {
      throw refuse('TRANSFER_TO_ANOTHER_SITE', { field: 'toQueueId', problem: 'is at another site' });
    }
    refuseEntry(queue);
    if (toPatientKey !== null) refuseDuplicate(records.get(toPatientKey), visit);
    const { queueId, patientId, patientName, arrivedAt, priority, stage } = visit;
    const at = momentOf(now);
    return [
      PatientTransferred({ ...aboutVisit(visit), ...seatFields(visit), toQueueId, transferredAt: at }),
      PatientReceived({
        ...{ visitId, queueId: toQueueId, patientKey: toPatientKey, fromQueueId: queueId },
        ...{ patientId, patientName, arrivedAt },
        line: { waitsFor: stage, priority, placeAt: arrivedAt },
        receivedAt: at,
      }),
    ];
  },
};
