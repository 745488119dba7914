import type { Decider } from '#millrace';
import {
  DeskConfigured,
  momentOf,
  RoomConfigured,
  StaffAssignedToDesk,
  StaffAssignedToRoom,
  StaffReleasedFromDesk,
  StaffReleasedFromRoom,
  type PlaceSettingsEvent,
} from './events.ts';
import { mainSite, placeSettingsTag, placeStream, type Place } from './names.ts';

/** Names a room or desk and says where it is (what is not given stays), or who works there; null for nobody. */
export type ChangePlaceSettings = { readonly place: Place } & (
  | { readonly type: 'configure'; readonly name?: string | undefined; readonly siteId?: string | undefined }
  | { readonly type: 'staff'; readonly staff: Staff | null }
);

/** Somebody who works somewhere. */
export interface Staff {
  readonly staffId: string;
  readonly staffName: string;
}

export interface PlaceSettings {
  readonly name: string | undefined;
  readonly siteId: string;
  readonly staff: Staff | null;
}

/** Decides what a room or desk is called and who works there. Calls do not depend on any of it. */
export const placeSettingsDecider: Decider<PlaceSettings, ChangePlaceSettings, PlaceSettingsEvent> = {
  name: 'place-settings',
  initial: { name: undefined, siteId: mainSite, staff: null },
  boundary: ({ place }) => ({ stream: placeStream(place), reads: [{ tags: [placeSettingsTag(place)] }] }),
  evolve(settings, event) {
    switch (event.type) {
      case 'RoomConfigured':
        return { ...settings, name: event.data.roomName, siteId: event.data.siteId };
      case 'DeskConfigured':
        return { ...settings, name: event.data.deskName, siteId: event.data.siteId };
      case 'StaffAssignedToRoom':
      case 'StaffAssignedToDesk': {
        const { staffId, staffName } = event.data;
        return { ...settings, staff: { staffId, staffName } };
      }
      case 'StaffReleasedFromRoom':
      case 'StaffReleasedFromDesk':
        return { ...settings, staff: null };
    }
  },
  decide(settings, command, { now }) {
    const { kind, id } = command.place;
    const at = momentOf(now);
    if (command.type === 'configure') {
      const name = command.name ?? settings.name ?? id;
      const siteId = command.siteId ?? settings.siteId;
      if (settings.name === name && settings.siteId === siteId) return [];
      return kind === 'room'
        ? [RoomConfigured({ roomId: id, roomName: name, siteId, configuredAt: at })]
        : [DeskConfigured({ deskId: id, deskName: name, siteId, configuredAt: at })];
    }
    const { staff } = command;
    const before = settings.staff;
    if (staff === null) {
      if (before === null) return [];
      const { staffId } = before;
      return kind === 'room'
        ? [StaffReleasedFromRoom({ roomId: id, staffId, releasedAt: at })]
        : [StaffReleasedFromDesk({ deskId: id, staffId, releasedAt: at })];
    }
    if (before?.staffId === staff.staffId && before.staffName === staff.staffName) return [];
    return kind === 'room'
      ? [StaffAssignedToRoom({ roomId: id, ...staff, assignedAt: at })]
      : [StaffAssignedToDesk({ deskId: id, ...staff, assignedAt: at })];
  },
};
