/**
 * The desks of a clinic in a process of their own: check-in, call, completion, one after the other at a steady pace.
 * Reads one JSON line a command: `{"checkIns": n}` lets so many patients in at once and prints them; `{"perSecond": r,
 * "commands": n}` sends commands at that pace and prints them; `{"end": true}` ends it.
 */
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { callPaced } from '../paced.ts';
import { machineMs } from '../one-clock.ts';

/** What was sent, when, and what it was answered. */
export interface Sent {
  readonly kind: 'check-in' | 'call' | 'complete';
  readonly queueId: string;
  readonly visitId: string;
  readonly ticket: string;
  readonly position: number;
  /** Where the patient's phone finds the page; when there is one. */
  readonly link?: string;
  readonly priority?: string;
  /** Milliseconds of the machine's clock: when the request was sent and when its answer was there. */
  readonly sentAt: number;
  readonly answeredAt: number;
}

type Command = {
  readonly checkIns?: number;
  readonly perSecond?: number;
  readonly commands?: number;
  readonly end?: true;
};

const [url = '', run = ''] = process.argv.slice(2);
const queues = 8;
/** Who was called and is still there, and the rooms that hold nobody. */
const seated: { readonly visitId: string; readonly roomId: string }[] = [];
const freeRooms: string[] = [];
let rooms = 0;
let next = 0;

async function send(kind: Sent['kind'], path: string, body: object): Promise<Sent> {
  const sentAt = machineMs();
  const response = await fetch(`${url}/api/waiting-room/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const answer: unknown = await response.json();
  if (!response.ok) throw new Error(`${path}: ${response.status} ${JSON.stringify(answer)}`);
  // What the waiting room promises to answer; the part looks each position up among what arrived.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const answered = answer as Omit<Sent, 'kind' | 'sentAt' | 'answeredAt'>;
  const { queueId, visitId, ticket, position, link, priority } = answered;
  const more = { ...(link === undefined ? {} : { link }), ...(priority === undefined ? {} : { priority }) };
  return { kind, queueId, visitId, ticket, position, ...more, sentAt, answeredAt: machineMs() };
}

function checkIn(priority: string, turn: number): Promise<Sent> {
  const n = (next += 1);
  return send('check-in', 'check-in', {
    queueId: `queue-${turn % queues}`,
    patientId: `${run}-${n}`,
    patientName: `Alex Olsen ${n}`,
    consultationType: 'General',
    priority,
  });
}

/**
 * Check-in, call and completion in turn, so that as many go as come. Who comes urgently and who is called moves
 * everybody who waits in that queue; not both in one queue at a time, since then nobody would have moved.
 */
async function step(n: number): Promise<Sent> {
  const turn = Math.floor(n / 3);
  if (n % 3 === 0) return checkIn('Urgent', turn + queues / 2);
  if (n % 3 === 1) {
    const roomId = freeRooms.pop() ?? `room-${(rooms += 1)}`;
    const called = await send('call', 'call-next', { queueId: `queue-${turn % queues}`, roomId });
    seated.push({ visitId: called.visitId, roomId });
    return called;
  }
  const one = seated.shift();
  // The call before this one has no answer yet.
  if (one === undefined) return checkIn('Urgent', turn + queues / 2);
  const completed = await send('complete', 'complete-attention', { visitId: one.visitId });
  freeRooms.push(one.roomId);
  return completed;
}

for await (const line of createInterface({ input: process.stdin })) {
  // Written by the part that started this process.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const command = JSON.parse(line) as Command;
  if (command.end === true) break;
  const sent: Sent[] = [];
  if (command.checkIns !== undefined) {
    for (let n = 0; n < command.checkIns; n += 1) sent.push(await checkIn('Medium', n));
  } else {
    const { perSecond = 1, commands = 0 } = command;
    await callPaced({ perSecond, calls: commands }, async (n) => {
      sent.push(await step(n));
    });
    // What was sent last has to arrive as well.
    await pause(1000);
  }
  process.stdout.write(`${JSON.stringify(sent)}\n`);
}
process.stdin.destroy();
