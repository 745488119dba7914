import {
  dataOf,
  DomainError,
  MillraceError,
  newEventId,
  type JsonObject,
  type NewEvent,
  type RunningSystem,
} from '#millrace';
import { sendCommand, type CommandReply, type CommandRequest, type MillraceServer } from '#millrace/server';
import { checkInToLimitedQueue } from '../domain/check-in-limited.ts';
import { checkInToUnlimitedQueue } from '../domain/check-in-unlimited.ts';
import type { CheckIn } from '../domain/check-in.ts';
import { PatientCheckedIn } from '../domain/events.ts';
import { parsePriority } from '../domain/priority.ts';
import { waitingStatus } from '../domain/status.ts';
import type { KnownQueue, KnownQueues } from './known-queues.ts';
import { patientKeyOf } from './patient-key.ts';
import type { TakenTicket, TicketNumbers } from './ticket-numbers.ts';
import type { VisitLinks } from './visit-link.ts';
import { checkInAnswer, checkInBody, type CheckInBody } from './schemas.ts';

/**
 * So often a check-in tries again, with fresh settings and another ticket, before it gives up: somebody changes the
 * settings all the time, or another process takes every number.
 */
const attempts = 24;

/** What a check-in needs besides the system. */
export interface Reception {
  readonly queues: KnownQueues;
  readonly numbers: TicketNumbers;
  readonly links: VisitLinks;
  readonly patientKeySecret: string;
}

/** Decided by its queue: what the caller did not say. */
type Visitor = Omit<CheckIn, 'settingsPosition' | 'siteId' | 'day' | 'ticket' | 'firstOfDay'>;

/** Letting patients in: the hot path. One command each, and nothing is asked of a database before it. */
export function checkInRoutes(server: MillraceServer, system: RunningSystem, reception: Reception): void {
  const routes = [
    ['/api/waiting-room/check-in', 'waiting room', 'Check a patient in'],
    ['/api/reception/register', 'departments', 'As /api/waiting-room/check-in'],
  ] as const;
  for (const [path, tag, summary] of routes) {
    server.post(
      path,
      {
        schema: {
          tags: [tag],
          summary,
          description: 'Opens the queue when it is new. Without `patientId` it is a walk-in, who gets one.',
          body: checkInBody,
          response: { 201: checkInAnswer },
        },
      },
      async (request, reply) => {
        const visitor = visitorOf(request.body, reception.patientKeySecret);
        for (let attempt = 1; ; attempt++) {
          const answer = await tryCheckIn(request, reply, system, reception, visitor, attempt === attempts);
          // The link is made and not kept: who may see the answer of a key need not see it.
          if (answer !== undefined) return { ...answer, link: reception.links.linkOf(answer.visitId) };
        }
      },
    );
  }
}

/** Tries once. Resolves with undefined when settings or ticket were out of date and another try may do. */
async function tryCheckIn(
  request: CommandRequest,
  reply: CommandReply,
  system: RunningSystem,
  { queues, numbers }: Reception,
  visitor: Visitor,
  isLast: boolean,
) {
  const { queueId } = visitor;
  const seen = queues.of(queueId);
  const known = seen.state === 'OPEN' ? seen : await queues.again(queueId);
  const taken = await numbers.take(queueId, known, queues.hoursOf(known.siteId), Date.now());
  try {
    const answer = await checkIn(request, reply, system, commandOf(visitor, known, taken), known.maxCapacity);
    if (answer.ticket === taken.ticket) numbers.used(taken, queueId);
    else numbers.giveBack(taken);
    return answer;
  } catch (error) {
    if (error instanceof DomainError) numbers.giveBack(taken);
    if (isLast || !(error instanceof MillraceError) || error.code !== 'CONDITION_FAILED') throw error;
    await Promise.all([queues.refresh(), numbers.lost(taken)]);
    return undefined;
  }
}

function commandOf(visitor: Visitor, known: KnownQueue, taken: TakenTicket): CheckIn {
  const { state, stages, position } = known;
  const { siteId, day, ticket, firstOfDay } = taken;
  return { ...visitor, settingsPosition: position, queueState: state, stages, siteId, day, ticket, firstOfDay };
}

async function checkIn(
  request: CommandRequest,
  reply: CommandReply,
  system: RunningSystem,
  command: CheckIn,
  maxCapacity: number | null,
) {
  if (maxCapacity === null) {
    return sendCommand(request, reply, { decider: checkInToUnlimitedQueue, command, answer: answerOf, status: 201 });
  }
  const nameOnRecord = await lastName(system, command);
  return sendCommand(request, reply, {
    decider: checkInToLimitedQueue,
    command: { ...command, nameOnRecord },
    answer: answerOf,
    status: 201,
  });
}

/** A queue with a limit keeps no names, so the patient's last one is looked up. */
async function lastName(system: RunningSystem, command: CheckIn): Promise<string | undefined> {
  if (command.patientKey === null) return undefined;
  const { state } = await system.state(checkInToUnlimitedQueue, checkInToUnlimitedQueue.boundary(command));
  return state?.name;
}

function visitorOf(body: CheckInBody, patientKeySecret: string): Visitor {
  const { queueId, patientName, consultationType } = body;
  const id = newEventId();
  return {
    visitId: `visit-${id}`,
    queueId,
    // The end of the id is random, and long enough for the walk-ins of a queue.
    patientId: body.patientId ?? `W-${id.slice(-12).toUpperCase()}`,
    patientKey: body.patientId === undefined ? null : patientKeyOf(patientKeySecret, queueId, body.patientId),
    patientName,
    priority: parsePriority(body.priority ?? '') ?? 'Medium',
    consultationType,
    notes: body.notes ?? null,
  };
}

function answerOf([event]: readonly NewEvent[]) {
  if (event === undefined) throw new TypeError('A check-in without an event.');
  const { visitId, queueId, patientId, ticket, priority, arrivedAt, path } = dataOf(PatientCheckedIn, event);
  const status = waitingStatus[path[0] ?? 'CONSULTATION'];
  const answer = { visitId, queueId, patientId, ticket, priority, status, arrivedAt };
  return answer satisfies JsonObject;
}
