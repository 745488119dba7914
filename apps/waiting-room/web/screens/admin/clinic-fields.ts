import { number, numberOrNull } from '../../data/json.ts';
import { newKey, send } from '../../data/rest.ts';
import { useWords } from '../../language/language.ts';
import { useSites } from '../../shell/sites.ts';
import type { Field } from './form-fields.ts';
import { adminWords } from './words.ts';

const idPattern = String.raw`[A-Za-z0-9._\-]+`;

/** Saves by PUT; answers the position from which on the lists show it. */
export async function put(path: string, body: object): Promise<number> {
  return number((await send('PUT', `/api/waiting-room/${path}`, body, newKey()))['position']);
}

/** The id that something has for good. */
export function useIdField(name: string, maxLength: number) {
  const words = useWords(adminWords);
  return (fixed: boolean): Field => ({
    name,
    label: words.id,
    kind: 'text',
    required: true,
    fixed,
    pattern: idPattern,
    maxLength,
    ...(fixed ? {} : { hint: words.idHint }),
  });
}

/** The site something belongs to, and the choice of it. */
export function useSiteField() {
  const words = useWords(adminWords);
  const { sites, siteId } = useSites();
  const names = new Map(sites.map((site) => [site.siteId, site.name]));
  const field: Field = {
    name: 'siteId',
    label: words.site,
    kind: 'choice',
    options: sites.map((site) => [site.siteId, site.name]),
  };
  return { field, current: siteId, nameOf: (id: string) => names.get(id) ?? id };
}

/** A number as a field holds it; empty for none. */
export function shownNumber(value: unknown): string {
  const read = numberOrNull(value);
  return read === null ? '' : String(read);
}
