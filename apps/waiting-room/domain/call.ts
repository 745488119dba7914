import type { Decider } from '#millrace';
import { momentOf, PatientCalled, type VisitEvent } from './events.ts';
import { roomTurnTag } from './names.ts';
import { refuse } from './refusals.ts';
import { evolveVisit, permit, type Visit } from './visit.ts';

/** Calls a patient into a room. */
export interface CallPatient {
  readonly visitId: string;
  readonly roomId: string;
  /** Which of the room's patients this is, from 1. A wrong guess is a {@link CallMissed}, never a wrong call. */
  readonly turn: number;
  /** Any waiting patient would do ("call next"): one who was just called by somebody else is a {@link CallMissed}. */
  readonly anyPatient?: boolean;
}

/**
 * The call met something that the caller did not know yet, and should be made again with another guess. Not a
 * refusal: it is no answer to anybody, and no idempotency key keeps it.
 */
export class CallMissed extends Error {
  /** `visit-gone`: somebody else called first. `turn-taken`: a later turn. `turn-unknown`: an earlier turn. */
  readonly reason: 'visit-gone' | 'turn-taken' | 'turn-unknown';

  constructor(reason: CallMissed['reason']) {
    super(`The call missed: ${reason}.`);
    this.name = 'CallMissed';
    this.reason = reason;
  }
}

export interface CallState {
  readonly visit: Visit | undefined;
  /** The turns that were read, by tag: true while a patient holds the room. The visit may bring turns of other rooms. */
  readonly turns: ReadonlyMap<string, boolean>;
}

/**
 * Decides calls. The visit's stream makes the claim happen once, whoever else claims; the room's turn keeps the room to
 * one patient. A room's patients are numbered, a turn belongs to one call (nobody else may have its tag), and a turn
 * may begin when the one before has ended. So the decision reads three short things and never a room's whole history,
 * and rooms do not meet each other.
 */
export const callDecider: Decider<CallState, CallPatient, VisitEvent> = {
  name: 'call',
  initial: { visit: undefined, turns: new Map() },
  boundary: ({ visitId, roomId, turn }) => ({
    stream: visitId,
    reads: [
      { stream: visitId },
      ...(turn > 1 ? [{ tags: [roomTurnTag(roomId, turn - 1)] }] : []),
      { tags: [roomTurnTag(roomId, turn)] },
    ],
  }),
  evolve: (state, event) => ({ visit: nextVisit(state.visit, event), turns: nextTurns(state.turns, event) }),
  decide({ visit, turns }, { visitId, roomId, turn, anyPatient }, { now }) {
    if (turns.has(roomTurnTag(roomId, turn))) throw new CallMissed('turn-taken');
    const before = turns.get(roomTurnTag(roomId, turn - 1));
    if (turn > 1 && before === undefined) throw new CallMissed('turn-unknown');
    if (before === true) throw refuse('ROOM_OCCUPIED', { field: 'roomId', problem: 'holds a patient' });
    if (anyPatient === true && visit?.status !== 'WAITING') throw new CallMissed('visit-gone');
    const { queueId, patientKey } = permit('call', visit);
    return [PatientCalled({ visitId, queueId, patientKey, roomId, turn, calledAt: momentOf(now) })];
  },
};

/** The turns bring along events of the visit that had the room before; its check-in is not among them. */
function nextVisit(visit: Visit | undefined, event: VisitEvent): Visit | undefined {
  const own = visit === undefined ? event.type === 'PatientCheckedIn' : event.data.visitId === visit.visitId;
  return own ? evolveVisit(visit, event) : visit;
}

function nextTurns(turns: CallState['turns'], event: VisitEvent): CallState['turns'] {
  if (!('turn' in event.data) || event.data.roomId === null || event.data.turn === null) return turns;
  const tag = roomTurnTag(event.data.roomId, event.data.turn);
  return new Map(turns).set(tag, event.type === 'PatientCalled');
}
