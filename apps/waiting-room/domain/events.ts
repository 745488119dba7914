import { defineEvent, Type, type EventOf } from '#millrace';
import { allQueueSettingsTag, patientTag, queueSettingsTag, queueTag, roomTurnTag } from './names.ts';
import { upcastCheckInFromV1 } from './upcasts.ts';

const closed = { additionalProperties: false } as const;
const moment = Type.String({ pattern: String.raw`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$` });
const turn = Type.Integer({ minimum: 1 });
const priority = Type.Union([
  Type.Literal('Urgent'),
  Type.Literal('High'),
  Type.Literal('Medium'),
  Type.Literal('Low'),
]);

/** What every event of a visit says, so that its tags can be derived from its data. */
const visit = {
  visitId: Type.String({ pattern: '^visit-[0-9a-f-]{36}$' }),
  queueId: Type.String({ minLength: 1, maxLength: 60 }),
  /** A keyed hash of queue and patient id; null for a walk-in, whom nobody can check in twice. */
  patientKey: Type.Union([Type.String({ minLength: 16, maxLength: 64 }), Type.Null()]),
};

interface OfVisit {
  readonly queueId: string;
  readonly patientKey: string | null;
}

interface InRoom {
  readonly roomId: string | null;
  readonly turn: number | null;
}

function visitTags({ queueId, patientKey }: OfVisit): readonly string[] {
  return patientKey === null ? [queueTag(queueId)] : [queueTag(queueId), patientTag(patientKey)];
}

function visitInRoomTags(data: OfVisit & InRoom): readonly string[] {
  const tags = visitTags(data);
  return data.roomId === null || data.turn === null ? tags : [...tags, roomTurnTag(data.roomId, data.turn)];
}

const room = { roomId: Type.String({ minLength: 1, maxLength: 40 }), turn };

/** A patient arrived and waits. Opens the visit. */
export const PatientCheckedIn = defineEvent('PatientCheckedIn', {
  version: 2,
  schema: Type.Object(
    {
      ...visit,
      patientId: Type.String({ minLength: 1, maxLength: 20 }),
      patientName: Type.String({ minLength: 1, maxLength: 120 }),
      priority,
      consultationType: Type.String({ minLength: 2, maxLength: 100 }),
      notes: Type.Union([Type.String({ maxLength: 1000 }), Type.Null()]),
      arrivedAt: moment,
    },
    closed,
  ),
  personal: { patientName: 'patientId', notes: 'patientId' },
  tags: visitTags,
  upcasts: { 1: upcastCheckInFromV1 },
});

/** A room called the patient. `turn` counts the patients of that room. */
export const PatientCalled = defineEvent('PatientCalled', {
  schema: Type.Object({ ...visit, ...room, calledAt: moment }, closed),
  tags: visitInRoomTags,
});

export const ConsultationStarted = defineEvent('ConsultationStarted', {
  schema: Type.Object({ ...visit, roomId: room.roomId, startedAt: moment }, closed),
  tags: visitTags,
});

/** The visit ended as it should. Frees the room. */
export const ConsultationCompleted = defineEvent('ConsultationCompleted', {
  schema: Type.Object({ ...visit, ...room, completedAt: moment }, closed),
  tags: visitInRoomTags,
});

/** The patient was called and did not come. Frees the room. */
export const PatientNoShow = defineEvent('PatientNoShow', {
  schema: Type.Object({ ...visit, ...room, recordedAt: moment }, closed),
  tags: visitInRoomTags,
});

/** The visit was given up before its consultation. Frees the room when the patient had been called. */
export const VisitCancelled = defineEvent('VisitCancelled', {
  schema: Type.Object(
    {
      ...visit,
      patientId: Type.String({ minLength: 1, maxLength: 20 }),
      roomId: Type.Union([room.roomId, Type.Null()]),
      turn: Type.Union([turn, Type.Null()]),
      reason: Type.String({ minLength: 1, maxLength: 200 }),
      cancelledAt: moment,
    },
    closed,
  ),
  personal: { reason: 'patientId' },
  tags: visitInRoomTags,
});

/** A queue got a name or a limit. A queue that was never configured has its id for a name and no limit. */
export const QueueConfigured = defineEvent('QueueConfigured', {
  schema: Type.Object(
    {
      queueId: visit.queueId,
      queueName: Type.String({ minLength: 1, maxLength: 100 }),
      /** Patients who may wait at the same time; null for no limit. */
      maxCapacity: Type.Union([Type.Integer({ minimum: 1, maximum: 100_000 }), Type.Null()]),
      configuredAt: moment,
    },
    closed,
  ),
  tags: ({ queueId }) => [queueTag(queueId), queueSettingsTag(queueId), allQueueSettingsTag],
});

/** Every event of the waiting room. */
export const waitingRoomEvents = [
  PatientCheckedIn,
  PatientCalled,
  ConsultationStarted,
  ConsultationCompleted,
  PatientNoShow,
  VisitCancelled,
  QueueConfigured,
] as const;

export type VisitEvent = EventOf<
  | typeof PatientCheckedIn
  | typeof PatientCalled
  | typeof ConsultationStarted
  | typeof ConsultationCompleted
  | typeof PatientNoShow
  | typeof VisitCancelled
>;
export type QueueEvent = EventOf<typeof QueueConfigured>;

/** The text that events carry for a moment. `ms`: since 1970. */
export function momentOf(ms: number): string {
  return new Date(ms).toISOString();
}
