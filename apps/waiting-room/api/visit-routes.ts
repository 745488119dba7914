import type { RunningSystem } from '#millrace';
import { identifyDecider } from '../domain/identify.ts';
import { sendCommand, type MillraceServer } from '#millrace/server';
import { returnDecider } from '../domain/return.ts';
import { mainSite } from '../domain/names.ts';
import { refuse } from '../domain/refusals.ts';
import { siteDay } from '../domain/zone-time.ts';
import { transferDecider } from '../domain/transfer.ts';
import { patientKeyOf } from './patient-key.ts';
import {
  callPatientBody,
  cancelBody,
  identifyAnswer,
  identifyBody,
  priorityBody,
  transferBody,
  visitBody,
} from './schemas.ts';
import type { KnownQueues } from './known-queues.ts';
import { answerOf, callPatient, priorityOf, sendStep, withTicket, type Calling } from './send-visit.ts';
import { visitNow } from './visit-now.ts';
import { answers, callNextIntoRoom, stepRoutes } from './step-routes.ts';

const tags = ['waiting room'];

/** The steps that take nothing but the visit. */
const steps = [
  ['waiting-room/start-consultation', 'The patient came in', 'start'],
  ['waiting-room/complete-attention', 'The consultation is over; the room is free', 'complete'],
  ['waiting-room/no-show', 'The patient was called and did not come; the room is free', 'no-show'],
  [
    'waiting-room/mark-absent-at-consultation',
    'The patient was called and did not come: back in line once, then given up; the room is free',
    'absent-at-consultation',
  ],
  ['waiting-room/recall', 'Call the patient once more to the same place', 'recall'],
  [
    'waiting-room/undo-call',
    'The call was a mistake: the patient has the old place again; room or desk are free',
    'undo-call',
  ],
  ['waiting-room/park', 'The patient waits for something else, say a result; the room is free', 'park'],
  ['waiting-room/resume', 'The patient stands in line again', 'resume'],
  ['waiting-room/leave', 'The patient left without being seen', 'leave'],
] as const;

/** What happens to a visit after the check-in. */
export function visitRoutes(
  server: MillraceServer,
  system: Pick<RunningSystem, 'state'>,
  queues: KnownQueues,
  calling: Calling,
  patientKeySecret: string,
): void {
  const { tickets } = calling;
  callNextIntoRoom(server, '/api/waiting-room/call-next', { tags, summary: 'Call who is next into a room' }, calling);
  server.post(
    '/api/waiting-room/call-patient',
    { schema: { tags, summary: 'Call one patient into a room', body: callPatientBody, response: answers } },
    (request, reply) => {
      const { visitId, roomId } = request.body;
      return callPatient(request, reply, { system, ...calling }, visitId, { kind: 'room', id: roomId });
    },
  );
  stepRoutes(server, tickets, tags, steps);
  server.post(
    '/api/waiting-room/cancel',
    { schema: { tags, summary: 'Give a visit up', body: cancelBody, response: answers } },
    (request, reply) => sendStep(request, reply, tickets, { type: 'cancel', ...request.body }),
  );
  server.post(
    '/api/waiting-room/change-priority',
    { schema: { tags, summary: 'The patient is more or less urgent now', body: priorityBody, response: answers } },
    (request, reply) => {
      const { visitId, priority, reason } = request.body;
      return sendStep(request, reply, tickets, {
        type: 'change-priority',
        visitId,
        priority: priorityOf(priority),
        reason,
      });
    },
  );
  server.post(
    '/api/waiting-room/return',
    {
      schema: {
        tags,
        summary: 'A patient who was given up for not coming is here',
        description: 'On the same day only, by the clock of the site. The patient waits with the time of arrival.',
        body: visitBody,
        response: answers,
      },
    },
    async (request, reply) => {
      const { visitId } = request.body;
      const { patientKey = null, siteId = mainSite } = (await visitNow(system, visitId)) ?? {};
      const command = { visitId, patientKey, today: siteDay(queues.hoursOf(siteId), Date.now()) };
      return withTicket(tickets, sendCommand(request, reply, { decider: returnDecider, command, answer: answerOf }));
    },
  );
  server.post(
    '/api/waiting-room/transfer',
    {
      schema: {
        tags,
        summary: 'Send a patient to another queue',
        description: 'The visit goes on there with its time of arrival; a room that held the patient is free.',
        body: transferBody,
        response: answers,
      },
    },
    async (request, reply) => {
      const { visitId, toQueueId } = request.body;
      const visit = await visitNow(system, visitId);
      const isKnown = visit !== undefined && visit.patientKey !== null;
      const toPatientKey = isKnown ? patientKeyOf(patientKeySecret, toQueueId, visit.patientId) : null;
      const command = { visitId, toQueueId, toPatientKey };
      return withTicket(tickets, sendCommand(request, reply, { decider: transferDecider, command, answer: answerOf }));
    },
  );
  server.post(
    '/api/waiting-room/identify',
    {
      schema: {
        tags,
        summary: 'It became known who the patient is',
        description:
          'For a patient who came without an id. Two visits are never made one: a patient with another open visit in ' +
          'that queue, or an id of another name, is refused.',
        body: identifyBody,
        response: { 200: identifyAnswer },
      },
    },
    async (request, reply) => {
      const { visitId, patientId, patientName } = request.body;
      const visit = await visitNow(system, visitId);
      if (visit === undefined) throw refuse('VISIT_NOT_FOUND', { field: 'visitId', problem: 'is unknown' });
      const { queueId } = visit;
      const patientKey = patientKeyOf(patientKeySecret, queueId, patientId);
      return sendCommand(request, reply, {
        decider: identifyDecider,
        command: { visitId, queueId, patientId, patientKey, patientName },
        answer: (events) => ({ visitId, queueId, patientId, changed: events.length > 0 }),
      });
    },
  );
}
