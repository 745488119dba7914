import { dataOf, type StoredEvent } from '#millrace';
import {
  ConsultationCompleted,
  ConsultationStarted,
  PatientCalled,
  PatientCheckedIn,
  PatientNoShow,
  QueueClosed,
  QueueConfigured,
  QueueOpened,
  QueuePaused,
  RoomActivated,
  RoomDeactivated,
  VisitCancelled,
} from './events.ts';
import { normalisedName, placeKey } from './names.ts';
import type { QueueState } from './queue-state.ts';
import type { VisitCommand, VisitStatus } from './visit.ts';

interface ModelVisit {
  readonly queueId: string;
  readonly patientKey: string | null;
  readonly name: string;
  status: VisitStatus;
  room: string | null;
}

/**
 * The waiting room once more, as plainly as it can be said and by other means than the deciders: one mutable picture,
 * to which recorded events are applied, and which complains when an event should never have been recorded.
 */
export class WalkModel {
  readonly visits = new Map<string, ModelVisit>();
  readonly limits = new Map<string, number | null>();
  readonly rooms = new Map<string, string>();
  readonly queueStates = new Map<string, QueueState>();
  readonly inactiveRooms = new Set<string>();
  readonly names = new Map<string, string>();

  waitingIn(queueId: string): number {
    return [...this.visits.values()].filter((visit) => visit.queueId === queueId && visit.status === 'WAITING').length;
  }

  isOpen(patientKey: string): boolean {
    return [...this.visits.values()].some((visit) => visit.patientKey === patientKey && isOpen(visit.status));
  }

  /** The code with which a check-in should be refused; undefined when it should not. */
  checkInRefusal(queueId: string, patientKey: string | null, name: string): string | undefined {
    const state = this.queueStates.get(queueId) ?? 'OPEN';
    if (state !== 'OPEN') return `QUEUE_${state}`;
    if (patientKey !== null) {
      const known = this.names.get(patientKey);
      if (known !== undefined && normalisedName(known) !== normalisedName(name)) return 'PATIENT_IDENTITY_CONFLICT';
      if (this.isOpen(patientKey)) return 'PATIENT_ALREADY_WAITING';
    }
    const limit = this.limits.get(queueId) ?? null;
    return limit !== null && this.waitingIn(queueId) >= limit ? 'QUEUE_CAPACITY_REACHED' : undefined;
  }

  callRefusal(visitId: string, roomId: string): string | undefined {
    if (this.rooms.has(placeKey(roomId))) return 'ROOM_OCCUPIED';
    if (this.inactiveRooms.has(placeKey(roomId))) return 'ROOM_INACTIVE';
    const visit = this.visits.get(visitId);
    if (visit === undefined) return 'VISIT_NOT_FOUND';
    if (visit.status !== 'WAITING') return 'VISIT_NOT_WAITING';
    return this.queueStates.get(visit.queueId) === 'PAUSED' ? 'QUEUE_PAUSED' : undefined;
  }

  /** Only the way out is ever refused; a room that is not active already has nothing to decide. */
  roomRefusal(roomId: string, active: boolean): string | undefined {
    return !active && this.rooms.has(placeKey(roomId)) ? 'ROOM_OCCUPIED' : undefined;
  }

  stepRefusal(type: VisitCommand['type'], visitId: string): string | undefined {
    const visit = this.visits.get(visitId);
    if (visit === undefined) return 'VISIT_NOT_FOUND';
    const { status } = visit;
    switch (type) {
      case 'start':
      case 'no-show':
        return status === 'CALLED' ? undefined : 'VISIT_NOT_CALLED';
      case 'complete':
        return status === 'CALLED' || status === 'IN_CONSULTATION' ? undefined : 'VISIT_NOT_IN_ROOM';
      case 'cancel':
        return status === 'WAITING' || status === 'CALLED' ? undefined : 'VISIT_NOT_CANCELLABLE';
    }
  }

  /** Applies an event. Throws when it breaks an invariant: capacity, one visit a patient, one patient a room. */
  apply(event: StoredEvent): void {
    switch (event.type) {
      case QueueConfigured.type: {
        const { queueId, maxCapacity } = dataOf(QueueConfigured, event);
        this.limits.set(queueId, maxCapacity);
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
        return;
      }
      case PatientCheckedIn.type: {
        const { queueId, patientKey, patientName } = dataOf(PatientCheckedIn, event);
        require(this.checkInRefusal(queueId, patientKey, patientName) === undefined, event);
        this.visits.set(event.stream, { queueId, patientKey, name: patientName, status: 'WAITING', room: null });
        if (patientKey !== null) this.names.set(patientKey, patientName);
        return;
      }
      case PatientCalled.type: {
        const { roomId } = dataOf(PatientCalled, event);
        require(this.callRefusal(event.stream, roomId) === undefined, event);
        this.rooms.set(placeKey(roomId), event.stream);
        this.#change(event, 'CALLED', placeKey(roomId));
        return;
      }
      case ConsultationStarted.type:
        require(this.stepRefusal('start', event.stream) === undefined, event);
        this.#change(event, 'IN_CONSULTATION');
        return;
      case ConsultationCompleted.type:
        this.#end(event, 'complete', 'COMPLETED');
        return;
      case PatientNoShow.type:
        this.#end(event, 'no-show', 'NO_SHOW');
        return;
      case VisitCancelled.type:
        this.#end(event, 'cancel', 'CANCELLED');
        return;
    }
  }

  #end(event: StoredEvent, type: VisitCommand['type'], status: VisitStatus): void {
    require(this.stepRefusal(type, event.stream) === undefined, event);
    const room = this.visits.get(event.stream)?.room ?? null;
    if (room !== null) {
      require(this.rooms.get(room) === event.stream, event);
      this.rooms.delete(room);
    }
    this.#change(event, status);
  }

  #change(event: StoredEvent, status: VisitStatus, room?: string): void {
    const visit = this.visits.get(event.stream);
    if (visit === undefined) return;
    visit.status = status;
    if (room !== undefined) visit.room = room;
  }
}

function isOpen(status: VisitStatus): boolean {
  return status === 'WAITING' || status === 'CALLED' || status === 'IN_CONSULTATION';
}

function require(holds: boolean, event: StoredEvent): void {
  if (!holds) throw new Error(`Position ${event.position}: ${event.type} should have been refused.`);
}
