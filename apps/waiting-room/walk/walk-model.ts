import { dataOf, type StoredEvent } from '#millrace';
import { OpenVisitsEnded, visitEventOf, type VisitEvent } from '../domain/events.ts';
import { normalisedName, type Place } from '../domain/names.ts';
import type { VisitStatus } from '../domain/status.ts';
import { nameOf, WalkHouse, type WalkTimer } from './walk-house.ts';
import { codes, may, statusOf, stepOf, type WalkStep } from './walk-rules.ts';

interface ModelVisit {
  queueId: string;
  patientKey: string | null;
  patientId: string;
  name: string;
  readonly siteId: string;
  readonly arrivedAt: string;
  status: VisitStatus;
  /** Until when somebody who was called is waited for. */
  answerBy: string | null;
  /** The room or desk that holds the patient. */
  place: string | null;
  /** Has to pay before the consultation. */
  owes: boolean;
  /** The line that the patient stood in last. */
  line: 'TRIAGE' | 'CASHIER' | 'CONSULTATION';
  attempts: number;
  cashierAbsences: number;
  consultationAbsences: number;
}

const statusOfLine = { TRIAGE: 'WAITING_TRIAGE', CASHIER: 'WAITING_CASHIER', CONSULTATION: 'WAITING' } as const;
const nowhere = ['COMPLETED', 'NO_SHOW', 'CANCELLED', 'CANCELLED_BY_PAYMENT', 'CANCELLED_BY_ABSENCE', 'LEFT'];

/**
 * The waiting room once more, as plainly as it can be said and by other means than the deciders: one mutable picture,
 * to which recorded events are applied, and which complains when an event should never have been recorded.
 */
export class WalkModel {
  readonly visits = new Map<string, ModelVisit>();
  readonly house = new WalkHouse();
  /** Every ticket that was ever given, with its site and day. */
  readonly #tickets = new Set<string>();
  /** Visits that the end of a day still has to end, in the queue that it ends them in. */
  #ending: { readonly queueId: string; left: number } | undefined;
  /** Who is in which room or at which desk. */
  readonly places = new Map<string, string>();
  readonly names = new Map<string, string>();

  waitingIn(queueId: string): number {
    return [...this.visits.values()].filter((visit) => visit.queueId === queueId && visit.status.startsWith('WAITING'))
      .length;
  }

  isOpen(patientKey: string): boolean {
    return [...this.visits.values()].some(
      (visit) => visit.patientKey === patientKey && !nowhere.includes(visit.status),
    );
  }

  /** The code with which a check-in should be refused; undefined when it should not. */
  checkInRefusal(queueId: string, patientKey: string | null, name: string): string | undefined {
    const refused = this.#entryRefusal(queueId, patientKey, name);
    if (refused !== undefined) return refused;
    const { limit } = this.house.queue(queueId);
    return limit !== null && this.waitingIn(queueId) >= limit ? 'QUEUE_CAPACITY_REACHED' : undefined;
  }

  callRefusal(visitId: string, place: Place): string | undefined {
    if (this.places.has(nameOf(place))) return place.kind === 'room' ? 'ROOM_OCCUPIED' : 'DESK_OCCUPIED';
    if (this.house.inactivePlaces.has(nameOf(place))) return place.kind === 'room' ? 'ROOM_INACTIVE' : 'DESK_INACTIVE';
    const visit = this.visits.get(visitId);
    if (visit === undefined) return 'VISIT_NOT_FOUND';
    if (visit.status !== (place.kind === 'room' ? 'WAITING' : 'WAITING_CASHIER')) return 'VISIT_NOT_WAITING';
    return this.house.queue(visit.queueId).state === 'PAUSED' ? 'QUEUE_PAUSED' : undefined;
  }

  /** Only the way out is ever refused; a place that is not active already has nothing to decide. */
  placeRefusal(place: Place, active: boolean): string | undefined {
    if (active || !this.places.has(nameOf(place))) return undefined;
    return place.kind === 'room' ? 'ROOM_OCCUPIED' : 'DESK_OCCUPIED';
  }

  /** A timer has an effect while what it was set for stands, and none afterwards. */
  timerRefusal(timer: WalkTimer): string | undefined {
    if (timer.id !== 'call-timeout') return this.house.stands(timer) ? undefined : 'TIMER_OUTDATED';
    const visit = this.visits.get(timer.key);
    const isDue = visit?.status === 'CALLED' && visit.answerBy === new Date(timer.dueAt).toISOString();
    return isDue ? undefined : 'TIMER_OUTDATED';
  }

  identifyRefusal(visitId: string, patientKey: string, name: string): string | undefined {
    const visit = this.visits.get(visitId);
    if (visit === undefined) return 'VISIT_NOT_FOUND';
    if (nowhere.includes(visit.status)) return 'VISIT_ENDED';
    if (visit.patientKey === patientKey) return undefined;
    if (visit.patientKey !== null) return 'VISIT_IDENTIFIED';
    return this.#patientRefusal(patientKey, name);
  }

