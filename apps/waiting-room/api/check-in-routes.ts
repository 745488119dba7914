import { dataOf, MillraceError, newEventId, type JsonObject, type NewEvent, type RunningSystem } from '#millrace';
import { sendCommand, type CommandReply, type CommandRequest, type MillraceServer } from '#millrace/server';
import { checkInToLimitedQueue } from '../domain/check-in-limited.ts';
import { checkInToUnlimitedQueue } from '../domain/check-in-unlimited.ts';
import type { CheckIn } from '../domain/check-in.ts';
import { PatientCheckedIn } from '../domain/events.ts';
import { parsePriority } from '../domain/priority.ts';
import { waitingStatus } from '../domain/status.ts';
import { ticketOf } from '../domain/ticket.ts';
import type { KnownQueues } from './known-queues.ts';
import { patientKeyOf } from './patient-key.ts';
import { checkInAnswer, checkInBody, type CheckInBody } from './schemas.ts';

/** What a check-in tries again with fresh settings, before it gives up: somebody changes them all the time. */
const attempts = 4;

/** Letting patients in: the hot path. One command each, and nothing is asked of a database before it. */
export function checkInRoutes(
  server: MillraceServer,
  system: RunningSystem,
  queues: KnownQueues,
  patientKeySecret: string,
): void {
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
        const visit = commandOf(request.body, patientKeySecret);
        for (let attempt = 1; ; attempt++) {
          try {
            return await checkIn(request, reply, system, queues, visit);
          } catch (error) {
            if (attempt === attempts || !(error instanceof MillraceError) || error.code !== 'CONDITION_FAILED')
              throw error;
            await queues.refresh();
          }
        }
      },
    );
  }
}

async function checkIn(
  request: CommandRequest,
  reply: CommandReply,
  system: RunningSystem,
  queues: KnownQueues,
  visit: Omit<CheckIn, 'settingsPosition'>,
) {
  const known = queues.of(visit.queueId);
  const { maxCapacity, state, stages, position } = known.state === 'OPEN' ? known : await queues.again(visit.queueId);
  const command: CheckIn = { ...visit, settingsPosition: position, queueState: state, stages };
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

function commandOf(body: CheckInBody, patientKeySecret: string): Omit<CheckIn, 'settingsPosition'> {
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
  const { visitId, queueId, patientId, priority, arrivedAt, path } = dataOf(PatientCheckedIn, event);
  const status = waitingStatus[path[0] ?? 'CONSULTATION'];
  const answer = { visitId, queueId, patientId, ticket: ticketOf(visitId), priority, status, arrivedAt };
  return answer satisfies JsonObject;
}
