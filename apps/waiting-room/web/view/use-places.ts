import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { loadPlaces } from '../data/places.ts';
import type { PlaceKind, PlaceRow } from '../model/places.ts';

/** Read again no more often than this while things happen. */
const betweenReadsMs = 2_000;

export interface Places {
  /** Undefined until they are there. */
  readonly places: readonly PlaceRow[] | undefined;
  /** Reads them at once, with everything up to a position: what changed a place does not show in the live data. */
  readonly refresh: (position: number) => Promise<void>;
}

/** The rooms or desks, read anew after something happened. */
export function usePlaces(kind: PlaceKind, position: number | undefined): Places {
  const [places, setPlaces] = useState<readonly PlaceRow[]>();
  const lastAt = useRef(-Infinity);
  const life = useRef<AbortController | undefined>(undefined);
  useEffect(() => {
    const controller = new AbortController();
    life.current = controller;
    return () => controller.abort();
  }, []);

  const refresh = useCallback(
    async (upTo: number): Promise<void> => {
      const signal = life.current?.signal;
      if (signal === undefined) return;
      lastAt.current = performance.now();
      try {
        const read = await loadPlaces(kind, upTo, signal);
        if (!signal.aborted) setPlaces(read);
      } catch {
        // What was read last stays when it cannot be read now; the next event asks again.
      }
    },
    [kind],
  );

  useEffect(() => {
    if (position === undefined) return undefined;
    const wait = Math.max(0, lastAt.current + betweenReadsMs - performance.now());
    const timer = setTimeout(() => void refresh(position), wait);
    // Only what has not begun: events that keep coming must not take every answer away.
    return () => clearTimeout(timer);
  }, [refresh, position]);
  return { places, refresh };
}
