import type { Decider } from '#millrace';
import { refuseDuplicate } from './check-in.ts';
import { momentOf, PatientIdentified, type VisitEvent } from './events.ts';
import { patientTag } from './names.ts';
import { nextVisits, noVisits, type PatientVisits } from './patient-visits.ts';
import { refuse } from './refusals.ts';
import { isOpen, openingTypes } from './status.ts';
import { aboutVisit } from './visit.ts';

/** Says who a patient is that had come without an id. */
export interface IdentifyPatient {
  readonly visitId: string;
  readonly patientId: string;
  /** The pseudonym of that id in the queue of the visit. */
  readonly patientKey: string;
  /** The queue that {@link patientKey} was made for. */
  readonly queueId: string;
  /** Default: the name that the visit has. */
  readonly patientName?: string | undefined;
}

/**
 * Decides who a patient is. Two visits are never made one: a patient who has another open visit in that queue, or whose id
 * belongs to another name, is refused, and people decide which of the two goes on.
 */
export const identifyDecider: Decider<PatientVisits, IdentifyPatient, VisitEvent> = {
  name: 'identify',
  initial: noVisits,
  boundary: ({ visitId, patientKey }) => ({
    stream: visitId,
    reads: [{ stream: visitId }, { tags: [patientTag(patientKey)], types: openingTypes }],
  }),
  evolve: nextVisits,
  decide({ visits, records }, { visitId, patientId, patientKey, queueId, patientName }, { now }) {
    const visit = visits.get(visitId);
    if (visit === undefined) throw refuse('VISIT_NOT_FOUND', { field: 'visitId', problem: 'is unknown' });
    if (!isOpen(visit.status)) throw refuse('VISIT_ENDED', { field: 'visitId', problem: `is ${visit.status}` });
    if (visit.patientKey === patientKey) return [];
    if (visit.patientKey !== null) throw refuse('VISIT_IDENTIFIED', { field: 'visitId', problem: 'has a patient id' });
    if (visit.queueId !== queueId) throw refuse('VISIT_NOT_FOUND', { field: 'visitId', problem: 'has moved' });
    const name = patientName ?? visit.patientName;
    refuseDuplicate(records.get(patientKey), { patientName: name });
    return [
      PatientIdentified({
        ...{ ...aboutVisit(visit), patientKey, patientId, patientName: name },
        identifiedAt: momentOf(now),
      }),
    ];
  },
};
