import { nextRecord, type PatientRecord } from './check-in.ts';
import type { VisitEvent } from './events.ts';
import { evolveVisit, type Visit } from './visit.ts';

/** A visit that is decided about, and what is known of its patient's other visits. */
export interface PatientVisits {
  /** By id. Of the other visits only beginnings and ends were read. */
  readonly visits: ReadonlyMap<string, Visit>;
  /** By the patient's pseudonym, which is another one in each queue. */
  readonly records: ReadonlyMap<string, PatientRecord>;
}

export const noVisits: PatientVisits = { visits: new Map(), records: new Map() };

/** What is known after one more event of one of the visits. */
export function nextVisits({ visits, records }: PatientVisits, event: VisitEvent): PatientVisits {
  const { visitId, patientKey } = event.data;
  const visit = evolveVisit(visits.get(visitId), event);
  const record = patientKey === null ? undefined : nextRecord(records.get(patientKey), event);
  return {
    visits: visit === undefined ? visits : new Map(visits).set(visitId, visit),
    records: patientKey === null || record === undefined ? records : new Map(records).set(patientKey, record),
  };
}
