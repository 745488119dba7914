import { useEffect, useReducer } from 'preact/hooks';

/** Where the reader is. The address says it all, so that a link can be sent to somebody else. */
export interface Place {
  readonly path: string;
  readonly query: URLSearchParams;
}

const listeners = new Set<() => void>();
let visits = 0;

export function currentPlace(): Place {
  return { path: location.pathname, query: new URLSearchParams(location.search) };
}

/** Whether the reader has walked on from the page that was loaded: then the keyboard goes to the new heading. */
export function hasWalked(): boolean {
  return visits > 0;
}

/** The address of a screen, with the site that the reader works in. */
export function hrefOf(path: string): string {
  const site = currentPlace().query.get('site');
  return site === null ? path : `${path}?${new URLSearchParams({ site })}`;
}

/** Goes to another screen without loading the page anew. */
export function navigate(href: string): void {
  history.pushState(null, '', href);
  visits++;
  scrollTo(0, 0);
  tell();
}

/** Changes one part of the query where the reader is. */
export function changeQuery(name: string, value: string): void {
  const { path, query } = currentPlace();
  query.set(name, value);
  history.replaceState(null, '', `${path}?${query}`);
  tell();
}

function tell(): void {
  for (const listener of listeners) listener();
}

/** Takes over the links to screens, and the browser's way back. */
export function followLinks(isScreen: (path: string) => boolean): void {
  addEventListener('popstate', () => {
    visits++;
    tell();
  });
  document.addEventListener('click', (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    if (link === null || link.target !== '' || link.origin !== location.origin || !isScreen(link.pathname)) return;
    // Within the page the browser goes itself.
    if (link.pathname === location.pathname && link.hash !== '') return;
    event.preventDefault();
    navigate(`${link.pathname}${link.search}`);
  });
}

export function usePlace(): Place {
  const [, redraw] = useReducer<number, undefined>((times) => times + 1, 0);
  useEffect(() => {
    const listener = () => redraw(undefined);
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
    };
  }, []);
  return currentPlace();
}
