import type { Decider } from '#millrace';
import {
  ConsultationCompleted,
  ConsultationStarted,
  momentOf,
  PatientNoShow,
  VisitCancelled,
  type VisitEvent,
} from './events.ts';
import { refuse, type RefusalCode } from './refusals.ts';

/** Where a visit stands. The last three end it. */
export type VisitStatus = 'WAITING' | 'CALLED' | 'IN_CONSULTATION' | 'COMPLETED' | 'NO_SHOW' | 'CANCELLED';

export interface Visit {
  readonly visitId: string;
  readonly queueId: string;
  readonly patientId: string;
  readonly patientKey: string | null;
  readonly status: VisitStatus;
  /** The room that called, and which of its turns that was; null before. */
  readonly seat: { readonly roomId: string; readonly turn: number } | null;
}

/** What can happen to a visit after the check-in, besides the call (call.ts), which concerns the room as well. */
export type VisitCommand =
  | { readonly type: 'start'; readonly visitId: string }
  | { readonly type: 'complete'; readonly visitId: string }
  | { readonly type: 'no-show'; readonly visitId: string }
  | { readonly type: 'cancel'; readonly visitId: string; readonly reason: string };

/** From which states something may happen, and how it is refused from any other. What is not listed is refused. */
export const transitions: {
  readonly [Step in VisitCommand['type'] | 'call']: {
    readonly from: readonly VisitStatus[];
    readonly otherwise: RefusalCode;
  };
} = {
  call: { from: ['WAITING'], otherwise: 'VISIT_NOT_WAITING' },
  start: { from: ['CALLED'], otherwise: 'VISIT_NOT_CALLED' },
  complete: { from: ['CALLED', 'IN_CONSULTATION'], otherwise: 'VISIT_NOT_IN_ROOM' },
  'no-show': { from: ['CALLED'], otherwise: 'VISIT_NOT_CALLED' },
  cancel: { from: ['WAITING', 'CALLED'], otherwise: 'VISIT_NOT_CANCELLABLE' },
};

/** The visit, when there is one and the step is listed for its state. */
export function permit(step: keyof typeof transitions, visit: Visit | undefined): Visit {
  if (visit === undefined) throw refuse('VISIT_NOT_FOUND', { field: 'visitId', problem: 'is unknown' });
  const { from, otherwise } = transitions[step];
  if (!from.includes(visit.status)) throw refuse(otherwise, { field: 'visitId', problem: `is ${visit.status}` });
  return visit;
}

/** The state of a visit after one more of its events. */
export function evolveVisit(visit: Visit | undefined, event: VisitEvent): Visit | undefined {
  if (event.type === 'PatientCheckedIn') {
    const { visitId, queueId, patientId, patientKey } = event.data;
    return { visitId, queueId, patientId, patientKey, status: 'WAITING', seat: null };
  }
  if (visit === undefined) return undefined;
  switch (event.type) {
    case 'PatientCalled':
      return { ...visit, status: 'CALLED', seat: { roomId: event.data.roomId, turn: event.data.turn } };
    case 'ConsultationStarted':
      return { ...visit, status: 'IN_CONSULTATION' };
    case 'ConsultationCompleted':
      return { ...visit, status: 'COMPLETED' };
    case 'PatientNoShow':
      return { ...visit, status: 'NO_SHOW' };
    case 'VisitCancelled':
      return { ...visit, status: 'CANCELLED' };
  }
}

/** Decides what happens to one visit. Its stream is the whole boundary, so visits never wait for each other. */
export const visitDecider: Decider<Visit | undefined, VisitCommand, VisitEvent> = {
  name: 'visit',
  initial: undefined,
  boundary: ({ visitId }) => ({ stream: visitId }),
  evolve: evolveVisit,
  decide(state, command, { now }) {
    const visit = permit(command.type, state);
    const { visitId, queueId, patientId, patientKey } = visit;
    const about = { visitId, queueId, patientKey };
    const at = momentOf(now);
    switch (command.type) {
      case 'start':
        return [ConsultationStarted({ ...about, roomId: seatOf(visit).roomId, startedAt: at })];
      case 'complete':
        return [ConsultationCompleted({ ...about, ...seatOf(visit), completedAt: at })];
      case 'no-show':
        return [PatientNoShow({ ...about, ...seatOf(visit), recordedAt: at })];
      case 'cancel': {
        const seat = visit.seat ?? { roomId: null, turn: null };
        return [VisitCancelled({ ...about, patientId, ...seat, reason: command.reason, cancelledAt: at })];
      }
    }
  },
};

function seatOf(visit: Visit): NonNullable<Visit['seat']> {
  if (visit.seat === null) throw refuse('VISIT_NOT_IN_ROOM', { field: 'visitId', problem: 'is in no room' });
  return visit.seat;
}
