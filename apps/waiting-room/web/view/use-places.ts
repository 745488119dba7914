import { useEffect, useRef, useState } from 'preact/hooks';
import { loadPlaces } from '../data/places.ts';
import type { PlaceKind, PlaceRow } from '../model/places.ts';

/** Read again no more often than this while things happen. */
const betweenReadsMs = 2_000;

/** The rooms or desks, read anew after something happened; undefined until they are there. */
export function usePlaces(kind: PlaceKind, position: number | undefined): readonly PlaceRow[] | undefined {
  const [places, setPlaces] = useState<readonly PlaceRow[]>();
  const lastAt = useRef(-Infinity);
  const life = useRef<AbortController | undefined>(undefined);
  useEffect(() => {
    const controller = new AbortController();
    life.current = controller;
    return () => controller.abort();
  }, []);
  useEffect(() => {
    if (position === undefined) return undefined;
    const timer = setTimeout(
      () => {
        const signal = life.current?.signal;
        if (signal === undefined) return;
        lastAt.current = performance.now();
        // What was read last stays when it cannot be read now; the next event asks again.
        loadPlaces(kind, position, signal).then(
          (read) => signal.aborted || setPlaces(read),
          () => undefined,
        );
      },
      Math.max(0, lastAt.current + betweenReadsMs - performance.now()),
    );
    // Only what has not begun: events that keep coming must not take every answer away.
    return () => clearTimeout(timer);
  }, [kind, position]);
  return places;
}
