import { dataOf, rows, type RowHandler, type StoredEvent } from '#millrace';
import {
  DeskActivated,
  DeskConfigured,
  DeskDeactivated,
  RoomActivated,
  RoomConfigured,
  RoomDeactivated,
  StaffAssignedToDesk,
  StaffAssignedToRoom,
  StaffReleasedFromDesk,
  StaffReleasedFromRoom,
} from '../domain/events.ts';
import { placeKey } from '../domain/names.ts';

/** A row of `places`: a room or desk that somebody named, activated, deactivated or works in. */
export type PlaceRow = {
  readonly place_stream: string;
  readonly kind: 'room' | 'desk';
  readonly place_key: string;
  readonly place_id: string;
  readonly place_name: string | null;
  readonly site_id: string | null;
  readonly active: boolean;
  readonly staff_id: string | null;
  readonly staff_name: string | null;
};

type Change = Partial<PlaceRow>;

function changes(
  of: (event: StoredEvent) => { readonly roomId?: string; readonly deskId?: string },
  change: (event: StoredEvent) => Change,
): RowHandler<PlaceRow> {
  return (row, event) => {
    const { roomId, deskId } = of(event);
    const id = roomId ?? deskId ?? '';
    const before: PlaceRow = row ?? {
      ...{ place_stream: event.stream, kind: roomId === undefined ? 'desk' : 'room', place_key: placeKey(id) },
      ...{ place_id: id, place_name: null, site_id: null, active: true, staff_id: null, staff_name: null },
    };
    return { ...before, place_id: id, ...change(event) };
  };
}

const nobody = { staff_id: null, staff_name: null };
const staffed = ({ staffId, staffName }: { readonly staffId: string; readonly staffName: string }): Change => ({
  staff_id: staffId,
  staff_name: staffName,
});

/** One row for each room and desk that was spoken of, keyed by its stream. */
export const places = rows<PlaceRow>({
  table: 'places',
  key: 'place_stream',
  columns: {
    place_stream: 'text',
    kind: 'text',
    place_key: 'text',
    place_id: 'text',
    place_name: 'text',
    site_id: 'text',
    active: 'boolean',
    staff_id: 'text',
    staff_name: 'text',
  },
  on: {
    RoomActivated: changes(
      (event) => dataOf(RoomActivated, event),
      () => ({ active: true }),
    ),
    RoomDeactivated: changes(
      (event) => dataOf(RoomDeactivated, event),
      () => ({ active: false }),
    ),
    DeskActivated: changes(
      (event) => dataOf(DeskActivated, event),
      () => ({ active: true }),
    ),
    DeskDeactivated: changes(
      (event) => dataOf(DeskDeactivated, event),
      () => ({ active: false }),
    ),
    RoomConfigured: changes(
      (event) => dataOf(RoomConfigured, event),
      (event) => {
        const { roomName, siteId } = dataOf(RoomConfigured, event);
        return { place_name: roomName, site_id: siteId };
      },
    ),
    DeskConfigured: changes(
      (event) => dataOf(DeskConfigured, event),
      (event) => {
        const { deskName, siteId } = dataOf(DeskConfigured, event);
        return { place_name: deskName, site_id: siteId };
      },
    ),
    StaffAssignedToRoom: changes(
      (event) => dataOf(StaffAssignedToRoom, event),
      (event) => staffed(dataOf(StaffAssignedToRoom, event)),
    ),
    StaffAssignedToDesk: changes(
      (event) => dataOf(StaffAssignedToDesk, event),
      (event) => staffed(dataOf(StaffAssignedToDesk, event)),
    ),
    StaffReleasedFromRoom: changes(
      (event) => dataOf(StaffReleasedFromRoom, event),
      () => nobody,
    ),
    StaffReleasedFromDesk: changes(
      (event) => dataOf(StaffReleasedFromDesk, event),
      () => nobody,
    ),
  },
  positionColumn: 'updated_position',
});
