import type { Catalogue } from '../../language/language.ts';

const en = {
  line: 'Waiting for triage',
  nobody: 'Nobody waits for triage',
  nobodyHint: 'Who checks in to a queue with triage shows up here.',
  howUrgent: 'How urgent is it?',
  record: 'Record and go on',
  next: 'Another patient first',
  only: 'Nobody else waits for triage.',
  take: 'Take',
  takeTicket: (ticket: string) => `Take ${ticket}`,
  hereFor: 'here for',
  current: 'in front of you',
};

const es: typeof en = {
  line: 'Esperan triaje',
  nobody: 'Nadie espera triaje',
  nobodyHint: 'Quien se registra en una cola con triaje aparece aquí.',
  howUrgent: '¿Cuán urgente es?',
  record: 'Registrar y seguir',
  next: 'Otro paciente primero',
  only: 'Nadie más espera triaje.',
  take: 'Tomar',
  takeTicket: (ticket) => `Tomar a ${ticket}`,
  hereFor: 'aquí desde hace',
  current: 'ante usted',
};

export const triageWords: Catalogue<typeof en> = { en, es };
