import type { Decider } from '#millrace';
import { momentOf, PatientReturned, type VisitEvent } from './events.ts';
import { patientTag } from './names.ts';
import { nextVisits, noVisits, type PatientVisits } from './patient-visits.ts';
import { refuse } from './refusals.ts';
import { openingTypes } from './status.ts';
import { permit } from './transitions.ts';
import { aboutVisit } from './visit.ts';

/** Takes in again a patient who had been given up for not coming. */
export interface ReturnPatient {
  readonly visitId: string;
  /** As the visit has it; null for a walk-in. */
  readonly patientKey: string | null;
  /** The day of the visit's site. A visit of another day is over for good. */
  readonly today: string;
}

/** Decides returns. The patient may have checked in again meanwhile, so the patient's visits are read besides this one. */
export const returnDecider: Decider<PatientVisits, ReturnPatient, VisitEvent> = {
  name: 'return',
  initial: noVisits,
  boundary: ({ visitId, patientKey }) => ({
    stream: visitId,
    reads: [
      { stream: visitId },
      ...(patientKey === null ? [] : [{ tags: [patientTag(patientKey)], types: openingTypes }]),
    ],
  }),
  evolve: nextVisits,
  decide({ visits, records }, { visitId, patientKey, today }, { now }) {
    const visit = permit('return', visits.get(visitId));
    if (visit.patientKey !== patientKey) throw refuse('VISIT_NOT_FOUND', { field: 'visitId', problem: 'has moved' });
    if (visit.day !== today) {
      throw refuse('VISIT_OF_ANOTHER_DAY', { field: 'visitId', problem: 'began before today' });
    }
    if (patientKey !== null && records.get(patientKey)?.open === true) {
      throw refuse('PATIENT_ALREADY_WAITING', { field: 'visitId', problem: 'belongs to a patient with an open visit' });
    }
    const line = { waitsFor: visit.stage, priority: visit.priority, placeAt: visit.arrivedAt };
    return [PatientReturned({ ...aboutVisit(visit), line, returnedAt: momentOf(now) })];
  },
};
