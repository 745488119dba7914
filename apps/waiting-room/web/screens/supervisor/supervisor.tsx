import { useMemo } from 'preact/hooks';
import { useWords } from '../../language/language.ts';
import { queuesOf } from '../../model/selections.ts';
import { alertsOf, missingPlaces, placesWithVisits } from '../../model/supervision.ts';
import { shellWords } from '../../shell/shell-words.ts';
import { useSites } from '../../shell/sites.ts';
import { Frame } from '../../view/frame.tsx';
import { useServerNow } from '../../view/ticking.tsx';
import { useClinic } from '../../view/use-clinic.ts';
import { usePlaces } from '../../view/use-places.ts';
import { Alerts } from './alerts.tsx';
import { ParkedSection } from './parked-section.tsx';
import { PlaceCards } from './place-cards.tsx';
import { QueueTable } from './queue-table.tsx';
import './supervisor.css';
import { WaitingSection } from './waiting-section.tsx';

/** What is read anew for the clock alone: everything else comes by itself. */
const stepMs = 5_000;

/** All of a site on one board. */
export function Supervisor() {
  const words = useWords(shellWords);
  const { clinic, connection } = useClinic();
  const { siteId } = useSites();
  const { places: rooms, refresh: refreshRooms } = usePlaces('room', clinic.position);
  const { places: desks, refresh: refreshDesks } = usePlaces('desk', clinic.position);
  // The order of a long list is not worked out anew every second; the timers in it tick by themselves. Rounded down:
  // nobody has waited longer than they have.
  const now = Math.floor(useServerNow() / stepMs) * stepMs;
  const queues = useMemo(() => queuesOf(clinic, siteId), [clinic, siteId]);
  const visits = useMemo(() => {
    const ids = new Set(queues.map(({ queueId }) => queueId));
    return [...(clinic.visits?.values() ?? [])].filter(({ queueId }) => ids.has(queueId));
  }, [clinic, queues]);
  const alerts = useMemo(
    () => [
      ...missingPlaces('room', rooms, siteId, visits),
      ...missingPlaces('desk', desks, siteId, visits),
      ...alertsOf(queues, visits, now),
    ],
    [rooms, desks, siteId, queues, visits, now],
  );
  const places = useMemo(
    () => [
      ...placesWithVisits('room', rooms ?? [], siteId, visits),
      ...placesWithVisits('desk', desks ?? [], siteId, visits),
    ],
    [rooms, desks, siteId, visits],
  );
  return (
    <Frame title={words.screens.supervisor.title} connection={connection} sites class="supervisor">
      <Alerts alerts={alerts} now={now} />
      <QueueTable queues={queues} />
      <div class="supervisor-columns">
        <div class="supervisor-column">
          <WaitingSection queues={queues} visits={visits} now={now} />
          <ParkedSection queues={queues} visits={visits} />
        </div>
        <PlaceCards places={places} refresh={{ room: refreshRooms, desk: refreshDesks }} />
      </div>
    </Frame>
  );
}
