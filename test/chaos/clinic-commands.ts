import type { SeededRandom } from '../support/seeded-random.ts';

/** A command as it goes over HTTP, the same each time it is sent again. */
export interface ClinicCommand {
  readonly n: number;
  readonly kind: 'check-in' | 'call' | 'start' | 'complete' | 'wrong';
  readonly path: string;
  readonly body: object;
}

/** What an accepted command was answered. */
export interface Acceptance {
  readonly visitId: string;
  readonly position: number;
}

const types = ['General', 'Cardiology', 'Oncology', 'Pediatrics', 'Surgery'];
const priorities = ['Low', 'Medium', 'High', 'Urgent'];
const queues = 8;
/** How many commands of a hundred do what: the rest are check-ins. */
const shares = { call: 12, start: 10, complete: 8, wrong: 2 };

/**
 * A clinic's day: patients check in, and some are called, come in and go. The steps of one visit follow each other as
 * their answers arrive, so each visit's stream has an order that can be checked. A few commands are wrong on purpose.
 */
export class ClinicDay {
  readonly #run: string;
  readonly #random: SeededRandom;
  readonly #waiting: string[] = [];
  readonly #called: string[] = [];
  readonly #inConsultation: string[] = [];

  constructor(run: string, random: SeededRandom) {
    this.#run = run;
    this.#random = random;
  }

  next(n: number): ClinicCommand {
    const chance = this.#random.between(0, 99);
    const path = (name: string) => `/api/waiting-room/${name}`;
    if (chance < shares.wrong) {
      // This visit does not exist: refused, and never stored.
      const visitId = `visit-00000000-0000-7000-8000-${String(n).padStart(12, '0')}`;
      return { n, kind: 'wrong', path: path('start-consultation'), body: { visitId } };
    }
    if (chance < shares.wrong + shares.call) {
      const visitId = this.#takeOne(this.#waiting);
      // A room of its own, so that no call waits for another's room.
      if (visitId !== undefined) {
        return { n, kind: 'call', path: path('call-patient'), body: { visitId, roomId: `${this.#run}-${n}` } };
      }
    } else if (chance < shares.wrong + shares.call + shares.start) {
      const visitId = this.#takeOne(this.#called);
      if (visitId !== undefined) return { n, kind: 'start', path: path('start-consultation'), body: { visitId } };
    } else if (chance < shares.wrong + shares.call + shares.start + shares.complete) {
      const visitId = this.#takeOne(this.#inConsultation);
      if (visitId !== undefined) return { n, kind: 'complete', path: path('complete-attention'), body: { visitId } };
    }
    return { n, kind: 'check-in', path: path('check-in'), body: this.#checkIn(n) };
  }

  /** A command was accepted: the next step of its visit may come. */
  accepted(command: ClinicCommand, { visitId }: Acceptance): void {
    if (command.kind === 'check-in') this.#waiting.push(visitId);
    else if (command.kind === 'call') this.#called.push(visitId);
    else if (command.kind === 'start') this.#inConsultation.push(visitId);
  }

  #checkIn(n: number): object {
    const visit = {
      queueId: `queue-${(n % queues) + 1}`,
      patientName: `Patient ${n}`,
      priority: this.#random.pick(priorities),
      consultationType: this.#random.pick(types),
    };
    return n % 3 === 0 ? visit : { ...visit, patientId: `${this.#run}-${n}` };
  }

  #takeOne(from: string[]): string | undefined {
    if (from.length === 0) return undefined;
    return from.splice(this.#random.between(0, from.length - 1), 1)[0];
  }
}
