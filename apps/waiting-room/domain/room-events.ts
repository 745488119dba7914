import { defineEvent, Type, type EventOf } from '#millrace';
import { closed, moment, placeId, siteId } from './event-shapes.ts';
import { placeSettingsTag, placeStateTag } from './names.ts';

const room = { roomId: placeId };
const desk = { deskId: placeId };
const placeName = Type.String({ minLength: 1, maxLength: 60 });
const staffName = Type.String({ minLength: 1, maxLength: 120 });
/** Who is on duty, by an id of the staff's own; the name stands beside it for people to read. */
const staff = { staffId: Type.String({ minLength: 1, maxLength: 60 }), staffName };

interface OfPlace {
  readonly roomId?: string;
  readonly deskId?: string;
}
const placeOf = ({ roomId, deskId }: OfPlace) =>
  roomId === undefined ? ({ kind: 'desk', id: deskId ?? '' } as const) : ({ kind: 'room', id: roomId } as const);
const stateTags = (data: OfPlace): readonly string[] => [placeStateTag(placeOf(data))];
const settingsTags = (data: OfPlace): readonly string[] => [placeSettingsTag(placeOf(data))];

/** A room may call. A room that nobody ever spoke of may call, too. */
export const RoomActivated = defineEvent('RoomActivated', {
  schema: Type.Object({ ...room, changedAt: moment }, closed),
  tags: stateTags,
});

/** A room calls nobody until it is activated again. It held nobody at that moment. */
export const RoomDeactivated = defineEvent('RoomDeactivated', {
  schema: Type.Object({ ...room, changedAt: moment }, closed),
  tags: stateTags,
});

/** The same of a cashier's desk. */
export const DeskActivated = defineEvent('DeskActivated', {
  schema: Type.Object({ ...desk, changedAt: moment }, closed),
  tags: stateTags,
});

/** The same of a cashier's desk. */
export const DeskDeactivated = defineEvent('DeskDeactivated', {
  schema: Type.Object({ ...desk, changedAt: moment }, closed),
  tags: stateTags,
});

/** What stands on the door, and in which building that is. */
export const RoomConfigured = defineEvent('RoomConfigured', {
  schema: Type.Object({ ...room, roomName: placeName, siteId, configuredAt: moment }, closed),
  tags: settingsTags,
});

export const DeskConfigured = defineEvent('DeskConfigured', {
  schema: Type.Object({ ...desk, deskName: placeName, siteId, configuredAt: moment }, closed),
  tags: settingsTags,
});

/** Somebody works there from now on, in the place of whoever did. */
export const StaffAssignedToRoom = defineEvent('StaffAssignedToRoom', {
  schema: Type.Object({ ...room, ...staff, assignedAt: moment }, closed),
  personal: { staffName: 'staffId' },
  tags: settingsTags,
});

export const StaffAssignedToDesk = defineEvent('StaffAssignedToDesk', {
  schema: Type.Object({ ...desk, ...staff, assignedAt: moment }, closed),
  personal: { staffName: 'staffId' },
  tags: settingsTags,
});

/** Nobody works there any more. */
export const StaffReleasedFromRoom = defineEvent('StaffReleasedFromRoom', {
  schema: Type.Object({ ...room, staffId: staff.staffId, releasedAt: moment }, closed),
  tags: settingsTags,
});

export const StaffReleasedFromDesk = defineEvent('StaffReleasedFromDesk', {
  schema: Type.Object({ ...desk, staffId: staff.staffId, releasedAt: moment }, closed),
  tags: settingsTags,
});

/** Whether a place may call. */
const placeStateEvents = [RoomActivated, RoomDeactivated, DeskActivated, DeskDeactivated] as const;
/** What a place is called and who works there. */
const placeSettingsEvents = [
  RoomConfigured,
  DeskConfigured,
  StaffAssignedToRoom,
  StaffAssignedToDesk,
  StaffReleasedFromRoom,
  StaffReleasedFromDesk,
] as const;

export const roomEvents = [...placeStateEvents, ...placeSettingsEvents] as const;

export type RoomEvent = EventOf<(typeof placeStateEvents)[number]>;
export type PlaceSettingsEvent = EventOf<(typeof placeSettingsEvents)[number]>;
