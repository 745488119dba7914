import type { Catalogue } from '../../language/language.ts';

const en = {
  noCalls: 'Nobody is called at the moment',
  noCallsHint: 'Your ticket appears here, with the room to go to.',
  calledNow: 'Now',
  others: 'Called before',
  next: 'Next',
  goTo: { room: (name: string) => `Room ${name}`, desk: (name: string) => `Desk ${name}` },
  spoken: (ticket: string, place: string) => `Ticket ${ticket}. Please go to ${place}.`,
  caption: (ticket: string, place: string) => `${ticket}: please go to ${place}`,
  inside: 'inside',
  soundOn: 'Turn the sound on',
  soundOff: 'Turn the sound off',
  soundBlocked: 'The browser keeps this display silent.',
  noLink: (age: string) => `No connection. This was so ${age} ago; please ask at the desk.`,
  unknownSite: 'There is no such site',
  unknownSiteHint: 'The address of this display names a site that the clinic does not have.',
};

const es: typeof en = {
  noCalls: 'No se llama a nadie en este momento',
  noCallsHint: 'Su turno aparece aquí, con el consultorio al que debe ir.',
  calledNow: 'Ahora',
  others: 'Llamados antes',
  next: 'Siguientes',
  goTo: { room: (name) => `Consultorio ${name}`, desk: (name) => `Caja ${name}` },
  spoken: (ticket, place) => `Turno ${ticket}. Pase a ${place}.`,
  caption: (ticket, place) => `${ticket}: pase a ${place}`,
  inside: 'dentro',
  soundOn: 'Activar el sonido',
  soundOff: 'Quitar el sonido',
  soundBlocked: 'El navegador tiene esta pantalla en silencio.',
  noLink: (age) => `Sin conexión. Así estaba hace ${age}; pregunte en recepción.`,
  unknownSite: 'No existe esa sede',
  unknownSiteHint: 'La dirección de esta pantalla nombra una sede que la clínica no tiene.',
};

export const displayWords: Catalogue<typeof en> = { en, es };

/** A place by its name; a name that says what it is already stays alone. */
export function placeName(words: (typeof displayWords)['en'], kind: 'room' | 'desk', name: string): string {
  return /^[\p{L}]{3,}/u.test(name) ? name : words.goTo[kind](name);
}
