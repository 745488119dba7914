import { defineEvent, Type, type EventOf } from '#millrace';
import {
  closed,
  moment,
  patientId,
  patientName,
  priority,
  reason,
  room,
  seatTags,
  turn,
  visit,
  visitTags,
} from './event-shapes.ts';
import { cashierEvents } from './cashier-events.ts';
import { lineEvents } from './line-events.ts';
import { queueEvents } from './queue-events.ts';
import { roomEvents } from './room-events.ts';
import { upcastCheckInFromV1, upcastCheckInFromV2 } from './upcasts.ts';

export { momentOf } from './event-shapes.ts';
export * from './cashier-events.ts';
export * from './line-events.ts';
export { QueueClosed, QueueConfigured, QueueOpened, QueuePaused, type QueueEvent } from './queue-events.ts';
export { RoomActivated, RoomDeactivated, type RoomEvent } from './room-events.ts';

/** A patient arrived and waits. Opens the visit. */
export const PatientCheckedIn = defineEvent('PatientCheckedIn', {
  version: 3,
  schema: Type.Object(
    {
      ...visit,
      patientId,
      patientName,
      priority,
      consultationType: Type.String({ minLength: 2, maxLength: 100 }),
      notes: Type.Union([Type.String({ maxLength: 1000 }), Type.Null()]),
      arrivedAt: moment,
      /** What comes before the consultation, in this order. */
      path: Type.Array(Type.Union([Type.Literal('TRIAGE'), Type.Literal('CASHIER')]), { maxItems: 2 }),
    },
    closed,
  ),
  personal: { patientName: 'patientId', notes: 'patientId' },
  tags: visitTags,
  upcasts: { 1: upcastCheckInFromV1, 2: upcastCheckInFromV2 },
});

/** A room called the patient. `turn` counts the patients of that room. */
export const PatientCalled = defineEvent('PatientCalled', {
  schema: Type.Object({ ...visit, ...room, calledAt: moment }, closed),
  tags: seatTags,
});

export const ConsultationStarted = defineEvent('ConsultationStarted', {
  schema: Type.Object({ ...visit, roomId: room.roomId, startedAt: moment }, closed),
  tags: visitTags,
});

/** The visit ended as it should. Frees the room. */
export const ConsultationCompleted = defineEvent('ConsultationCompleted', {
  schema: Type.Object({ ...visit, ...room, completedAt: moment }, closed),
  tags: seatTags,
});

/** The patient was called and did not come. Frees the room. */
export const PatientNoShow = defineEvent('PatientNoShow', {
  schema: Type.Object({ ...visit, ...room, recordedAt: moment }, closed),
  tags: seatTags,
});

/** The visit was given up before its consultation. Frees the room when the patient had been called. */
export const VisitCancelled = defineEvent('VisitCancelled', {
  schema: Type.Object(
    {
      ...visit,
      patientId,
      roomId: Type.Union([room.roomId, Type.Null()]),
      turn: Type.Union([turn, Type.Null()]),
      reason,
      cancelledAt: moment,
    },
    closed,
  ),
  personal: { reason: 'patientId' },
  tags: seatTags,
});

/** Every event of a visit: its stream holds nothing else. */
export const visitEvents = [
  PatientCheckedIn,
  PatientCalled,
  ConsultationStarted,
  ConsultationCompleted,
  PatientNoShow,
  VisitCancelled,
  ...lineEvents,
  ...cashierEvents,
] as const;

export type VisitEvent = EventOf<(typeof visitEvents)[number]>;

const visitTypes: ReadonlySet<string> = new Set(visitEvents.map(({ type }) => type));

/** Whether one of the events of a decision is about a visit. */
export function isVisitEvent<Event extends { readonly type: string }>(
  event: Event,
): event is Extract<Event, VisitEvent> {
  return visitTypes.has(event.type);
}

/** A recorded event as one of a visit; undefined when it is about something else. */
export function visitEventOf(event: { readonly type: string; readonly data: unknown }): VisitEvent | undefined {
  if (!visitTypes.has(event.type)) return undefined;
  // An event that was decoded under its definition has data of that shape, and these are the definitions.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return event as VisitEvent;
}

/** Every event of the waiting room. */
export const waitingRoomEvents = [...visitEvents, ...queueEvents, ...roomEvents] as const;
