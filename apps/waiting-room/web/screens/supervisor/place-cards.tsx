import { clinicWords, named } from '../../language/clinic-words.ts';
import { useWords } from '../../language/language.ts';
import type { OccupiedPlace } from '../../model/supervision.ts';
import { StepButton } from '../../view/step-button.tsx';
import { Elapsed } from '../../view/ticking.tsx';
import { supervisorWords } from './words.ts';

/** Every room and desk with who is in it, for how long, and the call once more. */
export function PlaceCards({ places }: { readonly places: readonly OccupiedPlace[] }) {
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
            {place.staffName !== null && <p class="quietly">{place.staffName}</p>}
            {visit === undefined ? (
              <p class="quietly">{place.active ? words.free : words.inactive}</p>
            ) : (
              <>
                <p class="about">
                  <span class="ticket">{visit.ticket}</span>
                  <span>{visit.name ?? shared.unnamed}</span>
                </p>
                <p class="quietly">
                  {named(shared.statuses, visit.status)}{' '}
                  <Elapsed since={visit.statusSince ?? visit.calledAt ?? visit.arrivedAt} />
                </p>
                {(visit.status === 'CALLED' || visit.status === 'AT_CASHIER') && (
                  <StepButton step="recall" visit={visit} />
                )}
              </>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
