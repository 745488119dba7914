import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';

/** What a command was answered with. */
export interface Answered {
  readonly status: number;
  readonly body: { readonly [name: string]: unknown };
}

const priorities = ['Low', 'Medium', 'Medium', 'High', 'Medium', 'Urgent'] as const;

/** The queue of the day: everybody but the urgent pays first. */
export const busyQueue = 'general';

/**
 * Somebody at a desk or in a room who works over HTTP. A command whose answer got lost is sent again under the same
 * key, as a screen does it: whatever came of the first one is the answer.
 */
export class Hands {
  readonly #url: () => string;
  /** How often a command was sent again since its answer got lost. */
  sentAgain = 0;

  /** `url`: where the server is at the moment. */
  constructor(url: () => string) {
    this.#url = url;
  }

  async send(method: 'POST' | 'PUT', path: string, body: object): Promise<Answered> {
    const key = randomUUID();
    for (;;) {
      try {
        const response = await fetch(`${this.#url()}${path}`, {
          method,
          headers: { 'content-type': 'application/json', 'idempotency-key': key },
          body: JSON.stringify(body),
          signal: AbortSignal.timeout(10_000),
        });
        const json = (await response.json()) as Answered['body'];
        // The server is stopping, starting, or has too much to do.
        if (response.status < 500) return { status: response.status, body: json };
      } catch {
        // The connection was cut: whether the command arrived is not known.
      }
      this.sentAgain += 1;
      await pause(20);
    }
  }

  post(path: string, body: object): Promise<Answered> {
    return this.send('POST', `/api/waiting-room/${path}`, body);
  }

  /** Sends what must not be refused. */
  async must(path: string, body: object): Promise<Answered['body']> {
    const { status, body: answer } = await this.post(path, body);
    if (status >= 300) throw new Error(`${path}: ${status} ${JSON.stringify(answer)}`);
    return answer;
  }
}

/** What everybody at the clinic can see of the day. */
export interface Day {
  readonly patients: number;
  arrived: number;
  completed: number;
}

/** Lets patients in, every `each`-th from `first` on. */
export async function receptionist(hands: Hands, day: Day, first: number, each: number): Promise<void> {
  for (let n = first; n < day.patients; n += each) {
    await hands.must('check-in', {
      queueId: busyQueue,
      patientId: `BUSY-${n}`,
      patientName: `Patient ${n}`,
      priority: priorities[n % priorities.length],
      consultationType: 'General',
    });
    day.arrived += 1;
  }
}

/** Calls to a desk and takes the payment, as long as the day lasts. */
export async function cashier(hands: Hands, day: Day, deskId: string): Promise<void> {
  while (day.completed < day.patients) {
    const called = await hands.post('call-next-to-desk', { queueId: busyQueue, deskId });
    if (called.status === 200) await hands.must('validate-payment', { visitId: called.body['visitId'] });
    else await emptyOr(called);
  }
}

/** Calls into a room, sees the patient and calls the next, as long as the room is needed. */
export async function doctor(hands: Hands, day: Day, roomId: string, isNeeded: () => boolean): Promise<void> {
  while (day.completed < day.patients && isNeeded()) {
    const called = await hands.post('call-next', { queueId: busyQueue, roomId });
    if (called.status !== 200) {
      await emptyOr(called);
      continue;
    }
    const { visitId } = called.body;
    await hands.must('start-consultation', { visitId });
    await hands.must('complete-attention', { visitId });
    day.completed += 1;
  }
}

/** Nobody waits at the moment: looks again, as a person would. Anything else is no part of the story. */
async function emptyOr({ status, body }: Answered): Promise<void> {
  if (body['code'] !== 'QUEUE_EMPTY') throw new Error(`call next: ${status} ${JSON.stringify(body)}`);
  await pause(40);
}
