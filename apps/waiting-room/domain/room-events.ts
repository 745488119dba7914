import { defineEvent, Type, type EventOf } from '#millrace';
import { closed, moment, placeId } from './event-shapes.ts';
import { roomStateTag } from './names.ts';

function stateTags({ roomId }: { readonly roomId: string }): readonly string[] {
  return [roomStateTag(roomId)];
}

/** A room may call. A room that nobody ever spoke of may call, too. */
export const RoomActivated = defineEvent('RoomActivated', {
  schema: Type.Object({ roomId: placeId, changedAt: moment }, closed),
  tags: stateTags,
});

/** A room calls nobody until it is activated again. It held nobody at that moment. */
export const RoomDeactivated = defineEvent('RoomDeactivated', {
  schema: Type.Object({ roomId: placeId, changedAt: moment }, closed),
  tags: stateTags,
});

export const roomEvents = [RoomActivated, RoomDeactivated] as const;

export type RoomEvent = EventOf<(typeof roomEvents)[number]>;
