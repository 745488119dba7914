import { defineEvent, Type, type EventOf } from '#millrace';
import {
  answerBy,
  closed,
  day,
  moment,
  patientId,
  patientName,
  priority,
  reason,
  room,
  seatTags,
  siteId,
  turn,
  visit,
  visitTags,
} from './event-shapes.ts';
import { cashierEvents } from './cashier-events.ts';
import { lineEvents } from './line-events.ts';
import { OpenVisitsEnded, queueEvents } from './queue-events.ts';
import { roomEvents } from './room-events.ts';
import { siteQueuesTag, ticketTag } from './names.ts';
import { siteEvents } from './site-events.ts';
import { numberOn, ticketPattern } from './ticket.ts';
import { upcastCallFromV1, upcastCheckInFromV1, upcastCheckInFromV2, upcastCheckInFromV3 } from './upcasts.ts';

export { momentOf } from './event-shapes.ts';
export * from './cashier-events.ts';
export * from './line-events.ts';
export * from './queue-events.ts';
export * from './room-events.ts';
export * from './site-events.ts';

/** A patient arrived and waits. Opens the visit. */
export const PatientCheckedIn = defineEvent('PatientCheckedIn', {
  version: 4,
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
      siteId,
      /** The site's day, which a ticket is unique in. */
      day,
      /** What displays show instead of a name. */
      ticket: Type.String({ pattern: ticketPattern }),
    },
    closed,
  ),
  personal: { patientName: 'patientId', notes: 'patientId' },
  tags: checkInTags,
  upcasts: { 1: upcastCheckInFromV1, 2: upcastCheckInFromV2, 3: upcastCheckInFromV3 },
});

function checkInTags(data: {
  readonly queueId: string;
  readonly patientKey: string | null;
  readonly siteId: string;
  readonly day: string;
  readonly ticket: string;
}): readonly string[] {
  // A ticket of before is no number that anybody could have again.
  if (numberOn(data.ticket) === undefined) return visitTags(data);
  return [...visitTags(data), ticketTag(data.siteId, data.day, data.ticket)];
}

/** Marks a check-in as one by which a site gets to know its queue. */
export const marksQueueOf = (siteId: string) => ({ tags: [siteQueuesTag(siteId)] });

/** A room called the patient. `turn` counts the patients of that room. */
export const PatientCalled = defineEvent('PatientCalled', {
  version: 2,
  schema: Type.Object({ ...visit, ...room, answerBy, calledAt: moment }, closed),
  tags: seatTags,
  upcasts: { 1: upcastCallFromV1 },
});

export const ConsultationStarted = defineEvent('ConsultationStarted', {
  schema: Type.Object({ ...visit, roomId: room.roomId, startedAt: moment }, closed),
  tags: visitTags,
});

/** The visit ended as it should. Frees the room. */
export const ConsultationCompleted = defineEvent('ConsultationCompleted', {
  schema: Type.Object({ ...visit, ...room, completedAt: moment }, closed),
  tags: seatTags,
  endsStream: true,
});

/** The patient was called and did not come. Frees the room. */
export const PatientNoShow = defineEvent('PatientNoShow', {
  schema: Type.Object({ ...visit, ...room, recordedAt: moment }, closed),
  tags: seatTags,
  endsStream: true,
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
  endsStream: true,
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
export const waitingRoomEvents = [
  ...visitEvents,
  ...queueEvents,
  OpenVisitsEnded,
  ...roomEvents,
  ...siteEvents,
] as const;
