import type { Catalogue } from '../../language/language.ts';

const en = {
  nowCalled: 'Now called',
  next: 'Next',
  nobody: 'Nobody is called just now',
  loading: 'One moment',
  soundOn: 'Turn sound on',
  goTo: (ticket: string, place: string) => `${ticket} → ${place}`,
  spoken: (ticket: string, place: string) => `Ticket ${ticket}. Please go to ${place}.`,
  stale: (age: string) => `No connection. What you see is ${age} old.`,
};

const es: typeof en = {
  nowCalled: 'Llamados ahora',
  next: 'Siguientes',
  nobody: 'Nadie es llamado en este momento',
  loading: 'Un momento',
  soundOn: 'Activar el sonido',
  goTo: (ticket, place) => `${ticket} → ${place}`,
  spoken: (ticket, place) => `Turno ${ticket}. Por favor, pase a ${place}.`,
  stale: (age) => `Sin conexión. Lo que ve es de hace ${age}.`,
};

export const displayWords: Catalogue<typeof en> = { en, es };
