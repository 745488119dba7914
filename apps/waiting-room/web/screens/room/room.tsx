import { useMemo } from 'preact/hooks';
import { change } from '../../data/act.ts';
import { useWords } from '../../language/language.ts';
import { refusalText } from '../../language/refusal-words.ts';
import { stationWords } from '../../language/station-words.ts';
import type { PlaceRow } from '../../model/places.ts';
import type { QueueRow, VisitRow } from '../../model/rows.ts';
import { queuesOf, samePlace, visitInRoom, visitsWith } from '../../model/selections.ts';
import { shellWords } from '../../shell/shell-words.ts';
import { useSites } from '../../shell/sites.ts';
import { Action } from '../../view/action.tsx';
import { Frame } from '../../view/frame.tsx';
import { LineList } from '../../view/line-list.tsx';
import { PlaceChoice } from '../../view/place-choice.tsx';
import { chosenQueues, QueueFilter } from '../../view/queue-filter.tsx';
import { StaffButton } from '../../view/staff-button.tsx';
import { Station } from '../../view/station.tsx';
import { StepButton } from '../../view/step-button.tsx';
import { useClinic } from '../../view/use-clinic.ts';
import { useKept } from '../../view/use-kept.ts';
import { usePlaces } from '../../view/use-places.ts';
import { roomWords } from './words.ts';

/** A doctor's room: calls who is next, sees and completes. */
export function Room() {
  const words = useWords(shellWords);
  const station = useWords(stationWords);
  const room = useWords(roomWords);
  const { clinic, connection } = useClinic();
  const { siteId } = useSites();
  const [roomId, chooseRoom] = useKept('room');
  const [filter, setFilter] = useKept('room-queues');
  const { places: rooms, refresh } = usePlaces('room', clinic.position);
  const queues = useMemo(() => queuesOf(clinic, siteId), [clinic, siteId]);
  const served = useMemo(() => chosenQueues(queues, filter), [queues, filter]);
  const known = rooms?.find(({ id }) => samePlace(id, roomId));
  const place = known ?? { id: roomId, name: roomId, siteId, staffName: null, active: true, occupied: false };
  const visit = visitInRoom(clinic, roomId);
  const parked = useMemo(
    () => visitsWith(clinic, new Set(served.map(({ queueId }) => queueId)), ['PARKED']),
    [clinic, served],
  );
  return (
    <Frame title={words.screens.room.title} connection={connection} sites class="station-main">
      {roomId === '' ? (
        <PlaceChoice kind="room" places={rooms?.filter((one) => one.siteId === siteId) ?? []} onChoose={chooseRoom} />
      ) : (
        <>
          <div class="station-head">
            <h2>{place.name}</h2>
            <StaffButton kind="room" place={place} refresh={refresh} />
            <button type="button" class="quiet" onClick={() => chooseRoom('')}>
              {station.change.room}
            </button>
            <QueueFilter queues={queues} value={filter} onChange={setFilter} />
          </div>
          <Station
            kind="room"
            place={place}
            clinic={clinic}
            queues={served}
            visit={visit}
            steps={(here) => <Steps visit={here} queues={queues} />}
          >
            <Activation place={place} occupied={visit !== undefined} refresh={refresh} />
          </Station>
          {parked.length > 0 && (
            <LineList
              visits={parked}
              queues={queues}
              title={room.parked}
              action={(one) => <StepButton step="resume" visit={one} />}
            />
          )}
        </>
      )}
    </Frame>
  );
}

function Steps({ visit, queues }: { readonly visit: VisitRow; readonly queues: readonly QueueRow[] }) {
  return (
    <>
      <StepButton
        compact
        step="start"
        visit={visit}
        shortcut="F8"
        kind={visit.status === 'CALLED' ? 'primary' : 'plain'}
      />
      <StepButton
        compact
        step="complete"
        visit={visit}
        shortcut="F9"
        kind={visit.status === 'IN_CONSULTATION' ? 'primary' : 'plain'}
      />
      <StepButton compact step="recall" visit={visit} shortcut="F4" />
      <StepButton compact step="absent-at-consultation" visit={visit} />
      <StepButton compact step="undo-call" visit={visit} />
      <StepButton compact step="park" visit={visit} />
      <StepButton compact step="transfer" visit={visit} queues={queues} />
    </>
  );
}

interface ActivationProps {
  readonly place: PlaceRow;
  readonly occupied: boolean;
  readonly refresh: (position: number) => Promise<void>;
}

/** Whether this room calls. One that holds somebody stays as it is. */
function Activation({ place, occupied, refresh }: ActivationProps) {
  const words = useWords(roomWords);
  const { active, id, name } = place;
  async function switchOver(): Promise<void> {
    const said = () => (active ? words.deactivated(name) : words.activated(name));
    const position = await change(`/api/waiting-room/rooms/${encodeURIComponent(id)}`, { active: !active }, said);
    if (position !== undefined) await refresh(position);
  }
  return (
    <Action
      needs="PUT /api/waiting-room/rooms/:roomId"
      refusal={active && occupied ? refusalText('ROOM_OCCUPIED', '') : undefined}
      onAct={switchOver}
    >
      {active ? words.deactivate : words.activate}
    </Action>
  );
}
