import { dataOf, type StoredEvent } from '#millrace';
import {
  QueueClosed,
  QueueConfigured,
  QueueOpened,
  QueuePaused,
  RoomActivated,
  RoomDeactivated,
  visitEventOf,
  type VisitEvent,
} from '../domain/events.ts';
import { normalisedName, placeKey, type Place } from '../domain/names.ts';
import type { QueueState } from '../domain/queue-state.ts';
import type { VisitStatus } from '../domain/status.ts';
import { codes, may, statusOf, stepOf, type WalkStep } from './walk-rules.ts';

interface ModelVisit {
  queueId: string;
  patientKey: string | null;
  readonly patientId: string;
  readonly name: string;
  readonly arrivedAt: string;
  status: VisitStatus;
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
const nameOf = ({ kind, id }: Place): string => `${kind} ${placeKey(id)}`;

/**
 * The waiting room once more, as plainly as it can be said and by other means than the deciders: one mutable picture,
 * to which recorded events are applied, and which complains when an event should never have been recorded.
 */
export class WalkModel {
  readonly visits = new Map<string, ModelVisit>();
  readonly limits = new Map<string, number | null>();
  readonly stages = new Map<string, { readonly triage: boolean; readonly cashier: boolean }>();
  readonly queueStates = new Map<string, QueueState>();
  readonly inactiveRooms = new Set<string>();
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
    const limit = this.limits.get(queueId) ?? null;
    return limit !== null && this.waitingIn(queueId) >= limit ? 'QUEUE_CAPACITY_REACHED' : undefined;
  }

  callRefusal(visitId: string, place: Place): string | undefined {
    if (this.places.has(nameOf(place))) return place.kind === 'room' ? 'ROOM_OCCUPIED' : 'DESK_OCCUPIED';
    if (place.kind === 'room' && this.inactiveRooms.has(placeKey(place.id))) return 'ROOM_INACTIVE';
    const visit = this.visits.get(visitId);
    if (visit === undefined) return 'VISIT_NOT_FOUND';
    if (visit.status !== (place.kind === 'room' ? 'WAITING' : 'WAITING_CASHIER')) return 'VISIT_NOT_WAITING';
    return this.queueStates.get(visit.queueId) === 'PAUSED' ? 'QUEUE_PAUSED' : undefined;
  }

  /** Only the way out is ever refused; a room that is not active already has nothing to decide. */
  roomRefusal(roomId: string, active: boolean): string | undefined {
    return !active && this.places.has(nameOf({ kind: 'room', id: roomId })) ? 'ROOM_OCCUPIED' : undefined;
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
    return this.#entryRefusal(toQueueId, toPatientKey, visit.name);
  }

  /** Applies an event. Throws when it breaks an invariant. */
  apply(event: StoredEvent): void {
    const ofVisit = visitEventOf(event);
    if (ofVisit !== undefined) this.#applyToVisit(ofVisit, event);
    else this.#applySettings(event);
    this.#checkPlaces(event);
  }

  #entryRefusal(queueId: string, patientKey: string | null, name: string): string | undefined {
    const state = this.queueStates.get(queueId) ?? 'OPEN';
    if (state !== 'OPEN') return `QUEUE_${state}`;
    if (patientKey === null) return undefined;
    const known = this.names.get(patientKey);
    if (known !== undefined && normalisedName(known) !== normalisedName(name)) return 'PATIENT_IDENTITY_CONFLICT';
    return this.isOpen(patientKey) ? 'PATIENT_ALREADY_WAITING' : undefined;
  }

  #applySettings(event: StoredEvent): void {
    switch (event.type) {
      case QueueConfigured.type: {
        const { queueId, maxCapacity, stages } = dataOf(QueueConfigured, event);
        this.limits.set(queueId, maxCapacity);
        this.stages.set(queueId, stages);
        return;
      }
      case QueueOpened.type:
        this.queueStates.set(dataOf(QueueOpened, event).queueId, 'OPEN');
        return;
      case QueuePaused.type:
        this.queueStates.set(dataOf(QueuePaused, event).queueId, 'PAUSED');
        return;
      case QueueClosed.type:
        this.queueStates.set(dataOf(QueueClosed, event).queueId, 'CLOSED');
        return;
      case RoomActivated.type:
        this.inactiveRooms.delete(placeKey(dataOf(RoomActivated, event).roomId));
        return;
      case RoomDeactivated.type: {
        const { roomId } = dataOf(RoomDeactivated, event);
        require(this.roomRefusal(roomId, false) === undefined, event);
        this.inactiveRooms.add(placeKey(roomId));
      }
    }
  }

  #applyToVisit(event: VisitEvent, stored: StoredEvent): void {
    const { data } = event;
    if (event.type === 'PatientCheckedIn') {
      const { visitId, queueId, patientKey, patientId, patientName, arrivedAt, path, priority } = event.data;
      require(this.checkInRefusal(queueId, patientKey, patientName) === undefined, stored);
      const { triage = false, cashier = false } = this.stages.get(queueId) ?? {};
      require(path.includes('TRIAGE') === triage, stored);
      require(path.includes('CASHIER') === (cashier && priority !== 'Urgent'), stored);
      const line = path[0] ?? 'CONSULTATION';
      this.visits.set(visitId, {
        ...{ queueId, patientKey, patientId, name: patientName, arrivedAt, line },
        ...{ status: statusOfLine[line], place: null, owes: path.includes('CASHIER') },
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
      case 'CallUndone':
      case 'ConsultationCompleted':
      case 'ConsultationStarted':
      case 'PatientCancelledByPayment':
      case 'PatientCheckedIn':
      case 'PatientLeft':
      case 'PatientNoShow':
      case 'PatientParked':
      case 'PatientRecalled':
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
    for (const place of held) {
      const room = place.startsWith('room ') ? place.slice('room '.length) : undefined;
      require(room === undefined || !this.inactiveRooms.has(room), event);
    }
  }
}

function require(holds: boolean, event: StoredEvent): void {
  if (!holds) throw new Error(`Position ${event.position}: ${event.type} should have been refused.`);
}
