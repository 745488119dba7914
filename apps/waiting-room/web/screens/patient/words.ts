import type { Catalogue } from '../../language/language.ts';
import type { VisitPage } from '../../model/visit-page.ts';

const en = {
  title: 'Your visit',
  yourTicket: 'Your ticket',
  wait: 'Please wait',
  waitHint: 'This page shows it when you are called. You may keep it open.',
  next: 'You are next',
  nextHint: 'Please stay close by.',
  go: { room: (name: string) => `Go to Room ${name}`, desk: (name: string) => `Go to Desk ${name}` },
  goNamed: (name: string) => `Go to ${name}`,
  goHint: 'You are called now. Show your ticket there.',
  inside: 'You are being seen',
  insideHint: 'This page goes on when you come out.',
  parked: 'Please wait for your result',
  parkedHint: 'Your place is kept. The staff calls you again.',
  absent: 'You were called and did not come',
  absentHint: 'Are you here? Please tell the reception: you may get back in line today.',
  ended: { COMPLETED: 'Your visit is over', other: 'This visit has ended' },
  endedHint: {
    COMPLETED: 'Thank you for coming. Get well soon.',
    other: 'If that is a mistake, please ask at the reception.',
  },
  place: 'Your place in line',
  estimate: 'Expected wait',
  about: (from: string, to: string) => `${from} to ${to} min`,
  unknown: 'Not known',
  because: {
    NO_ROOM_OPEN: 'No room is seeing patients of your line at the moment.',
    NO_HISTORY: 'Nobody of your line has been seen yet, so we cannot say.',
  },
  here: 'You came at',
  tellMe: 'Tell me when it is my turn',
  told: 'Your phone tells you when it is your turn.',
  refused: 'Your phone does not allow messages here. Please keep this page open.',
  live: 'Up to date',
  lost: (age: string) => `No connection. This was so ${age} ago; the page tries again by itself.`,
  unknownTitle: 'We do not know this link',
  unknownHint: 'The visit was over some time ago, or the link is not complete. Please ask at the reception.',
  tryAgain: 'Try again',
};

const es: typeof en = {
  title: 'Su visita',
  yourTicket: 'Su turno',
  wait: 'Espere, por favor',
  waitHint: 'Esta página le muestra cuándo le llaman. Puede dejarla abierta.',
  next: 'Usted es el siguiente',
  nextHint: 'Quédese cerca, por favor.',
  go: { room: (name) => `Pase al Consultorio ${name}`, desk: (name) => `Pase a la Caja ${name}` },
  goNamed: (name) => `Pase a ${name}`,
  goHint: 'Le llaman ahora. Muestre allí su turno.',
  inside: 'Le están atendiendo',
  insideHint: 'Esta página sigue cuando usted salga.',
  parked: 'Espere su resultado, por favor',
  parkedHint: 'Su lugar está guardado. El personal le llama otra vez.',
  absent: 'Le llamaron y no se presentó',
  absentHint: '¿Está aquí? Avise en recepción: hoy todavía puede volver a la cola.',
  ended: { COMPLETED: 'Su visita terminó', other: 'Esta visita terminó' },
  endedHint: { COMPLETED: 'Gracias por venir. Que se mejore.', other: 'Si es un error, pregunte en recepción.' },
  place: 'Su lugar en la cola',
  estimate: 'Espera prevista',
  about: (from, to) => `de ${from} a ${to} min`,
  unknown: 'No se sabe',
  because: {
    NO_ROOM_OPEN: 'Ningún consultorio atiende su cola en este momento.',
    NO_HISTORY: 'Aún no se ha atendido a nadie de su cola, así que no podemos decirlo.',
  },
  here: 'Usted llegó a las',
  tellMe: 'Avisarme cuando sea mi turno',
  told: 'Su teléfono le avisa cuando sea su turno.',
  refused: 'Su teléfono no permite avisos aquí. Deje esta página abierta.',
  live: 'Al día',
  lost: (age) => `Sin conexión. Así estaba hace ${age}; la página lo intenta sola.`,
  unknownTitle: 'No conocemos este enlace',
  unknownHint: 'La visita terminó hace tiempo o el enlace no está completo. Pregunte en recepción.',
  tryAgain: 'Intentar otra vez',
};

export const patientWords: Catalogue<typeof en> = { en, es };

/** Where to go, in words; a place whose name says what it is needs no more. */
export function goText(words: (typeof patientWords)['en'], { destination }: Pick<VisitPage, 'destination'>): string {
  if (destination === null) return words.next;
  const { kind, name } = destination;
  return /^\p{L}{3,}/u.test(name) ? words.goNamed(name) : words.go[kind](name);
}
