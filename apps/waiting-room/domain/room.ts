import type { Decider } from '#millrace';
import { isHeld, nextTurns, readsOfTurn, type Turns } from './call.ts';
import { momentOf, RoomActivated, RoomDeactivated, type RoomEvent, type VisitEvent } from './events.ts';
import { roomStateTag, roomStream, type Place } from './names.ts';
import { refuse } from './refusals.ts';

/** Opens or shuts a consulting room. */
export interface ChangeRoom {
  readonly roomId: string;
  readonly active: boolean;
  /** The last turn of the room, 0 when it never called. A wrong guess is a `CallMissed` (call.ts). Only to deactivate. */
  readonly lastTurn: number;
}

export interface RoomState {
  /** undefined: nobody ever said. */
  readonly active: boolean | undefined;
  readonly turns: Turns;
}

/**
 * Decides whether a room may call. A call reads the room's state and a deactivation reads the room's next turn, each
 * as something that must not change until it is stored: of the two at the same moment, one is decided again.
 */
export const roomDecider: Decider<RoomState, ChangeRoom, RoomEvent | VisitEvent> = {
  name: 'room',
  initial: { active: undefined, turns: new Map() },
  boundary: ({ roomId, active, lastTurn }) => ({
    stream: roomStream(roomId),
    reads: [{ tags: [roomStateTag(roomId)] }, ...(active ? [] : readsOfTurn(roomPlace(roomId), lastTurn + 1))],
  }),
  evolve: ({ active, turns }, event) => ({ active: activeAfter(active, event), turns: nextTurns(turns, event) }),
  decide({ active, turns }, { roomId, active: wanted, lastTurn }, { now }) {
    const changedAt = momentOf(now);
    if (active === wanted) return [];
    if (wanted) return [RoomActivated({ roomId, changedAt })];
    if (isHeld(turns, roomPlace(roomId), lastTurn + 1)) {
      throw refuse('ROOM_OCCUPIED', { field: 'roomId', problem: 'holds a patient' });
    }
    return [RoomDeactivated({ roomId, changedAt })];
  },
};

/** Whether a room is active after one more of its events; undefined when nobody ever said. */
export function activeAfter(active: boolean | undefined, { type }: { readonly type: string }): boolean | undefined {
  if (type === RoomActivated.type) return true;
  return type === RoomDeactivated.type ? false : active;
}

const roomPlace = (id: string): Place => ({ kind: 'room', id });
