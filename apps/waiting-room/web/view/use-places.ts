import { useEffect, useRef, useState } from 'preact/hooks';
import { loadPlaces } from '../data/places.ts';
import type { PlaceKind, PlaceRow } from '../model/places.ts';

/** Read again no more often than this while things happen. */
const betweenReadsMs = 2_000;

/** The rooms or desks, read anew after something happened; undefined until they are there. */
export function usePlaces(kind: PlaceKind, position: number | undefined): readonly PlaceRow[] | undefined {
  const [places, setPlaces] = useState<readonly PlaceRow[]>();
  const lastAt = useRef(-Infinity);
  useEffect(() => {
    if (position === undefined) return undefined;
    const current = new AbortController();
    const timer = setTimeout(
      () => {
        lastAt.current = performance.now();
        // What was read last stays when it cannot be read now; the next event asks again.
        loadPlaces(kind, position, current.signal).then(
          (read) => current.signal.aborted || setPlaces(read),
          () => undefined,
        );
      },
      Math.max(0, lastAt.current + betweenReadsMs - performance.now()),
    );
    return () => {
      clearTimeout(timer);
      current.abort();
    };
  }, [kind, position]);
  return places;
}
