import type { Catalogue } from './language.ts';

/** What the API calls by a word of its own, as people read it. */
const en = {
  priorities: { Urgent: 'Urgent', High: 'High', Medium: 'Medium', Low: 'Low' },
  statuses: {
    WAITING_TRIAGE: 'waits for triage',
    WAITING_CASHIER: 'waits for the cashier',
    AT_CASHIER: 'at the cashier',
    PAYMENT_PENDING: 'payment pending',
    WAITING: 'waits for the consultation',
    CALLED: 'called',
    IN_CONSULTATION: 'in consultation',
    PARKED: 'parked',
    COMPLETED: 'completed',
    NO_SHOW: 'did not come',
    CANCELLED: 'cancelled',
    CANCELLED_BY_PAYMENT: 'given up for payment',
    CANCELLED_BY_ABSENCE: 'given up for absence',
    LEFT: 'left',
  },
  queueStates: { OPEN: 'open', PAUSED: 'paused', CLOSED: 'closed' },
  consultationTypes: ['General', 'Cardiology', 'Oncology', 'Pediatrics', 'Surgery'],
  ticket: 'Ticket',
  room: (name: string) => `Room ${name}`,
  desk: (name: string) => `Desk ${name}`,
  unnamed: 'name not given',
  loading: 'Loading',
  cancel: 'Cancel',
  close: 'Close',
  sameTap: 'Done once: that tap belonged to the one before. Tap again if you mean it again.',
};

const es: typeof en = {
  priorities: { Urgent: 'Urgente', High: 'Alta', Medium: 'Media', Low: 'Baja' },
  statuses: {
    WAITING_TRIAGE: 'espera triaje',
    WAITING_CASHIER: 'espera la caja',
    AT_CASHIER: 'en la caja',
    PAYMENT_PENDING: 'pago pendiente',
    WAITING: 'espera la consulta',
    CALLED: 'llamado',
    IN_CONSULTATION: 'en consulta',
    PARKED: 'en pausa',
    COMPLETED: 'atendido',
    NO_SHOW: 'no se presentó',
    CANCELLED: 'cancelado',
    CANCELLED_BY_PAYMENT: 'anulado por pago',
    CANCELLED_BY_ABSENCE: 'anulado por ausencia',
    LEFT: 'se marchó',
  },
  queueStates: { OPEN: 'abierta', PAUSED: 'en pausa', CLOSED: 'cerrada' },
  consultationTypes: ['General', 'Cardiología', 'Oncología', 'Pediatría', 'Cirugía'],
  ticket: 'Turno',
  room: (name) => `Consultorio ${name}`,
  desk: (name) => `Caja ${name}`,
  unnamed: 'sin nombre',
  loading: 'Cargando',
  cancel: 'Cancelar',
  close: 'Cerrar',
  sameTap: 'Hecho una vez: ese toque era parte del anterior. Toque de nuevo si lo quiere otra vez.',
};

export const clinicWords: Catalogue<typeof en> = { en, es };

/** The word for a name of the API; the name itself when there is none. */
export function named(words: { readonly [name: string]: string }, name: string): string {
  return words[name] ?? name;
}
