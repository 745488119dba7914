import type { PlaceKind, PlaceRow } from '../model/places.ts';
import { fieldsOf, listOf, text, textOrNull } from './json.ts';
import { get } from './rest.ts';

/** The rooms or desks of a clinic, with everything up to a position. Throws RequestFailure. */
export async function loadPlaces(kind: PlaceKind, position: number, signal: AbortSignal): Promise<readonly PlaceRow[]> {
  const { body } = await get(`/api/waiting-room/${kind}s?minPosition=${position}`, signal);
  return listOf(body)
    .map(fieldsOf)
    .map((place) => {
      const id = text(place[`${kind}Id`]);
      return {
        id,
        name: text(place[`${kind}Name`]) || id,
        siteId: text(place['siteId']) || 'main',
        staffName: textOrNull(place['staffName']),
        active: place['active'] !== false,
        occupied: place['occupied'] === true,
      };
    });
}
