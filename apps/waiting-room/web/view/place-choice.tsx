import { useState } from 'preact/hooks';
import { useWords } from '../language/language.ts';
import { stationWords } from '../language/station-words.ts';
import type { PlaceKind, PlaceRow } from '../model/places.ts';

interface PlaceChoiceProps {
  readonly kind: PlaceKind;
  /** Those of the site. */
  readonly places: readonly PlaceRow[];
  readonly onChoose: (placeId: string) => void;
}

/** Asks once where this browser stands. A place that is not in the list comes to be with its first call. */
export function PlaceChoice({ kind, places, onChoose }: PlaceChoiceProps) {
  const words = useWords(stationWords);
  const [id, setId] = useState('');
  return (
    <section class="panel place-choice" aria-labelledby="place-choice-title">
      <h2 id="place-choice-title">{words.which[kind]}</h2>
      <p class="quietly">{words.whichHint}</p>
      {places.length > 0 && (
        <ul class="places" aria-label={words.known[kind]}>
          {places.map((place) => (
            <li key={place.id}>
              <button type="button" data-place={place.id} onClick={() => onChoose(place.id)}>
                <strong>{place.name}</strong>
                <span class="quietly">
                  {[place.staffName, place.active ? null : words.inactive, place.occupied ? words.occupied : null]
                    .filter((told) => told !== null)
                    .join(', ')}
                </span>
              </button>
            </li>
          ))}
        </ul>
      )}
      <form
        class="place-other"
        onSubmit={(event) => {
          event.preventDefault();
          onChoose(id);
        }}
      >
        <label class="field">
          <span>{words.other[kind]}</span>
          <input
            name="placeId"
            required
            maxLength={40}
            pattern="[A-Za-z0-9._\-]+"
            title={words.idHint}
            autoComplete="off"
            value={id}
            onInput={(event) => setId(event.currentTarget.value)}
          />
        </label>
        <button type="submit" class="primary">
          {words.choose}
        </button>
      </form>
    </section>
  );
}
