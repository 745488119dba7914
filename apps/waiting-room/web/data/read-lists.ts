import type { QueueRow, VisitRow } from '../model/rows.ts';
import {
  fieldsOf,
  listOf,
  moment,
  momentOrNull,
  number,
  numberOrNull,
  text,
  textOrNull,
  type JsonFields,
} from './json.ts';

/** A queue as the lists and monitors of the API show it. */
export function queueOf(queue: JsonFields): QueueRow {
  const byPriority = fieldsOf(queue['byPriority']);
  const byStatus = fieldsOf(queue['byStatus']);
  const stages = fieldsOf(queue['stages']);
  return {
    queueId: text(queue['queueId']),
    name: text(queue['queueName']),
    siteId: text(queue['siteId']) || 'main',
    state: text(queue['state']) || 'OPEN',
    stateReason: textOrNull(queue['stateReason']),
    pausedUntil: momentOrNull(queue['pausedUntil']),
    triage: stages['triage'] === true,
    cashier: stages['cashier'] === true,
    maxCapacity: numberOrNull(queue['maxCapacity']),
    waitingAll: number(queue['currentPatientCount']),
    waiting: number(byStatus['waiting']),
    waitingTriage: number(byStatus['waitingTriage']),
    waitingCashier: number(byStatus['waitingCashier']),
    atCashier: number(byStatus['atCashier']),
    paymentPending: number(byStatus['paymentPending']),
    parked: number(byStatus['parked']),
    noShow: number(byStatus['noShow']),
    cancelledByAbsence: number(byStatus['cancelledByAbsence']),
    waitingUrgent: number(byPriority['urgent']),
    waitingHigh: number(byPriority['high']),
    waitingMedium: number(byPriority['medium']),
    waitingLow: number(byPriority['low']),
    called: number(byStatus['called']),
    inConsultation: number(byStatus['inConsultation']),
    completed: number(byStatus['completed']),
    averageWaitMs: numberOrNull(queue['averageWaitMs']),
    position: number(queue['updatedPosition']),
  };
}

export function visitsOf(list: unknown): VisitRow[] {
  return listOf(list).map(fieldsOf).map(visitOf);
}

export function visitOf(patient: JsonFields): VisitRow {
  return {
    visitId: text(patient['visitId']),
    queueId: text(patient['queueId']),
    patientId: text(patient['patientId']),
    ticket: text(patient['ticket']),
    name: textOrNull(patient['patientName']),
    priority: text(patient['priority']),
    consultationType: text(patient['consultationType']),
    status: text(patient['status']),
    roomId: textOrNull(patient['roomId']),
    deskId: textOrNull(patient['deskId']),
    paymentAttempts: number(patient['paymentAttempts']),
    absences: number(patient['absences']),
    arrivedAt: moment(patient['arrivedAt']),
    callOrder: number(patient['callOrder']),
    calledAt: momentOrNull(patient['calledAt']),
    startedAt: momentOrNull(patient['startedAt']),
    statusSince: momentOrNull(patient['statusSince']),
    waitingSince: momentOrNull(patient['waitingSince']),
    position: number(patient['updatedPosition']),
  };
}
