import type { Catalogue } from '../../language/language.ts';

const en = {
  loading: 'One moment',
  yourTicket: 'Your ticket',
  unknown: 'There is no visit behind this link',
  unknownHint: 'It may be over for long, or the link is not whole. The reception helps you.',
  goTo: (place: string) => `Go to ${place}`,
  goSomewhere: 'You are called. Ask at the reception where to go.',
  again: 'You are called once more',
  place: 'Your place in the line',
  estimate: 'Until you are called',
  between: (from: string, to: string) => `${from}–${to} minutes`,
  isUnknown: 'unknown',
  because: {
    NO_ROOM_OPEN: 'No room is seeing patients of this queue just now.',
    NO_HISTORY: 'Nobody has been seen yet, so it cannot be told.',
  },
  advice: {
    go: 'You are called',
    inside: 'You are being seen',
    pay: 'Your payment is not complete. Please go back to the desk.',
    wait: 'Please wait. You are called here and on the display.',
    triage: 'Please wait for the nurse. You are called here and on the display.',
    cashier: 'Please wait for the cashier. You are called here and on the display.',
    parked: 'Your turn is on hold. The staff will put you back in line.',
    missed: 'You were called and did not come. Please go to the reception.',
    ended: 'Your visit is over. Thank you, and get well.',
    over: 'This visit has ended. With questions, please go to the reception.',
  },
  keepOpen: 'Keep this page open: it changes by itself.',
  done: 'Nothing changes here any more. You can close this page.',
};

const es: typeof en = {
  loading: 'Un momento',
  yourTicket: 'Su turno',
  unknown: 'No hay ninguna visita en este enlace',
  unknownHint: 'Quizá terminó hace tiempo, o el enlace no está completo. En la recepción le ayudan.',
  goTo: (place) => `Pase a ${place}`,
  goSomewhere: 'Se le llama. Pregunte en la recepción adónde ir.',
  again: 'Se le llama otra vez',
  place: 'Su lugar en la cola',
  estimate: 'Hasta que se le llame',
  between: (from, to) => `${from}–${to} minutos`,
  isUnknown: 'no se sabe',
  because: {
    NO_ROOM_OPEN: 'Ningún consultorio atiende esta cola en este momento.',
    NO_HISTORY: 'Aún no se ha atendido a nadie, así que no se puede saber.',
  },
  advice: {
    go: 'Se le llama',
    inside: 'Se le está atendiendo',
    pay: 'Su pago no está completo. Por favor, vuelva a la caja.',
    wait: 'Por favor, espere. Se le llama aquí y en la pantalla.',
    triage: 'Por favor, espere a enfermería. Se le llama aquí y en la pantalla.',
    cashier: 'Por favor, espere a la caja. Se le llama aquí y en la pantalla.',
    parked: 'Su turno está en pausa. El personal le devolverá a la cola.',
    missed: 'Se le llamó y no acudió. Por favor, vaya a la recepción.',
    ended: 'Su visita terminó. Gracias, y que se mejore.',
    over: 'Esta visita terminó. Si tiene preguntas, vaya a la recepción.',
  },
  keepOpen: 'Deje esta página abierta: cambia sola.',
  done: 'Aquí ya no cambia nada. Puede cerrar esta página.',
};

export const phoneWords: Catalogue<typeof en> = { en, es };
