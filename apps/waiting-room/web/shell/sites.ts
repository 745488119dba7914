import { useEffect, useReducer } from 'preact/hooks';
import { fieldsOf, listOf, text } from '../data/json.ts';
import { get } from '../data/rest.ts';
import { changeQuery, usePlace } from './location.ts';

export interface Site {
  readonly siteId: string;
  readonly name: string;
}

const main: Site = { siteId: 'main', name: 'main' };
/** Remembered for the next time that an address names no site. */
const kept = 'millrace-site';

const listeners = new Set<() => void>();
let sites: readonly Site[] = [];
let asked = false;

/** Reads the sites anew, as somebody has changed them here. */
export function refreshSites(): void {
  void load();
}

/** The names of the sites are for everybody; a server that knows of none has one. */
async function load(): Promise<void> {
  asked = true;
  try {
    const { body } = await get('/api/public/sites');
    sites = listOf(body)
      .map(fieldsOf)
      .map((site) => ({ siteId: text(site['siteId']), name: text(site['siteName']) || text(site['siteId']) }));
  } catch {
    asked = false;
  }
  for (const listener of listeners) listener();
}

/** The sites, and the one that the reader works in: of the address, else the last one chosen, else the first. */
export function useSites(): { readonly sites: readonly Site[]; readonly siteId: string } {
  const [, redraw] = useReducer<number, undefined>((times) => times + 1, 0);
  const { query } = usePlace();
  useEffect(() => {
    const listener = () => redraw(undefined);
    listeners.add(listener);
    if (!asked) void load();
    return () => {
      listeners.delete(listener);
    };
  }, []);
  const wanted = query.get('site') ?? localStorage.getItem(kept);
  const known = sites.length === 0 ? [main] : sites;
  // An address may name a site before the list is there.
  const fromAddress = sites.length === 0 ? query.get('site') : null;
  return {
    sites: known,
    siteId: fromAddress ?? known.find(({ siteId }) => siteId === wanted)?.siteId ?? known[0]?.siteId ?? main.siteId,
  };
}

export function chooseSite(siteId: string): void {
  localStorage.setItem(kept, siteId);
  changeQuery('site', siteId);
}
