import { Type, type Static } from '#millrace';
import { patientTag, queueTag, turnTag, type Place } from './names.ts';

/** What the schemas of events are put together from, and the tags that come of them. */

export const closed = { additionalProperties: false } as const;
export const moment = Type.String({ pattern: String.raw`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$` });
export const turn = Type.Integer({ minimum: 1 });
export const priority = Type.Union([
  Type.Literal('Urgent'),
  Type.Literal('High'),
  Type.Literal('Medium'),
  Type.Literal('Low'),
]);
export const reason = Type.String({ minLength: 1, maxLength: 200 });
export const queueId = Type.String({ minLength: 1, maxLength: 60 });
/** A building of the clinic. */
export const siteId = Type.String({ minLength: 1, maxLength: 40 });
/** A site's day, as a date. */
export const day = Type.String({ pattern: String.raw`^\d{4}-\d\d-\d\d$` });
export const timeOfDay = Type.String({ pattern: '^([01][0-9]|2[0-3]):[0-5][0-9]$' });
export const placeId = Type.String({ minLength: 1, maxLength: 40 });
export const patientId = Type.String({ minLength: 1, maxLength: 20 });
export const patientName = Type.String({ minLength: 1, maxLength: 120 });
/** A keyed hash of queue and patient id; null for a walk-in, whom nobody can check in twice. */
export const patientKey = Type.Union([Type.String({ minLength: 16, maxLength: 64 }), Type.Null()]);

/** What every event of a visit says, so that its tags can be derived from its data. */
export const visit = { visitId: Type.String({ pattern: '^visit-[0-9a-f-]{36}$' }), queueId, patientKey };

/** In a room, and which of its turns that is. */
export const room = { roomId: placeId, turn };

/** At a cashier's desk, and which of its turns that is. */
export const desk = { deskId: placeId, turn };

/** In a room, at a desk, or at neither. */
export const mayHaveSeat = {
  roomId: Type.Union([placeId, Type.Null()]),
  deskId: Type.Union([placeId, Type.Null()]),
  turn: Type.Union([turn, Type.Null()]),
};

/** Until when the patient is waited for; null: until somebody says otherwise. */
export const answerBy = Type.Union([moment, Type.Null()]);

/** What a patient waits for. */
export type Stage = 'TRIAGE' | 'CASHIER' | 'CONSULTATION';

/**
 * Where a patient stands from now on: every event that puts one into a line says it, so that a reader need not know
 * what was before. `placeAt` counts for the order of calling (call-order.ts).
 */
export const line = Type.Object(
  {
    waitsFor: Type.Union([Type.Literal('TRIAGE'), Type.Literal('CASHIER'), Type.Literal('CONSULTATION')]),
    priority,
    placeAt: moment,
  },
  closed,
);
export type Line = Static<typeof line>;

/** The text that events carry for a moment. `ms`: since 1970. */
export function momentOf(ms: number): string {
  return new Date(ms).toISOString();
}

interface OfVisit {
  readonly queueId: string;
  readonly patientKey: string | null;
}

/** The tags of a visit's event. */
export function visitTags({ queueId, patientKey }: OfVisit): readonly string[] {
  return patientKey === null ? [queueTag(queueId)] : [queueTag(queueId), patientTag(patientKey)];
}

/** Data that may name a room or a desk, and the turn of it. */
export interface MayBePlaced extends OfVisit {
  readonly roomId?: string | null;
  readonly deskId?: string | null;
  readonly turn?: number | null;
}

/** Where a patient is, and which of the place's turns that is. */
export interface Seat {
  readonly place: Place;
  readonly turn: number;
}

/** The turn that an event begins or ends; undefined when it does neither. */
export function seatIn({ roomId = null, deskId = null, turn = null }: MayBePlaced): Seat | undefined {
  if (turn === null) return undefined;
  if (roomId !== null) return { place: { kind: 'room', id: roomId }, turn };
  return deskId === null ? undefined : { place: { kind: 'desk', id: deskId }, turn };
}

/** The tags of an event that begins or ends a turn. */
export function seatTags(data: MayBePlaced): readonly string[] {
  const seat = seatIn(data);
  return seat === undefined ? visitTags(data) : [...visitTags(data), turnTag(seat.place, seat.turn)];
}
