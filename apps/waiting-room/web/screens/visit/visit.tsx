import { clinicWords, named } from '../../language/clinic-words.ts';
import { dayAndTime } from '../../language/format.ts';
import { useWords } from '../../language/language.ts';
import { lastHeardOf, type Clinic } from '../../model/clinic.ts';
import type { PlaceRow } from '../../model/places.ts';
import { samePlace } from '../../model/selections.ts';
import { stepsOf } from '../../model/timeline.ts';
import { hrefOf } from '../../shell/location.ts';
import type { ScreenProps } from '../../shell/screens.ts';
import { shellWords } from '../../shell/shell-words.ts';
import { Frame } from '../../view/frame.tsx';
import { PriorityMark } from '../../view/priority-mark.tsx';
import { useClinic } from '../../view/use-clinic.ts';
import { usePlaces } from '../../view/use-places.ts';
import { PhoneLink } from './phone-link.tsx';
import { Step, type Names } from './step.tsx';
import { Totals } from './totals.tsx';
import { useHistory, type History } from './use-history.ts';
import './visit.css';
import { visitWords } from './words.ts';

/** One visit, from the door to its end. */
export function Visit({ rest: visitId }: ScreenProps) {
  const words = useWords(visitWords);
  const shell = useWords(shellWords);
  const { clinic, connection } = useClinic();
  const names = useNames(clinic);
  // What came live says that there is more to read.
  const { history, unknown, problem } = useHistory(visitId, lastHeardOf(clinic, visitId));
  if (unknown) {
    return (
      <Frame title={words.unknown} class="calm">
        <p>{words.unknownHint}</p>
        <p class="calm-links">
          <a href={hrefOf('/')}>{shell.home}</a>
        </p>
      </Frame>
    );
  }
  const title =
    history === undefined ? shell.screens.visit.title : `${shell.screens.visit.title} ${history.visit.ticket}`;
  return (
    <Frame title={title} connection={connection} class="visit">
      {problem !== undefined && (
        <p class="problem" role="alert">
          {words.failed} {problem}
        </p>
      )}
      {history === undefined ? (
        problem === undefined && <p class="alone">{shell.loading}</p>
      ) : (
        <>
          <div class="visit-side">
            <Facts history={history} queueName={names.queue(history.visit.queueId)} />
            <Totals timeline={history.timeline} />
            <PhoneLink
              visitId={visitId}
              slip={{
                ticket: history.visit.ticket,
                queueName: names.queue(history.visit.queueId),
                at: history.visit.arrivedAt,
              }}
            />
          </div>
          <Timeline history={history} names={names} />
        </>
      )}
    </Frame>
  );
}

interface FactsProps {
  readonly history: History;
  readonly queueName: string;
}

function Facts({ history: { visit, notes }, queueName }: FactsProps) {
  const words = useWords(visitWords);
  const shared = useWords(clinicWords);
  const facts = [
    [words.status, named(shared.statuses, visit.status)],
    [words.queue, queueName],
    [words.consultation, visit.consultationType],
    [words.patientId, visit.patientId],
    [words.arrived, dayAndTime(visit.arrivedAt)],
    ...(notes === null || notes === '' ? [] : [[words.notes, notes] as const]),
  ] as const;
  return (
    <section class="panel" aria-label={visit.ticket}>
      <p class="about">
        <span class="ticket">{visit.ticket}</span>
        <PriorityMark priority={visit.priority} />
        <span class="name">{visit.name ?? shared.unnamed}</span>
      </p>
      <dl class="visit-facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function Timeline({ history: { timeline }, names }: { readonly history: History; readonly names: Names }) {
  const words = useWords(visitWords);
  return (
    <section class="panel" aria-labelledby="timeline-title">
      <h2 id="timeline-title">{words.timeline}</h2>
      <ol class="timeline">
        {stepsOf(timeline).map((step, index) => (
          <Step key={index} step={step} names={names} />
        ))}
      </ol>
    </section>
  );
}

/** What queues, rooms and desks are called; their ids as long as that is not known. */
function useNames(clinic: Clinic): Names {
  const { places: rooms } = usePlaces('room', clinic.position);
  const { places: desks } = usePlaces('desk', clinic.position);
  const nameIn = (places: readonly PlaceRow[] | undefined) => (id: string) =>
    places?.find((place) => samePlace(id, place.id))?.name ?? id;
  return { queue: (id) => clinic.queues.get(id)?.name ?? id, room: nameIn(rooms), desk: nameIn(desks) };
}
