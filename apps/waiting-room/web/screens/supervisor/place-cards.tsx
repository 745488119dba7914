import { clinicWords, named } from '../../language/clinic-words.ts';
import { useWords } from '../../language/language.ts';
import type { PlaceKind } from '../../model/places.ts';
import type { VisitRow } from '../../model/rows.ts';
import { refusalOf } from '../../model/steps.ts';
import type { OccupiedPlace } from '../../model/supervision.ts';
import { hrefOf } from '../../shell/location.ts';
import { StaffButton } from '../../view/staff-button.tsx';
import { StepButton } from '../../view/step-button.tsx';
import { Elapsed } from '../../view/ticking.tsx';
import { supervisorWords } from './words.ts';

interface PlaceCardsProps {
  readonly places: readonly OccupiedPlace[];
  /** Reads the rooms or desks anew. */
  readonly refresh: { readonly [Kind in PlaceKind]: (position: number) => Promise<void> };
}

/** Every room and desk: who works there, who is in it and for how long, and what can be done about that. */
export function PlaceCards({ places, refresh }: PlaceCardsProps) {
  const words = useWords(supervisorWords);
  const shared = useWords(clinicWords);
  return (
    <section class="panel" aria-labelledby="places-title">
      <h2 id="places-title">{words.places}</h2>
      {places.length === 0 && <p class="quietly">{words.noPlaces}</p>}
      <ul class="place-cards">
        {places.map(({ kind, place, visit }) => (
          <li key={`${kind} ${place.id}`} data-place={place.id} data-occupied={visit !== undefined}>
            <h3>{place.name === place.id ? shared[kind](place.name) : place.name}</h3>
            <StaffButton kind={kind} place={place} refresh={refresh[kind]} />
            {visit === undefined ? (
              <p class="quietly">{place.active ? words.free : words.inactive}</p>
            ) : (
              <Inside visit={visit} />
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Only what is possible now: a card is small, and the person may be reached in the room. */
const offered = ['recall', 'undo-call', 'leave'] as const;

function Inside({ visit }: { readonly visit: VisitRow }) {
  const words = useWords(supervisorWords);
  const shared = useWords(clinicWords);
  const { ticket, status } = visit;
  return (
    <>
      <p class="about">
        <a
          class="ticket"
          href={hrefOf(`/visits/${encodeURIComponent(visit.visitId)}`)}
          aria-label={words.history(ticket)}
        >
          {ticket}
        </a>
        <span>{visit.name ?? shared.unnamed}</span>
      </p>
      <p class="quietly">
        {named(shared.statuses, status)} <Elapsed since={visit.statusSince ?? visit.calledAt ?? visit.arrivedAt} />
      </p>
      <div class="actions">
        {offered
          .filter((step) => refusalOf(step, status) === undefined)
          .map((step) => (
            <StepButton
              key={step}
              step={step}
              visit={visit}
              kind={step === 'leave' ? 'danger' : 'plain'}
              confirm={step === 'undo-call'}
            />
          ))}
      </div>
    </>
  );
}
