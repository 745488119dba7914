import { Type, type Static } from '#millrace';
import { nullable } from '#millrace/server';
import { priorities } from '../domain/priority.ts';
import { queueStates } from '../domain/queue-state.ts';

/** One of the words, in any letter case: JSON Schema's patterns have no flag for that. */
function inAnyCase(words: readonly string[]): string {
  const pattern = words.join('|').replaceAll(/[a-z]/gi, (letter) => `[${letter.toUpperCase()}${letter.toLowerCase()}]`);
  return `^(${pattern})$`;
}

/** At least one character that is not a space, so that a name is a name. */
const notBlank = { pattern: String.raw`\S`, description: 'Not only spaces.' };

export const queueIdSchema = Type.String({ pattern: '^[A-Za-z0-9._-]{1,60}$', description: 'For example `queue-1`.' });
export const siteIdSchema = Type.String({ pattern: '^[A-Za-z0-9._-]{1,40}$', description: 'A building: `main`.' });
export const roomIdSchema = Type.String({
  pattern: '^[A-Za-z0-9._-]{1,40}$',
  description: 'A consulting room. Upper and lower case are the same room.',
});
export const deskIdSchema = Type.String({
  pattern: '^[A-Za-z0-9._-]{1,40}$',
  description: "A cashier's desk. Upper and lower case are the same desk.",
});
export const visitIdSchema = Type.String({
  pattern: '^visit-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$',
  description: 'As the check-in answered it.',
});
export const prioritySchema = Type.String({
  pattern: inAnyCase(priorities),
  description: 'Low, Medium, High or Urgent in any letter case. Default Medium.',
});

export const checkInBody = Type.Object({
  queueId: queueIdSchema,
  patientId: Type.Optional(
    Type.String({ pattern: '^[A-Za-z0-9.-]{1,20}$', description: 'A walk-in has none and gets one.' }),
  ),
  patientName: Type.String({ minLength: 1, maxLength: 120, ...notBlank }),
  priority: Type.Optional(prioritySchema),
  consultationType: Type.String({ minLength: 2, maxLength: 100, ...notBlank }),
  notes: Type.Optional(nullable(Type.String({ maxLength: 1000 }))),
});
export type CheckInBody = Static<typeof checkInBody>;

const logPosition = Type.Integer({ description: 'Place in the log; send it as `minPosition` to read what you wrote.' });

export const checkInAnswer = Type.Object({
  visitId: Type.String(),
  queueId: Type.String(),
  patientId: Type.String(),
  ticket: Type.String({ description: 'What displays show instead of a name: unique at its site on its day.' }),
  link: Type.String({ description: "The patient's own page: `/v/…`." }),
  priority: Type.String(),
  status: Type.String(),
  arrivedAt: Type.String(),
  position: logPosition,
});

export const callNextBody = Type.Object({ queueId: queueIdSchema, roomId: roomIdSchema });
export const callPatientBody = Type.Object({ visitId: visitIdSchema, roomId: roomIdSchema });
export const callNextToDeskBody = Type.Object({ queueId: queueIdSchema, deskId: deskIdSchema });
export const callPatientToDeskBody = Type.Object({ visitId: visitIdSchema, deskId: deskIdSchema });
export const visitBody = Type.Object({ visitId: visitIdSchema });
export const transferBody = Type.Object({ visitId: visitIdSchema, toQueueId: queueIdSchema });
export const triageBody = Type.Object({ visitId: visitIdSchema, priority: prioritySchema });
export const identifyBody = Type.Object({
  visitId: visitIdSchema,
  patientId: Type.String({ pattern: '^[A-Za-z0-9.-]{1,20}$' }),
  patientName: Type.Optional(Type.String({ minLength: 1, maxLength: 120, ...notBlank })),
});
export const identifyAnswer = Type.Object({
  visitId: Type.String(),
  queueId: Type.String(),
  patientId: Type.String(),
  changed: Type.Boolean(),
  position: logPosition,
});
const reason = Type.String({ minLength: 1, maxLength: 200, ...notBlank });
export const cancelBody = Type.Object({ visitId: visitIdSchema, reason });
export const priorityBody = Type.Object({ visitId: visitIdSchema, priority: prioritySchema, reason });

export const visitAnswer = Type.Object({
  visitId: Type.String(),
  queueId: Type.String(),
  ticket: Type.String(),
  status: Type.String(),
  roomId: nullable(Type.String()),
  deskId: nullable(Type.String()),
  position: logPosition,
});

export const queueBody = Type.Object({
  queueName: Type.Optional(Type.String({ minLength: 1, maxLength: 100, ...notBlank })),
  maxCapacity: Type.Optional(
    nullable(Type.Integer({ minimum: 1, maximum: 100_000, description: 'Who may wait at once; null for no limit.' })),
  ),
  stages: Type.Optional(
    Type.Object(
      { triage: Type.Optional(Type.Boolean()), cashier: Type.Optional(Type.Boolean()) },
      { description: 'Where patients who come from now on go before the consultation.' },
    ),
  ),
  siteId: Type.Optional(siteIdSchema),
  ticketPrefix: Type.Optional(
    Type.String({ pattern: '^[A-Z0-9]{1,3}$', description: 'Of tickets from now on: `Q1` for `Q1-017`.' }),
  ),
  callTimeoutMinutes: Type.Optional(
    nullable(
      Type.Integer({
        minimum: 1,
        maximum: 240,
        description: 'Who is called into a room and does not come in that time is marked absent; null: never.',
      }),
    ),
  ),
});
export const queueStateBody = Type.Object({
  state: Type.Union(queueStates.map((state) => Type.Literal(state))),
  reason: Type.Optional(
    Type.String({ minLength: 1, maxLength: 200, ...notBlank, description: 'For everybody to read: no names.' }),
  ),
  until: Type.Optional(Type.String({ description: 'When the pause ends by itself, ISO 8601.' })),
});
export const queueAnswer = Type.Object({ queueId: Type.String(), changed: Type.Boolean(), position: logPosition });

