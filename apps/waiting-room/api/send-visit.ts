import type { Decider, JsonObject, NewEvent, RunningSystem } from '#millrace';
import { keyOf, sendCommand, type CommandReply, type CommandRequest } from '#millrace/server';
import { callDecider, type CallPatient } from '../domain/call.ts';
import type { VisitEvent } from '../domain/events.ts';
import { queueStream, type Place } from '../domain/names.ts';
import { parsePriority, type Priority } from '../domain/priority.ts';
import { refuse } from '../domain/refusals.ts';
import { isWaiting, statusAfter, type VisitStatus } from '../domain/status.ts';
import { visitDecider, type VisitCommand } from '../domain/visit-decider.ts';
import type { CallDesk } from './call-desk.ts';
import { visitNow } from './visit-now.ts';

/** The tickets are no part of what is decided, and known besides. */
export interface Tickets {
  of(visitId: string): Promise<string>;
}

/** Sends what happens to a visit, and answers where the visit stands then. */
export function sendStep(request: CommandRequest, reply: CommandReply, tickets: Tickets, command: VisitCommand) {
  return withTicket(tickets, sendCommand(request, reply, { decider: visitDecider, command, answer: answerOf }));
}

/** Adds the ticket to an answer about a visit. */
export async function withTicket<Answer extends { readonly visitId: string }>(
  tickets: Tickets,
  sent: Promise<Answer>,
): Promise<Answer & { ticket: string }> {
  const answer = await sent;
  return { ...answer, ticket: await tickets.of(answer.visitId) };
}

/** Calls one patient. The queue of the visit is looked up, as a call concerns it, too. */
export async function callPatient(
  request: CommandRequest,
  reply: CommandReply,
  { system, desk, tickets }: Calling & { readonly system: Pick<RunningSystem, 'state'> },
  visitId: string,
  place: Place,
) {
  const queueId = (await visitNow(system, visitId))?.queueId ?? 'unknown';
  const call = desk.call({ visitId, queueId }, place, (command) => sendCall(request, reply, command));
  return withTicket(tickets, call);
}

/** What calls need. */
export interface Calling {
  readonly desk: CallDesk;
  readonly tickets: Tickets;
}

/** Calls who is next. Refuses with QUEUE_EMPTY when nobody waits for that. */
export async function callNext(
  request: CommandRequest,
  reply: CommandReply,
  { desk, tickets }: Calling,
  queueId: string,
  place: Place,
) {
  const called = await desk.callNext(queueId, place, (command) => sendCall(request, reply, command));
  return called === undefined
    ? nobodyWaits(request, reply, tickets, queueId)
    : withTicket(tickets, Promise.resolve(called));
}

function sendCall(request: CommandRequest, reply: CommandReply, command: CallPatient) {
  return sendCommand(request, reply, { decider: callDecider, command, answer: answerOf });
}

/** A priority in any letter case, as the schemas let it in. */
export function priorityOf(text: string): Priority {
  return parsePriority(text) ?? 'Medium';
}

/**
 * Refuses for want of patients. With an idempotency key the log is asked all the same: the key may have called the
 * last patient a moment ago, and then that is the answer; otherwise it keeps this one.
 */
async function nobodyWaits(request: CommandRequest, reply: CommandReply, tickets: Tickets, queueId: string) {
  if (keyOf(request, request.body) === undefined)
    throw refuse('QUEUE_EMPTY', { field: 'queueId', problem: 'is empty' });
  const sent = sendCommand(request, reply, { decider: emptyQueue, command: { queueId }, answer: answerOf });
  return withTicket(tickets, sent);
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

/** What is answered to anything that happened to a visit. */
export function answerOf(events: readonly NewEvent[]) {
  // All these deciders decide events of visits, and at least one of them; of two the last says where the visit is.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const event = events.at(-1) as VisitEvent;
  const { visitId, queueId } = event.data;
  const status = statusAfter(event) ?? statusKept(event);
  const seated = status === 'AT_CASHIER' || status === 'PAYMENT_PENDING';
  const inNone = isWaiting(status) || status === 'PARKED';
  const roomId = 'roomId' in event.data && !inNone ? event.data.roomId : null;
  const deskId = seated && 'deskId' in event.data ? event.data.deskId : null;
  return { visitId, queueId, status, roomId, deskId } satisfies JsonObject;
}

/** Few events leave the status as it was, and each of them is possible in one or two. */
function statusKept(event: VisitEvent): VisitStatus {
  if (event.type === 'PatientRecalled') return event.data.roomId === null ? 'AT_CASHIER' : 'CALLED';
  return 'PARKED';
}
