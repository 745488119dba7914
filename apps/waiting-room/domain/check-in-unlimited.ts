import type { Decider } from '#millrace';
import {
  checkedIn,
  nextRecord,
  refuseDuplicate,
  settingsUnchanged,
  ticketUnused,
  type CheckIn,
  type PatientRecord,
} from './check-in.ts';
import type { VisitEvent } from './events.ts';
import { patientTag } from './names.ts';
import { refuseEntry } from './queue-state.ts';
import { openingTypes } from './status.ts';

/**
 * Check-in to a queue without a limit. The boundary is the patient in that queue, so patients never wait for each
 * other, however many come at once; a walk-in has no boundary besides the new visit. Should the queue get a limit
 * meanwhile, the settings' guard fails, and the caller decides with {@link checkInToLimitedQueue}.
 */
export const checkInToUnlimitedQueue: Decider<PatientRecord | undefined, CheckIn, VisitEvent> = {
  name: 'check-in',
  initial: undefined,
  boundary(command) {
    const { visitId, patientKey } = command;
    const guards = [settingsUnchanged(command), ticketUnused(command)];
    const visit = { stream: visitId, newStream: true, likelyNew: true, guards };
    if (patientKey === null) return visit;
    return { ...visit, reads: [{ tags: [patientTag(patientKey)], types: openingTypes }] };
  },
  evolve: nextRecord,
  decide(record, command, context) {
    refuseEntry(command.queueState ?? 'OPEN');
    refuseDuplicate(record, command);
    return [checkedIn(command, context)];
  },
};
