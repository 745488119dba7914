import type { Decider, JsonObject, NewEvent, RunningSystem } from '#millrace';
import { keyOf, sendCommand, type CommandReply, type CommandRequest, type MillraceServer } from '#millrace/server';
import { callDecider, type CallPatient } from '../domain/call.ts';
import type { VisitEvent } from '../domain/events.ts';
import { queueStream } from '../domain/names.ts';
import { refuse } from '../domain/refusals.ts';
import { ticketOf } from '../domain/ticket.ts';
import { visitDecider, type VisitCommand, type VisitStatus } from '../domain/visit.ts';
import type { CallDesk } from './call-desk.ts';
import { callNextBody, callPatientBody, cancelBody, visitAnswer, visitBody } from './schemas.ts';

/** What happens to a visit after the check-in. */
export function visitRoutes(server: MillraceServer, system: Pick<RunningSystem, 'state'>, desk: CallDesk): void {
  const answers = { 200: visitAnswer };
  const tags = ['waiting room'];

  server.post(
    '/api/waiting-room/call-next',
    { schema: { tags, summary: 'Call who is next into a room', body: callNextBody, response: answers } },
    async (request, reply) => {
      const { queueId, roomId } = request.body;
      const room = { kind: 'room', id: roomId } as const;
      const called = await desk.callNext(queueId, room, (command) => sendCall(request, reply, command));
      return called ?? nobodyWaits(request, reply, queueId);
    },
  );
  server.post(
    '/api/waiting-room/call-patient',
    { schema: { tags, summary: 'Call one patient into a room', body: callPatientBody, response: answers } },
    async (request, reply) => {
      const { visitId, roomId } = request.body;
      const { state } = await system.state(visitDecider, visitDecider.boundary({ type: 'start', visitId }));
      const visit = { visitId, queueId: state?.queueId ?? 'none' };
      return desk.call(visit, { kind: 'room', id: roomId }, (command) => sendCall(request, reply, command));
    },
  );

  const steps: readonly (readonly [string, string, 'start' | 'complete' | 'no-show'])[] = [
    ['start-consultation', 'The patient came in', 'start'],
    ['complete-attention', 'The consultation is over; the room is free', 'complete'],
    ['no-show', 'The patient was called and did not come; the room is free', 'no-show'],
  ];
  for (const [path, summary, type] of steps) {
    server.post(
      `/api/waiting-room/${path}`,
      { schema: { tags, summary, body: visitBody, response: answers } },
      (request, reply) => sendStep(request, reply, { type, visitId: request.body.visitId }),
    );
  }
  server.post(
    '/api/waiting-room/cancel',
    { schema: { tags, summary: 'Give a visit up', body: cancelBody, response: answers } },
    (request, reply) => sendStep(request, reply, { type: 'cancel', ...request.body }),
  );
}

function sendCall(request: CommandRequest, reply: CommandReply, command: CallPatient) {
  return sendCommand(request, reply, { decider: callDecider, command, answer: answerOf });
}

function sendStep(request: CommandRequest, reply: CommandReply, command: VisitCommand) {
  return sendCommand(request, reply, { decider: visitDecider, command, answer: answerOf });
}

/**
 * Refuses for want of patients. With an idempotency key the log is asked all the same: the key may have called the
 * last patient a moment ago, and then that is the answer; otherwise it keeps this one.
 */
async function nobodyWaits(request: CommandRequest, reply: CommandReply, queueId: string) {
  if (keyOf(request, request.body) === undefined)
    throw refuse('QUEUE_EMPTY', { field: 'queueId', problem: 'is empty' });
  return sendCommand(request, reply, { decider: emptyQueue, command: { queueId }, answer: answerOf });
}

const emptyQueue: Decider<null, { readonly queueId: string }, VisitEvent> = {
  name: 'empty-queue',
  initial: null,
  boundary: ({ queueId }) => ({ stream: queueStream(queueId), reads: [] }),
  evolve: () => null,
  decide: () => {
    throw refuse('QUEUE_EMPTY', { field: 'queueId', problem: 'is empty' });
  },
};

const statusAfter: { readonly [Type in VisitEvent['type']]: VisitStatus } = {
  PatientCheckedIn: 'WAITING',
  PatientCalled: 'CALLED',
  ConsultationStarted: 'IN_CONSULTATION',
  ConsultationCompleted: 'COMPLETED',
  PatientNoShow: 'NO_SHOW',
  VisitCancelled: 'CANCELLED',
};

function answerOf(events: readonly NewEvent[]) {
  // Both deciders decide events of visits, and one of them.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const event = events[0] as VisitEvent;
  const { visitId, queueId } = event.data;
  const roomId = 'roomId' in event.data ? event.data.roomId : null;
  const answer = { visitId, queueId, ticket: ticketOf(visitId), status: statusAfter[event.type], roomId };
  return answer satisfies JsonObject;
}
