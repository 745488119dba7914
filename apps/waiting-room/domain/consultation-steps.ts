import {
  ConsultationCompleted,
  ConsultationStarted,
  momentOf,
  PatientAbsentAtConsultation,
  PatientCancelledByAbsence,
  PatientNoShow,
} from './events.ts';
import { refuse } from './refusals.ts';
import { aboutVisit, lineFor, seatFields, type Visit } from './visit.ts';

/** A patient who was called into a room and does not come may be called once more. */
export const consultationAbsences = 1;

export type ConsultationCommand =
  | { readonly type: 'start' | 'complete' | 'no-show' | 'absent-at-consultation' }
  /** The time for coming is up, as its timer says. `answerBy`: milliseconds since 1970. */
  | { readonly type: 'call-expired'; readonly answerBy: number };

/** What comes of a step in the consulting room that is permitted. `at`: the moment of it. */
export function decideInConsultation(visit: Visit, command: ConsultationCommand, at: string) {
  const about = aboutVisit(visit);
  if (command.type === 'call-expired' && visit.answerBy !== momentOf(command.answerBy)) {
    throw refuse('TIMER_OUTDATED', { field: 'visitId', problem: 'was called again' });
  }
  const room = roomOf(visit);
  switch (command.type) {
    case 'start':
      return ConsultationStarted({ ...about, roomId: room.roomId, startedAt: at });
    case 'complete':
      return ConsultationCompleted({ ...about, ...room, completedAt: at });
    case 'no-show':
      return PatientNoShow({ ...about, ...room, recordedAt: at });
    case 'call-expired':
    case 'absent-at-consultation': {
      const absence = visit.consultationAbsences + 1;
      if (absence > consultationAbsences) {
        return PatientCancelledByAbsence({ ...about, ...seatFields(visit), absences: absence, cancelledAt: at });
      }
      // Behind those of the same priority who wait now.
      const line = { ...lineFor(visit, 'CONSULTATION'), placeAt: at };
      return PatientAbsentAtConsultation({ ...about, ...room, absence, line, recordedAt: at });
    }
  }
}

function roomOf({ seat }: Visit): { readonly roomId: string; readonly turn: number } {
  if (seat?.place.kind !== 'room') throw refuse('VISIT_NOT_IN_ROOM', { field: 'visitId', problem: 'is in no room' });
  return { roomId: seat.place.id, turn: seat.turn };
}
