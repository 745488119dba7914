import { given } from '#millrace/testing';
import { describe, test } from 'vitest';
import { CallMissed } from './call.ts';
import { ConsultationCompleted, momentOf, RoomActivated, RoomDeactivated } from './events.ts';
import { about, hasBeenCalled, now } from './john-doe.ts';
import { placeDecider } from './room.ts';

const place = { kind: 'room', id: 'room-1' } as const;
const changedAt = momentOf(now);
const activated = RoomActivated({ roomId: 'room-1', changedAt });
const deactivated = RoomDeactivated({ roomId: 'room-1', changedAt });
const hasLeft = ConsultationCompleted({ ...about, roomId: 'room-1', turn: 1, completedAt: changedAt });
const shut = (lastTurn: number) => ({ place, active: false, lastTurn });
const open = { place, active: true, lastTurn: 0 };

describe('a room', () => {
  test('is deactivated before it ever called, and after its last patient left', () => {
    given(placeDecider, []).when(shut(0)).thenEvents(deactivated);
    given(placeDecider, [hasBeenCalled, hasLeft]).when(shut(1)).thenEvents(deactivated);
  });

  test('that holds a patient stays active', () => {
    given(placeDecider, [activated, hasBeenCalled]).when(shut(1)).thenRefused('ROOM_OCCUPIED');
  });

  test('is not deactivated on a guess: a call that the caller did not know of counts', () => {
    given(placeDecider, [hasBeenCalled]).when(shut(0)).thenThrows(CallMissed);
    given(placeDecider, []).when(shut(3)).thenThrows(CallMissed);
  });

  test('is activated again', () => {
    given(placeDecider, [deactivated]).when(open).thenEvents(activated);
  });

  test('that is active or not active already has nothing to store', () => {
    given(placeDecider, [activated]).when(open).thenEvents();
    given(placeDecider, [deactivated, hasBeenCalled]).when(shut(1)).thenEvents();
  });
});
