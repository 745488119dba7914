import {
  CallUndone,
  momentOf,
  PatientLeft,
  PatientParked,
  PatientRecalled,
  PatientResumed,
  PriorityChanged,
  VisitCancelled,
} from './events.ts';
import type { Priority } from './priority.ts';
import { isWaiting } from './status.ts';
import { aboutVisit, lineFor, seatFields, type Visit } from './visit.ts';

export type LineCommand =
  | { readonly type: 'change-priority'; readonly priority: Priority; readonly reason: string }
  | { readonly type: 'cancel'; readonly reason: string }
  | { readonly type: 'recall' | 'undo-call' | 'park' | 'resume' | 'leave' };

/** What comes of a permitted step on the way to the room and off it. `at`: the moment of it. */
export function decideInLine(visit: Visit, command: LineCommand, at: string) {
  const about = aboutVisit(visit);
  const seat = seatFields(visit);
  const { patientId, stage, status } = visit;
  switch (command.type) {
    case 'change-priority': {
      const { priority, reason } = command;
      // Whoever becomes urgent goes past the cashier.
      const waitsFor = priority === 'Urgent' && stage === 'CASHIER' ? 'CONSULTATION' : stage;
      const line = isWaiting(status) ? { ...lineFor(visit, waitsFor), priority } : null;
      return PriorityChanged({ ...about, patientId, priority, reason, line, changedAt: at });
    }
    case 'recall': {
      // Whoever is called once more has as much time once more.
      const answerBy = visit.answerMs === null ? null : momentOf(Date.parse(at) + visit.answerMs);
      return PatientRecalled({ ...about, roomId: seat.roomId, deskId: seat.deskId, answerBy, recalledAt: at });
    }
    case 'undo-call':
      return CallUndone({ ...about, ...seat, line: lineFor(visit, stage), undoneAt: at });
    case 'park':
      return PatientParked({ ...about, ...seat, parkedAt: at });
    case 'resume':
      return PatientResumed({ ...about, line: lineFor(visit, stage), resumedAt: at });
    case 'leave':
      return PatientLeft({ ...about, ...seat, leftAt: at });
    case 'cancel': {
      const { roomId, turn } = seat;
      return VisitCancelled({ ...about, patientId, roomId, turn, reason: command.reason, cancelledAt: at });
    }
  }
}
