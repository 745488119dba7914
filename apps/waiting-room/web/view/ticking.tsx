import { useEffect, useState } from 'preact/hooks';
import { serverOffsetMs } from '../data/rest.ts';
import { clock } from '../language/format.ts';

const listeners = new Set<() => void>();
let timer = 0;

/** One timer for everything on the page that shows how time goes by; none while nobody sees it. */
function tick(): void {
  clearTimeout(timer);
  if (document.hidden || listeners.size === 0) return;
  timer = setTimeout(
    () => {
      for (const listener of listeners) listener();
      tick();
    },
    1_000 - (Date.now() % 1_000),
  );
}

document.addEventListener('visibilitychange', () => {
  for (const listener of listeners) listener();
  tick();
});

/** The browser's clock, in milliseconds since 1970, anew every second. */
export function useNow(): number {
  const [, setNow] = useState(0);
  useEffect(() => {
    const listener = () => setNow(Date.now());
    listeners.add(listener);
    if (listeners.size === 1) tick();
    return () => {
      listeners.delete(listener);
    };
  }, []);
  return Date.now();
}

/** The server's clock, by which moments are told. */
export function useServerNow(): number {
  return useNow() + serverOffsetMs();
}

/** Counts up from a moment of the server's clock. */
export function Elapsed({ since }: { readonly since: number }) {
  const now = useServerNow();
  return (
    <time class="elapsed" dateTime={new Date(since).toISOString()}>
      {clock(now - since)}
    </time>
  );
}
