import type { Catalogue } from './language.ts';

const en = {
  yourTicket: 'Your ticket',
  scan: 'Scan the code: your phone shows your place in the line and where you are called.',
  codeOf: (ticket: string) => `Code of the page of ticket ${ticket}`,
};

const es: typeof en = {
  yourTicket: 'Su turno',
  scan: 'Escanee el código: su teléfono muestra su lugar en la cola y adónde se le llama.',
  codeOf: (ticket) => `Código de la página del turno ${ticket}`,
};

export const slipWords: Catalogue<typeof en> = { en, es };
