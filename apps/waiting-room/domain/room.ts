import type { Decider } from '#millrace';
import { activates, isHeld, isPlaceState, nextTurns, readsOfTurn, type Turns } from './call.ts';
import {
  DeskActivated,
  DeskDeactivated,
  momentOf,
  RoomActivated,
  RoomDeactivated,
  type RoomEvent,
  type VisitEvent,
} from './events.ts';
import { placeStateTag, placeStream, type Place } from './names.ts';
import { refuse } from './refusals.ts';

/** Opens or shuts a consulting room or a cashier's desk. */
export interface ChangePlace {
  readonly place: Place;
  readonly active: boolean;
  /** The last turn of the place, 0 when it never called. A wrong guess is a `CallMissed` (call.ts). Only to deactivate. */
  readonly lastTurn: number;
}

export interface PlaceState {
  /** undefined: nobody ever said. */
  readonly active: boolean | undefined;
  readonly turns: Turns;
}

/**
 * Decides whether a room or desk may call. A call reads the place's state and a deactivation reads the place's next turn,
 * each as something that must not change until it is stored: of the two at the same moment, one is decided again.
 */
export const placeDecider: Decider<PlaceState, ChangePlace, RoomEvent | VisitEvent> = {
  name: 'place',
  initial: { active: undefined, turns: new Map() },
  boundary: ({ place, active, lastTurn }) => ({
    stream: placeStream(place),
    reads: [{ tags: [placeStateTag(place)] }, ...(active ? [] : readsOfTurn(place, lastTurn + 1))],
  }),
  evolve: ({ active, turns }, event) => ({
    active: isPlaceState(event) ? activates(event) : active,
    turns: nextTurns(turns, event),
  }),
  decide({ active, turns }, { place, active: wanted, lastTurn }, { now }) {
    const changedAt = momentOf(now);
    const { kind, id } = place;
    if (active === wanted) return [];
    if (wanted) {
      return [kind === 'room' ? RoomActivated({ roomId: id, changedAt }) : DeskActivated({ deskId: id, changedAt })];
    }
    if (isHeld(turns, place, lastTurn + 1)) {
      throw kind === 'room'
        ? refuse('ROOM_OCCUPIED', { field: 'roomId', problem: 'holds a patient' })
        : refuse('DESK_OCCUPIED', { field: 'deskId', problem: 'holds a patient' });
    }
    return [kind === 'room' ? RoomDeactivated({ roomId: id, changedAt }) : DeskDeactivated({ deskId: id, changedAt })];
  },
};
