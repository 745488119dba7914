import { dataOf, rows, type EventDefinition, type RowHandler } from '#millrace';
import { RoomActivated, RoomDeactivated } from '../domain/events.ts';
import { placeKey } from '../domain/names.ts';

/** A row of `room_states`: a room that somebody activated or deactivated. */
export type RoomStateRow = {
  readonly room_stream: string;
  readonly room_key: string;
  readonly room_id: string;
  readonly active: boolean;
  readonly changed_at: number;
};

function changed(
  definition: EventDefinition<string, { roomId: string; changedAt: string }>,
  active: boolean,
): RowHandler<RoomStateRow> {
  return (_row, event) => {
    const { roomId, changedAt } = dataOf(definition, event);
    return {
      room_stream: event.stream,
      room_key: placeKey(roomId),
      room_id: roomId,
      active,
      changed_at: Date.parse(changedAt),
    };
  };
}

/** One row for each room that was spoken of, keyed by the room's stream. */
export const roomStates = rows<RoomStateRow>({
  table: 'room_states',
  key: 'room_stream',
  columns: { room_stream: 'text', room_key: 'text', room_id: 'text', active: 'boolean', changed_at: 'timestamptz' },
  on: { RoomActivated: changed(RoomActivated, true), RoomDeactivated: changed(RoomDeactivated, false) },
  positionColumn: 'updated_position',
});
