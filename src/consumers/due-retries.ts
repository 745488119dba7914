import { backoff, Doorbell } from '../doorbell.ts';

/** The parked events of projections, as far as the schedule goes. */
export interface DueLetters {
  /** Milliseconds until the next attempt of a projection, 0 or less when it is due; undefined when none is planned. */
  nextDue(projection: string): Promise<number | undefined>;
  /** Drains one key whose first letter is due. False when there was nothing to try. */
  retryDue(projection: string): Promise<boolean>;
}

export interface DueRetriesOptions {
  readonly projection: string;
  readonly letters: DueLetters;
  /** True while this process is the one that consumes. */
  readonly active: () => boolean;
  readonly onError?: (error: unknown) => void;
  /** Looks so often even when nothing was said: somebody else may have parked or retried. Default 15,000 ms. */
  readonly lookInterval?: number;
}

/**
 * Retries what is due, one key after the other, and sleeps until the next one is. A database that is away is waited out
 * and counts no attempt.
 */
export class DueRetries {
  readonly #options: DueRetriesOptions;
  readonly #work = new Doorbell();
  readonly #ending = new Doorbell();
  #stopped = false;
  #loop: Promise<void> | undefined;

  constructor(options: DueRetriesOptions) {
    this.#options = options;
  }

  start(): void {
    this.#loop ??= this.#run();
  }

  /** Something was parked, or this process consumes now. */
  wake(): void {
    this.#work.ring();
  }

  /** Lets the key that is being drained end. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#work.ring();
    this.#ending.ring();
    await this.#loop;
  }

  async #run(): Promise<void> {
    const { projection, letters, active, onError, lookInterval = 15_000 } = this.#options;
    let failures = 0;
    while (!this.#stopped) {
      try {
        const wait = active() ? ((await letters.nextDue(projection)) ?? lookInterval) : lookInterval;
        if (wait > 0) {
          await this.#work.wait(Math.min(wait, lookInterval));
          continue;
        }
        // What is due and cannot be tried must not be asked for again and again.
        if (!(await letters.retryDue(projection))) await this.#ending.wait(1000);
        failures = 0;
      } catch (error) {
        onError?.(error);
        await this.#ending.wait(backoff(++failures, 50, 2000));
      }
    }
  }
}