  stepRefusal(type: WalkStep, visitId: string): string | undefined {
    const visit = this.visits.get(visitId);
    if (visit === undefined) return 'VISIT_NOT_FOUND';
    if (!may[visit.status].includes(type)) return codes[type];
    if (type === 'payment-pending' && visit.attempts === 3) return 'PAYMENT_ATTEMPTS_EXHAUSTED';
    if (type === 'cancel-by-payment' && visit.attempts < 3) return 'PAYMENT_ATTEMPTS_LEFT';
    if (type === 'return' && visit.patientKey !== null && this.isOpen(visit.patientKey))
      return 'PATIENT_ALREADY_WAITING';
    return undefined;
  }

  transferRefusal(visitId: string, toQueueId: string, toPatientKey: string | null): string | undefined {
    const refused = this.stepRefusal('transfer', visitId);
    const visit = this.visits.get(visitId);
    if (refused !== undefined || visit === undefined) return refused;
    if (visit.queueId === toQueueId) return 'TRANSFER_TO_SAME_QUEUE';
    if (this.house.queue(toQueueId).siteId !== visit.siteId) return 'TRANSFER_TO_ANOTHER_SITE';
    return this.#entryRefusal(toQueueId, toPatientKey, visit.name);
  }

  /** Applies an event. Throws when it breaks an invariant. */
  apply(event: StoredEvent): void {
    const ofVisit = visitEventOf(event);
    if (ofVisit !== undefined) this.#applyToVisit(ofVisit, event);
    else require(this.house.apply(event, (place) => this.places.has(place)) === undefined, event);
    this.#endDay(event);
    this.#checkPlaces(event);
  }

  /** Nobody is lost at the end of a day: who is not in a room or at a desk is counted and ended, all at once. */
  #endDay(event: StoredEvent): void {
    if (event.type === OpenVisitsEnded.type) {
      const { queueId, visits } = dataOf(OpenVisitsEnded, event);
      this.#ending = { queueId, left: visits };
    } else if (this.#ending !== undefined) {
      require(event.type === 'VisitEndedAtClosing', event);
      this.#ending.left -= 1;
    }
    if (this.#ending?.left !== 0) return;
    const { queueId } = this.#ending;
    this.#ending = undefined;
    const open = [...this.visits.values()].filter(({ status }) => !nowhere.includes(status));
    require(open.every((visit) => visit.queueId !== queueId || visit.place !== null), event);
  }

