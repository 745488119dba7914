import { Agent, request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import type { SeededRandom } from '../support/seeded-random.ts';
import { ClinicDay, type Acceptance, type ClinicCommand } from './clinic-commands.ts';

/** What became of a command in the end. */
export type Outcome =
  | { readonly state: 'accepted'; readonly position: number; readonly visitId: string; readonly at: number }
  | { readonly state: 'refused'; readonly code: string }
  /** No answer that says anything came until the end: stored once, or not at all. */
  | { readonly state: 'unknown'; readonly reason: string };

/** Everything that was sent, with what became of it. */
export interface LoadJournal {
  /** The correlation id of command n is this and n. */
  readonly prefix: string;
  readonly outcomes: ReadonlyMap<number, Outcome>;
  readonly commands: ReadonlyMap<number, ClinicCommand>;
  /** Attempts that were answered with 5xx. */
  readonly failedAttempts: number;
  /** Attempts without an answer: the connection broke, or nothing came in time. */
  readonly lostAttempts: number;
  /** Why attempts were made again, and how often. */
  readonly reasons: ReadonlyMap<string, number>;
}

const attemptMs = 3_000;
/** The reason of an attempt that was given up. */
export const noAnswerInTime = 'no answer in time';
const longestPauseMs = 2_000;
/** Attempts under way to one API process. More would only wait there, and be given up and sent again meanwhile. */
const mostAtOnce = 64;
const restMs = 300;

/** An API process as the load sees it. */
interface Desk {
  readonly url: string;
  underWay: number;
  /** It took no connection a moment ago: asked again from then on, or when there is no other. */
  restUntil: number;
}

/**
 * Sends commands at a fixed rate, whatever the answers do, to all API processes in turn. What is not answered, or
 * answered with a failure, is sent again under the same idempotency key until there is an answer: as a careful client
 * does it, and then it may be stored once only.
 */
export class PersistentLoad {
  readonly #desks: readonly Desk[];
  readonly #queue: (() => void)[] = [];
  readonly #run: string;
  readonly #rate: number;
  readonly #day: ClinicDay;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #outcomes = new Map<number, Outcome>();
  readonly #commands = new Map<number, ClinicCommand>();
  readonly #under = new Set<Promise<void>>();
  readonly #acceptedAt: number[] = [];
  #highest = 0;
  readonly #reasons = new Map<string, number>();
  #failedAttempts = 0;
  #lostAttempts = 0;
  #next = 0;
  #timer: NodeJS.Timeout | undefined;
  #giveUpAt = Infinity;

  constructor(urls: readonly string[], run: string, rate: number, random: SeededRandom) {
    this.#desks = urls.map((url) => ({ url, underWay: 0, restUntil: 0 }));
    this.#run = run;
    this.#rate = rate;
    this.#day = new ClinicDay(run, random);
  }

  /** When accepting answers came, in milliseconds of `performance.now()`. */
  /** Kinds of commands that were sent. */
  get kinds(): ReadonlySet<ClinicCommand['kind']> {
    return new Set([...this.#commands.values()].map(({ kind }) => kind));
  }

  get acceptedAt(): readonly number[] {
    return this.#acceptedAt;
  }

  /** The highest position that was answered. */
  get highestPosition(): number {
    return this.#highest;
  }

  start(): void {
    const begun = performance.now();
    this.#timer = setInterval(() => {
      const due = ((performance.now() - begun) / 1_000) * this.#rate;
      while (this.#next < due) {
        const command = this.#day.next(this.#next++);
        this.#commands.set(command.n, command);
        void this.#track(command);
      }
    }, 5);
  }

  /** Sends one more command now, outside of the plan, and resolves with what became of it. */
  async sendNow(make: (n: number) => ClinicCommand): Promise<Outcome> {
    const command = make(this.#next++);
    this.#commands.set(command.n, command);
    await this.#track(command);
    const outcome = this.#outcomes.get(command.n);
    if (outcome === undefined) throw new Error('A command ended without an outcome.');
    return outcome;
  }

  /** Sends nothing new. What is under way goes on. */
  pauseSending(): void {
    clearInterval(this.#timer);
  }

  /** Waits until everything that was sent has its outcome. */
  async settled(): Promise<void> {
    await Promise.all(this.#under);
  }

  /** Sends nothing new, and waits until everything has its outcome, so long at most. */
  async finish(patienceMs: number): Promise<LoadJournal> {
    this.pauseSending();
    this.#giveUpAt = performance.now() + patienceMs;
    await Promise.all(this.#under);
    this.#agent.destroy();
    return {
      prefix: this.#prefix,
      outcomes: this.#outcomes,
      commands: this.#commands,
      failedAttempts: this.#failedAttempts,
      lostAttempts: this.#lostAttempts,
      reasons: this.#reasons,
    };
  }

  get #prefix(): string {
    return `chaos-${this.#run}-`;
  }

  #track(command: ClinicCommand): Promise<void> {
    const sent = this.#send(command).finally(() => this.#under.delete(sent));
    this.#under.add(sent);
    return sent;
  }

  async #send(command: ClinicCommand): Promise<void> {
    let reason = '';
    let desk: Desk | undefined;
    for (let attempt = 0; performance.now() < this.#giveUpAt; attempt += 1) {
      // Not all of them at the same moments.
      if (attempt > 0)
        await pause(Math.min(longestPauseMs, 50 * 2 ** Math.min(attempt, 8)) * (0.5 + Math.random() / 2));
      desk = await this.#freeDesk(desk);
      try {
        const { status, text } = await this.#post(desk.url, command);
        if (status < 300) return this.#accept(command, text);
        if (status < 500 && status !== 429 && status !== 408) {
          this.#outcomes.set(command.n, {
            state: 'refused',
            code: /"code":"([A-Z0-9_]+)"/.exec(text)?.[1] ?? `${status}`,
          });
          return;
        }
        this.#failedAttempts += 1;
        reason = `${status} ${/"code":"([A-Z0-9_]+)"/.exec(text)?.[1] ?? ''}`;
      } catch (error) {
        this.#lostAttempts += 1;
        desk.restUntil = performance.now() + restMs;
        reason = reasonOf(error);
      } finally {
        desk.underWay -= 1;
        this.#queue.shift()?.();
      }
      this.#reasons.set(reason, (this.#reasons.get(reason) ?? 0) + 1);
    }
    this.#outcomes.set(command.n, { state: 'unknown', reason });
  }

  /** The API process with the least to do; after a failure another one than before, where there is one with room. */
  async #freeDesk(last: Desk | undefined): Promise<Desk> {
    for (;;) {
      const now = performance.now();
      const free = this.#desks.filter((desk) => desk.underWay < mostAtOnce).sort((a, b) => a.underWay - b.underWay);
      const desk =
        free.find((one) => one !== last && one.restUntil < now) ?? free.find((one) => one !== last) ?? free[0];
      if (desk !== undefined) {
        desk.underWay += 1;
        return desk;
      }
      await new Promise<void>((resolve) => this.#queue.push(resolve));
    }
  }

  #accept(command: ClinicCommand, text: string): void {
    const answer = JSON.parse(text) as Acceptance;
    const at = performance.now();
    this.#acceptedAt.push(at);
    this.#highest = Math.max(this.#highest, answer.position);
    this.#outcomes.set(command.n, {
      state: 'accepted',
      position: answer.position,
      visitId: answer.visitId,
      at,
    });
    this.#day.accepted(command, answer);
  }

  #post(url: string, command: ClinicCommand): Promise<{ readonly status: number; readonly text: string }> {
    const body = JSON.stringify(command.body);
    const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string }>();
    const sent = request(`${url}${command.path}`, {
      method: 'POST',
      agent: this.#agent,
      headers: {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
        'x-correlation-id': `${this.#prefix}${command.n}`,
        'idempotency-key': `${this.#prefix}${command.n}`,
      },
    });
    // Of the whole attempt, not of silence: an answer that drips in is no answer.
    const timer = setTimeout(() => sent.destroy(new Error(noAnswerInTime)), attemptMs);
    sent.once('response', (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => (text += part));
      response.once('end', () => resolve({ status: response.statusCode ?? 0, text }));
      response.once('error', reject);
      response.once('close', () => reject(new Error('the answer was cut off')));
    });
    sent.once('error', reject);
    sent.end(body);
    return promise.finally(() => clearTimeout(timer));
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'code' in error ? String(error.code) : error.message;
}
