import type { Step } from '../model/steps.ts';
import type { Catalogue } from './language.ts';

interface StepWords {
  /** On the button. */
  readonly name: string;
  /** What is said when it was done. */
  readonly done: (ticket: string) => string;
}

interface Words {
  readonly steps: { readonly [Name in Step]: StepWords };
  readonly reason: string;
  readonly reasonHint: string;
  readonly cancelReasons: readonly string[];
  readonly waiveReasons: readonly string[];
  readonly priorityReasons: readonly string[];
  readonly priority: string;
  readonly toQueue: string;
  readonly of: (step: string, ticket: string) => string;
  readonly noOtherQueue: string;
  /** The question before steps that need nothing more. */
  readonly asks: { readonly leave: string; readonly 'undo-call': string; readonly other: string };
}

const en: Words = {
  steps: {
    'record-triage': { name: 'Record triage', done: (ticket) => `Triage of ${ticket} is recorded.` },
    'change-priority': { name: 'Change priority', done: (ticket) => `${ticket} has another priority.` },
    'validate-payment': { name: 'Paid', done: (ticket) => `${ticket} has paid.` },
    'payment-pending': { name: 'Payment failed', done: (ticket) => `The payment of ${ticket} is pending.` },
    'waive-payment': { name: 'Waive payment', done: (ticket) => `${ticket} need not pay.` },
    'cancel-by-payment': { name: 'Give up for payment', done: (ticket) => `${ticket} was given up for payment.` },
    'absent-at-cashier': { name: 'Did not come', done: (ticket) => `${ticket} did not come to the desk.` },
    start: { name: 'Start consultation', done: (ticket) => `The consultation of ${ticket} has begun.` },
    complete: { name: 'Complete', done: (ticket) => `${ticket} is completed.` },
    'absent-at-consultation': { name: 'Did not come', done: (ticket) => `${ticket} did not come to the room.` },
    recall: { name: 'Call again', done: (ticket) => `${ticket} was called again.` },
    'undo-call': { name: 'Undo the call', done: (ticket) => `${ticket} has the old place again.` },
    park: { name: 'Park', done: (ticket) => `${ticket} is parked.` },
    resume: { name: 'Back in line', done: (ticket) => `${ticket} stands in line again.` },
    return: { name: 'Is here again', done: (ticket) => `${ticket} waits again.` },
    transfer: { name: 'Send to another queue', done: (ticket) => `${ticket} was sent on.` },
    leave: { name: 'Has left', done: (ticket) => `${ticket} has left.` },
    cancel: { name: 'Cancel the visit', done: (ticket) => `The visit of ${ticket} is cancelled.` },
  },
  reason: 'Reason',
  reasonHint: 'It is kept with the visit.',
  cancelReasons: ['Asked by the patient', 'Checked in by mistake', 'Comes on another day'],
  waiveReasons: ['Insurance covers it', 'Emergency', 'Follow-up visit'],
  priorityReasons: ['Feels worse', 'Feels better', 'Judged anew'],
  priority: 'Priority',
  toQueue: 'To which queue',
  of: (step, ticket) => `${step}: ${ticket}`,
  noOtherQueue: 'There is no other queue.',
  asks: {
    leave: 'The patient went away without being seen. The visit ends, and the room or desk is free.',
    'undo-call': 'The call was a mistake: the patient gets the old place in line back, and the room or desk is free.',
    other: 'Is that right?',
  },
};

const es: Words = {
  steps: {
    'record-triage': { name: 'Registrar triaje', done: (ticket) => `El triaje de ${ticket} está registrado.` },
    'change-priority': { name: 'Cambiar prioridad', done: (ticket) => `${ticket} tiene otra prioridad.` },
    'validate-payment': { name: 'Pagó', done: (ticket) => `${ticket} pagó.` },
    'payment-pending': { name: 'Pago fallido', done: (ticket) => `El pago de ${ticket} está pendiente.` },
    'waive-payment': { name: 'Eximir del pago', done: (ticket) => `${ticket} no tiene que pagar.` },
    'cancel-by-payment': { name: 'Anular por pago', done: (ticket) => `${ticket} fue anulado por falta de pago.` },
    'absent-at-cashier': { name: 'No se presentó', done: (ticket) => `${ticket} no se presentó en la caja.` },
    start: { name: 'Comenzar consulta', done: (ticket) => `La consulta de ${ticket} comenzó.` },
    complete: { name: 'Terminar', done: (ticket) => `${ticket} está atendido.` },
    'absent-at-consultation': {
      name: 'No se presentó',
      done: (ticket) => `${ticket} no se presentó en el consultorio.`,
    },
    recall: { name: 'Llamar otra vez', done: (ticket) => `${ticket} fue llamado otra vez.` },
    'undo-call': { name: 'Deshacer la llamada', done: (ticket) => `${ticket} tiene su lugar de antes.` },
    park: { name: 'Poner en pausa', done: (ticket) => `${ticket} está en pausa.` },
    resume: { name: 'De vuelta a la cola', done: (ticket) => `${ticket} está otra vez en la cola.` },
    return: { name: 'Está aquí de nuevo', done: (ticket) => `${ticket} espera otra vez.` },
    transfer: { name: 'Enviar a otra cola', done: (ticket) => `${ticket} fue enviado a otra cola.` },
    leave: { name: 'Se marchó', done: (ticket) => `${ticket} se marchó.` },
    cancel: { name: 'Cancelar la visita', done: (ticket) => `La visita de ${ticket} está cancelada.` },
  },
  reason: 'Motivo',
  reasonHint: 'Queda guardado con la visita.',
  cancelReasons: ['Lo pidió el paciente', 'Registrado por error', 'Viene otro día'],
  waiveReasons: ['Lo cubre el seguro', 'Emergencia', 'Visita de control'],
  priorityReasons: ['Se siente peor', 'Se siente mejor', 'Valorado de nuevo'],
  priority: 'Prioridad',
  toQueue: 'A qué cola',
  of: (step, ticket) => `${step}: ${ticket}`,
  noOtherQueue: 'No hay otra cola.',
  asks: {
    leave: 'El paciente se marchó sin ser atendido. La visita termina y el consultorio o la caja queda libre.',
    'undo-call': 'La llamada fue un error: el paciente recupera su lugar y el consultorio o la caja queda libre.',
    other: '¿Es correcto?',
  },
};

export const stepWords: Catalogue<Words> = { en, es };
