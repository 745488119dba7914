import { given } from '#millrace/testing';
import { describe, test } from 'vitest';
import { callDecider } from './call.ts';
import {
  DeskConfigured,
  DeskDeactivated,
  momentOf,
  RoomConfigured,
  StaffAssignedToRoom,
  StaffReleasedFromRoom,
} from './events.ts';
import { now, pasts, visitId } from './john-doe.ts';
import { placeSettingsDecider } from './place-settings.ts';
import { placeDecider } from './room.ts';

const at = momentOf(now);
const room = { kind: 'room', id: 'room-1' } as const;
const desk = { kind: 'desk', id: 'desk-1' } as const;
const staff = { staffId: 'staff-1', staffName: 'Dr. Novak' };
const named = RoomConfigured({ roomId: 'room-1', roomName: 'Room 1', siteId: 'main', configuredAt: at });
const assigned = StaffAssignedToRoom({ roomId: 'room-1', ...staff, assignedAt: at });

describe('a room or desk', () => {
  test('gets a name and a site; what is not given stays', () => {
    given(placeSettingsDecider, []).when({ place: room, type: 'configure', name: 'Room 1' }).thenEvents(named);
    given(placeSettingsDecider, [named])
      .when({ place: room, type: 'configure', siteId: 'north' })
      .thenEvents(RoomConfigured({ roomId: 'room-1', roomName: 'Room 1', siteId: 'north', configuredAt: at }));
    given(placeSettingsDecider, [])
      .when({ place: desk, type: 'configure', siteId: 'north' })
      .thenEvents(DeskConfigured({ deskId: 'desk-1', deskName: 'desk-1', siteId: 'north', configuredAt: at }));
    given(placeSettingsDecider, [named]).when({ place: room, type: 'configure', name: 'Room 1' }).thenEvents();
  });

  test('has somebody on duty, then somebody else, then nobody', () => {
    const other = { staffId: 'staff-2', staffName: 'Dr. Kim' };
    given(placeSettingsDecider, []).when({ place: room, type: 'staff', staff }).thenEvents(assigned);
    given(placeSettingsDecider, [assigned]).when({ place: room, type: 'staff', staff }).thenEvents();
    given(placeSettingsDecider, [assigned])
      .when({ place: room, type: 'staff', staff: other })
      .thenEvents(StaffAssignedToRoom({ roomId: 'room-1', ...other, assignedAt: at }));
    const released = StaffReleasedFromRoom({ roomId: 'room-1', staffId: 'staff-1', releasedAt: at });
    given(placeSettingsDecider, [assigned]).when({ place: room, type: 'staff', staff: null }).thenEvents(released);
    given(placeSettingsDecider, [assigned, released]).when({ place: room, type: 'staff', staff: null }).thenEvents();
  });

  test('a desk that is shut calls nobody, and one that holds a patient is not shut', () => {
    const shut = DeskDeactivated({ deskId: 'desk-1', changedAt: at });
    given(placeDecider, []).when({ place: desk, active: false, lastTurn: 0 }).thenEvents(shut);
    given(placeDecider, pasts.AT_CASHIER)
      .when({ place: desk, active: false, lastTurn: 1 })
      .thenRefused('DESK_OCCUPIED');
    given(callDecider, [...pasts.WAITING_CASHIER, shut])
      .when({ visitId, queueId: 'queue-1', place: desk, turn: 1 })
      .thenRefused('DESK_INACTIVE');
  });
});
