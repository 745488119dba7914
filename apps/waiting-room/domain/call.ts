import type { Decider, DomainError } from '#millrace';
import { seatIn } from './event-shapes.ts';
import {
  isVisitEvent,
  momentOf,
  PatientCalled,
  PatientCalledAtCashier,
  type QueueEvent,
  type RoomEvent,
  type VisitEvent,
} from './events.ts';
import { placeStateTag, queueSettingsTag, turnTag, type Place } from './names.ts';
import { queueStateAfter, refuseCalls, type QueueState } from './queue-state.ts';
import { refuse } from './refusals.ts';
import type { VisitStatus } from './status.ts';
import { permit } from './transitions.ts';
import { evolveVisit, type Visit } from './visit.ts';

/** Calls a patient to a place. */
export interface CallPatient {
  readonly visitId: string;
  /** The queue that the visit is thought to be in. */
  readonly queueId: string;
  readonly place: Place;
  /** Which of the place's patients this is, from 1. A wrong guess is a {@link CallMissed}, never a wrong call. */
  readonly turn: number;
  /** Any waiting patient would do ("call next"): one who was just called by somebody else is a {@link CallMissed}. */
  readonly anyPatient?: boolean;
  /** With {@link anyPatient}: who is called, in this order, when the patient before was just called by somebody else. */
  readonly orElse?: readonly string[];
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

/** The turns that were read, by tag: true while a patient holds the place. The visit may bring turns of other places. */
export type Turns = ReadonlyMap<string, boolean>;

export interface CallState {
  /** The visits that may be called, by id. */
  readonly visits: ReadonlyMap<string, Visit>;
  readonly turns: Turns;
  /** Whether the room or desk may call. */
  readonly placeActive: boolean;
  readonly queue: QueueState;
  /** The queue's setting. */
  readonly callTimeoutMinutes: number | null;
}

/**
 * Decides calls. The visit's stream makes the claim happen once, whoever else claims; the place's turn keeps it to one
 * patient. A place's patients are numbered, a turn belongs to one call (nobody else may have its tag), and a turn may
 * begin when the one before has ended. So the decision reads a few short things and never a room's whole history, and
 * rooms do not meet each other.
 */
export const callDecider: Decider<CallState, CallPatient, VisitEvent | RoomEvent | QueueEvent> = {
  name: 'call',
  initial: { visits: new Map(), turns: new Map(), placeActive: true, queue: 'OPEN', callTimeoutMinutes: null },
  boundary: ({ visitId, queueId, place, turn, orElse = [] }) => ({
    stream: visitId,
    candidates: [visitId, ...orElse],
    competesFor: queueId,
    reads: [...readsOfTurn(place, turn), { tags: [queueSettingsTag(queueId)] }, { tags: [placeStateTag(place)] }],
  }),
  evolve(state, event) {
    if (isVisitEvent(event)) {
      return { ...state, visits: nextVisits(state.visits, event), turns: nextTurns(state.turns, event) };
    }
    if (isPlaceState(event)) return { ...state, placeActive: activates(event) };
    if (event.type === 'QueueConfigured') return { ...state, callTimeoutMinutes: event.data.callTimeoutMinutes };
    return { ...state, queue: queueStateAfter(state.queue, event) };
  },
  decide({ visits, turns, placeActive, queue, callTimeoutMinutes }, command, { now }) {
    const { visitId: first, queueId, place, turn, anyPatient, orElse = [] } = command;
    if (isHeld(turns, place, turn)) throw occupied(place);
    if (!placeActive) throw inactive(place);
    // Whoever is still there: a lost race costs no other try.
    const waits = (id: string) => {
      const { status, queueId: isIn } = visits.get(id) ?? {};
      return status === calledFrom[place.kind] && isIn === queueId;
    };
    const visitId = anyPatient === true ? [first, ...orElse].find(waits) : first;
    if (visitId === undefined) throw new CallMissed('visit-gone');
    const visit = visits.get(visitId);
    const { patientKey, queueId: inQueue } = permit(place.kind === 'room' ? 'call' : 'call-to-desk', visit);
    if (inQueue !== queueId) throw refuse('VISIT_NOT_WAITING', { field: 'visitId', problem: 'went to another queue' });
    refuseCalls(queue);
    const call = { visitId, queueId, patientKey, turn, calledAt: momentOf(now) };
    // At a desk nobody says that the patient came, so only a room waits for so long.
    const answerBy = callTimeoutMinutes === null ? null : momentOf(now + callTimeoutMinutes * 60_000);
    const to = { stream: visitId };
    if (place.kind === 'room') return [PatientCalled({ ...call, roomId: place.id, answerBy }, to)];
    return [PatientCalledAtCashier({ ...call, deskId: place.id }, to)];
  },
};

/** Who is called to a place waits for what happens there. */
export const calledFrom = { room: 'WAITING', desk: 'WAITING_CASHIER' } as const satisfies {
  readonly [Kind in Place['kind']]: VisitStatus;
};

function occupied({ kind }: Place): DomainError {
  return kind === 'room'
    ? refuse('ROOM_OCCUPIED', { field: 'roomId', problem: 'holds a patient' })
    : refuse('DESK_OCCUPIED', { field: 'deskId', problem: 'holds a patient' });
}

function inactive({ kind }: Place): DomainError {
  return kind === 'room'
    ? refuse('ROOM_INACTIVE', { field: 'roomId', problem: 'is not active' })
    : refuse('DESK_INACTIVE', { field: 'deskId', problem: 'is not active' });
}

/** Whether an event says that a place may call, or may not. */
export function isPlaceState(event: VisitEvent | RoomEvent | QueueEvent): event is RoomEvent {
  return /^(?:Room|Desk)(?:Activated|Deactivated)$/.test(event.type);
}

/** Whether the place may call after the event. */
export function activates({ type }: RoomEvent): boolean {
  return type === 'RoomActivated' || type === 'DeskActivated';
}

/** The turns bring along events of the visit that had the place before; its check-in is not among them. */
function nextVisits(visits: ReadonlyMap<string, Visit>, event: VisitEvent): ReadonlyMap<string, Visit> {
  const visit = evolveVisit(visits.get(event.data.visitId), event);
  return visit === undefined ? visits : new Map(visits).set(visit.visitId, visit);
}

/** What a decision about the next turn of a place reads: that one, and the one before. */
export function readsOfTurn(place: Place, next: number) {
  const turns = next > 1 ? [next - 1, next] : [next];
  return turns.map((turn) => ({ tags: [turnTag(place, turn)] }));
}

/** Whether a patient holds a place whose next turn is this one. Throws {@link CallMissed} when another one is next. */
export function isHeld(turns: Turns, place: Place, next: number): boolean {
  if (turns.has(turnTag(place, next))) throw new CallMissed('turn-taken');
  const before = turns.get(turnTag(place, next - 1));
  if (next > 1 && before === undefined) throw new CallMissed('turn-unknown');
  return before === true;
}

/** The turns after one more event: a call takes one, anything else that names it frees it. */
export function nextTurns(turns: Turns, event: VisitEvent | RoomEvent): Turns {
  if (isPlaceState(event)) return turns;
  const seat = seatIn(event.data);
  if (seat === undefined) return turns;
  const taken = event.type === 'PatientCalled' || event.type === 'PatientCalledAtCashier';
  return new Map(turns).set(turnTag(seat.place, seat.turn), taken);
}