  #entryRefusal(queueId: string, patientKey: string | null, name: string): string | undefined {
    const { state } = this.house.queue(queueId);
    if (state !== 'OPEN') return `QUEUE_${state}`;
    return patientKey === null ? undefined : this.#patientRefusal(patientKey, name);
  }

  #patientRefusal(patientKey: string, name: string): string | undefined {
    const known = this.names.get(patientKey);
    if (known !== undefined && normalisedName(known) !== normalisedName(name)) return 'PATIENT_IDENTITY_CONFLICT';
    return this.isOpen(patientKey) ? 'PATIENT_ALREADY_WAITING' : undefined;
  }

  #applyToVisit(event: VisitEvent, stored: StoredEvent): void {
    const { data } = event;
    if (event.type === 'PatientCheckedIn') {
      const { visitId, queueId, patientKey, patientId, patientName, arrivedAt, path, priority } = event.data;
      const { siteId, day, ticket } = event.data;
      const queue = this.house.queue(queueId);
      require(this.checkInRefusal(queueId, patientKey, patientName) === undefined, stored);
      const { triage, cashier } = queue.stages;
      require(siteId === queue.siteId, stored);
      const name = `${siteId} ${day} ${ticket}`;
      require(!this.#tickets.has(name), stored);
      this.#tickets.add(name);
      queue.known = true;
      require(path.includes('TRIAGE') === triage, stored);
      require(path.includes('CASHIER') === (cashier && priority !== 'Urgent'), stored);
      const line = path[0] ?? 'CONSULTATION';
      this.visits.set(visitId, {
        ...{ queueId, patientKey, patientId, name: patientName, arrivedAt, line, siteId },
        ...{ status: statusOfLine[line], place: null, answerBy: null, owes: path.includes('CASHIER') },
        ...{ attempts: 0, cashierAbsences: 0, consultationAbsences: 0 },
      });
      if (patientKey !== null) this.names.set(patientKey, patientName);
      return;
    }
    const visit = this.visits.get(data.visitId);
    require(visit !== undefined, stored);
    if (visit !== undefined) this.#change(visit, event, stored);
  }

  /** Every event but the check-in: it was allowed, says the truth, and changes the picture. */
  #change(visit: ModelVisit, event: VisitEvent, stored: StoredEvent): void {
    const step = stepOf[event.type];
    const { visitId } = event.data;
    if (step !== undefined) require(this.stepRefusal(step, visitId) === undefined, stored);
    switch (event.type) {
      case 'PatientCalled':
        require(!visit.owes, stored);
        visit.answerBy = event.data.answerBy;
        this.#seat(visit, visitId, { kind: 'room', id: event.data.roomId }, stored);
        break;
      case 'PatientCalledAtCashier':
        require(visit.owes, stored);
        this.#seat(visit, visitId, { kind: 'desk', id: event.data.deskId }, stored);
        break;
      case 'TriageRecorded':
      case 'PriorityChanged':
        if (event.data.priority === 'Urgent') visit.owes = false;
        break;
      case 'PatientPaymentPending':
        require(event.data.attempt === visit.attempts + 1, stored);
        visit.attempts += 1;
        break;
      case 'PatientPaymentValidated':
      case 'PaymentWaived':
        visit.owes = false;
        break;
      case 'PatientAbsentAtCashier':
        visit.cashierAbsences += 1;
        require(event.data.absence === visit.cashierAbsences && visit.cashierAbsences <= 2, stored);
        break;
      case 'PatientAbsentAtConsultation':
        visit.consultationAbsences += 1;
        require(event.data.absence === visit.consultationAbsences && visit.consultationAbsences <= 1, stored);
        break;
      case 'PatientCancelledByAbsence':
        require(visit.place !== null, stored);
        require((visit.line === 'CASHIER' ? visit.cashierAbsences - 1 : visit.consultationAbsences) === 1, stored);
        break;
      case 'PatientReturned':
        require(event.data.line.placeAt === visit.arrivedAt && event.data.line.waitsFor === visit.line, stored);
        break;
      case 'PatientTransferred':
        require(this.transferRefusal(visitId, event.data.toQueueId, null) === undefined, stored);
        break;
      case 'PatientReceived': {
        const { queueId, patientKey, arrivedAt, line } = event.data;
        require(arrivedAt === visit.arrivedAt && line.placeAt === visit.arrivedAt, stored);
        if (patientKey !== null) {
          require(this.#entryRefusal(queueId, patientKey, visit.name) === undefined, stored);
          this.names.set(patientKey, visit.name);
        }
        visit.queueId = queueId;
        visit.patientKey = patientKey;
        break;
      }
      case 'PatientRecalled':
        visit.answerBy = event.data.answerBy;
        break;
      case 'VisitEndedAtClosing':
        require(visit.place === null && !nowhere.includes(visit.status), stored);
        require(this.#ending?.queueId === visit.queueId, stored);
        break;
      case 'PatientIdentified': {
        const { patientId, patientKey, patientName } = event.data;
        require(patientKey !== null && visit.patientKey === null, stored);
        if (patientKey === null) break;
        require(this.identifyRefusal(visitId, patientKey, patientName) === undefined, stored);
        Object.assign(visit, { patientId, patientKey, name: patientName });
        this.names.set(patientKey, patientName);
        break;
      }
      case 'CallUndone':
      case 'ConsultationCompleted':
      case 'ConsultationStarted':
      case 'PatientCancelledByPayment':
      case 'PatientCheckedIn':
      case 'PatientLeft':
      case 'PatientNoShow':
      case 'PatientParked':
      case 'PatientResumed':
      case 'VisitCancelled':
    }
    this.#follow(visit, event, stored);
  }

  #seat(visit: ModelVisit, visitId: string, place: Place, stored: StoredEvent): void {
    require(this.callRefusal(visitId, place) === undefined, stored);
    visit.place = nameOf(place);
    this.places.set(visit.place, visitId);
  }

  /** Status and line, and the place is free when the patient is not there any more. */
  #follow(visit: ModelVisit, event: VisitEvent, stored: StoredEvent): void {
    const { data } = event;
    if ('line' in data && data.line !== null) {
      visit.line = data.line.waitsFor;
      visit.status = statusOfLine[visit.line];
      // Urgent goes past the cashier, and nobody past an unpaid bill.
      require(visit.line !== 'CONSULTATION' || !visit.owes, stored);
    } else visit.status = statusOf[event.type] ?? visit.status;
    const stays = ['AT_CASHIER', 'PAYMENT_PENDING', 'CALLED', 'IN_CONSULTATION'].includes(visit.status);
    if (visit.place === null || (stays && event.type !== 'PatientTransferred')) return;
    require(this.places.get(visit.place) === data.visitId, stored);
    this.places.delete(visit.place);
    visit.place = null;
  }

  /** Each place holds one patient, who is there; nobody has two open visits in a queue. */
  #checkPlaces(event: StoredEvent): void {
    const open = [...this.visits.values()].filter(({ status }) => !nowhere.includes(status));
    const keys = open.flatMap(({ patientKey }) => patientKey ?? []);
    require(new Set(keys).size === keys.length, event);
    const held = open.flatMap(({ place }) => place ?? []);
    require(new Set(held).size === held.length && held.length === this.places.size, event);
    for (const place of held) require(!this.house.inactivePlaces.has(place), event);
  }
}

function require(holds: boolean, event: StoredEvent): void {
  if (!holds) throw new Error(`Position ${event.position}: ${event.type} should have been refused.`);
}
