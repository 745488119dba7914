import type { Catalogue } from '../../language/language.ts';

type Details = { readonly [name: string]: string | number };
/** Why something happened, as far as the event itself says it. What staff wrote stands beside it. */
interface Reasons {
  readonly [type: string]: (details: Details) => string;
}

const en: Reasons = {
  PatientRecalled: () => 'Had not come yet.',
  CallUndone: () => 'The call was a mistake. The old place in line is kept.',
  PatientAbsentAtConsultation: ({ byClock }) =>
    byClock === 1
      ? 'The time for coming was up. Stands behind those of the same priority, and is given up the next time.'
      : 'Was called and did not come. Stands behind those of the same priority, and is given up the next time.',
  PatientAbsentAtCashier: ({ absence }) =>
    `Was called and did not come, ${String(absence)} of 2 times. Stands behind those of the same priority.`,
  PatientCancelledByAbsence: ({ absences, byClock }) =>
    `Was called ${String(absences)} times and did not come${byClock === 1 ? ' in time' : ''}. May return on the same day.`,
  PatientNoShow: () => 'Was called and did not come. May return on the same day.',
  PatientReturned: () => 'Had been given up and is here all the same. The time of arrival counts.',
  PatientParked: () => 'Waits for something else than a call, say a result. Is not called meanwhile.',
  PatientResumed: () => 'What was waited for is there. The time of arrival counts.',
  PatientTransferred: () => 'Another queue is the right one. The ticket goes along.',
  PatientReceived: () => 'Goes on there, with the time of arrival.',
  PatientLeft: () => 'Went away without being seen.',
  VisitEndedAtClosing: () => 'Nobody had called before the day was closed.',
  PatientPaymentPending: ({ attempt }) => `Attempt ${String(attempt)} of 3 did not go through.`,
  PatientCancelledByPayment: ({ attempts }) => `None of ${String(attempts)} attempts to pay went through.`,
  PatientIdentified: () => 'Had come without an id.',
};

const es: Reasons = {
  PatientRecalled: () => 'Aún no había venido.',
  CallUndone: () => 'La llamada fue un error. Conserva su lugar de antes.',
  PatientAbsentAtConsultation: ({ byClock }) =>
    byClock === 1
      ? 'Se cumplió el plazo para venir. Queda detrás de los de igual prioridad y la próxima vez se anula.'
      : 'Fue llamado y no vino. Queda detrás de los de igual prioridad y la próxima vez se anula.',
  PatientAbsentAtCashier: ({ absence }) =>
    `Fue llamado y no vino, ${String(absence)} de 2 veces. Queda detrás de los de igual prioridad.`,
  PatientCancelledByAbsence: ({ absences, byClock }) =>
    `Fue llamado ${String(absences)} veces y no vino${byClock === 1 ? ' a tiempo' : ''}. Puede volver el mismo día.`,
  PatientNoShow: () => 'Fue llamado y no vino. Puede volver el mismo día.',
  PatientReturned: () => 'Había sido dado por ausente y está aquí. Cuenta su hora de llegada.',
  PatientParked: () => 'Espera otra cosa que una llamada, por ejemplo un resultado. Mientras tanto no se le llama.',
  PatientResumed: () => 'Ya está lo que esperaba. Cuenta su hora de llegada.',
  PatientTransferred: () => 'Le corresponde otra cola. El turno va con el paciente.',
  PatientReceived: () => 'Sigue allí, con su hora de llegada.',
  PatientLeft: () => 'Se marchó sin ser atendido.',
  VisitEndedAtClosing: () => 'Nadie lo llamó antes de cerrarse el día.',
  PatientPaymentPending: ({ attempt }) => `El intento ${String(attempt)} de 3 no se completó.`,
  PatientCancelledByPayment: ({ attempts }) => `Ninguno de ${String(attempts)} intentos de pago se completó.`,
  PatientIdentified: () => 'Había venido sin documento.',
};

export const reasonWords: Catalogue<Reasons> = { en, es };