export const queueParams = Type.Object({ queueId: queueIdSchema });

const count = Type.Integer();
const moment = Type.String({ description: 'ISO 8601, UTC.' });

/** A queue as lists and monitors show it. */
export const queueSchema = Type.Object({
  queueId: Type.String(),
  queueName: Type.String(),
  maxCapacity: nullable(Type.Integer()),
  state: Type.String({ description: 'OPEN, PAUSED or CLOSED.' }),
  stateReason: nullable(Type.String()),
  pausedUntil: nullable(Type.String({ description: 'When the pause ends by itself.' })),
  siteId: Type.String(),
  ticketPrefix: Type.String(),
  callTimeoutMinutes: nullable(Type.Integer()),
  stages: Type.Object({ triage: Type.Boolean(), cashier: Type.Boolean() }),
  currentPatientCount: Type.Integer({ description: 'Patients who wait, whatever for.' }),
  utilisationPercent: nullable(Type.Number({ description: 'Of the capacity; null without one.' })),
  highLoad: Type.Boolean({ description: 'More than 50 wait.' }),
  byPriority: Type.Object({ urgent: count, high: count, medium: count, low: count }),
  byStatus: Type.Object({
    waitingTriage: count,
    waitingCashier: count,
    atCashier: count,
    paymentPending: count,
    waiting: Type.Integer({ description: 'For the consultation.' }),
    called: count,
    inConsultation: count,
    completed: count,
    noShow: count,
    cancelled: count,
    parked: count,
    cancelledByPayment: count,
    cancelledByAbsence: count,
    leftUnseen: count,
  }),
  averageWaitMs: nullable(
    Type.Number({ description: 'From arrival to call, of all who were called; null before the first call.' }),
  ),
  createdAt: nullable(moment),
  lastModifiedAt: nullable(moment),
  updatedPosition: Type.Integer(),
});

/** A visit as lists and monitors show it. */
export const patientSchema = Type.Object({
  visitId: Type.String(),
  queueId: Type.String(),
  patientId: Type.String(),
  patientName: Type.String(),
  ticket: Type.String(),
  priority: Type.String(),
  consultationType: Type.String(),
  status: Type.String(),
  callOrder: Type.Integer({ description: 'Who waits with the lowest number is called first.' }),
  positionInQueue: nullable(Type.Integer({ description: '1 for who is next; null for who does not wait.' })),
  notes: nullable(Type.String()),
  roomId: nullable(Type.String()),
  deskId: nullable(Type.String()),
  paymentAttempts: Type.Integer(),
  absences: Type.Integer(),
  siteId: Type.String(),
  statusSince: moment,
  waitingSince: nullable(Type.String({ description: 'The arrival of who waits; null for who does not.' })),
  overdue: Type.Boolean({ description: 'Waits longer than the priority allows: 0, 15, 60 or 120 minutes.' }),
  arrivedAt: moment,
  calledAt: nullable(moment),
  startedAt: nullable(moment),
  checkedOutAt: nullable(moment),
  updatedPosition: Type.Integer(),
});

const placeProperties = {
  siteId: Type.String(),
  staffId: nullable(Type.String()),
  staffName: nullable(Type.String({ description: 'Who works there.' })),
  active: Type.Boolean({ description: 'Whether it may call.' }),
  occupied: Type.Boolean(),
  visitId: nullable(Type.String({ description: 'The last visit that was called there.' })),
  queueId: nullable(Type.String()),
  ticket: nullable(Type.String()),
  status: nullable(Type.String()),
};
export const roomSchema = Type.Object({ roomId: Type.String(), roomName: Type.String(), ...placeProperties });
export const deskSchema = Type.Object({ deskId: Type.String(), deskName: Type.String(), ...placeProperties });
export const roomParams = Type.Object({ roomId: roomIdSchema });
export const deskParams = Type.Object({ deskId: deskIdSchema });
export const roomIdBody = Type.Object({ roomId: roomIdSchema });
const placeName = Type.Optional(Type.String({ minLength: 1, maxLength: 60, ...notBlank }));
const placeBody = { active: Type.Optional(Type.Boolean()), siteId: Type.Optional(siteIdSchema) };
export const roomBody = Type.Object({ ...placeBody, roomName: placeName });
export const deskBody = Type.Object({ ...placeBody, deskName: placeName });
export const staffBody = Type.Object({
  staffName: nullable(Type.String({ minLength: 1, maxLength: 120, ...notBlank })),
  staffId: Type.Optional(
    Type.String({ pattern: '^[A-Za-z0-9._@-]{1,60}$', description: 'Default: one made from the name.' }),
  ),
});
const placeAnswer = { active: Type.Optional(Type.Boolean()), changed: Type.Boolean(), position: logPosition };
export const roomAnswer = Type.Object({ roomId: Type.String(), ...placeAnswer });
export const deskAnswer = Type.Object({ deskId: Type.String(), ...placeAnswer });
