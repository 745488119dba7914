/**
 * Work that is done now and then, one run at a time: a run that takes longer than the interval is not overtaken.
 * @example
 * const tidying = new Recurring(60_000, () => tidyUp(), (error) => report(error));
 * tidying.start();
 * await tidying.stop();
 */
export class Recurring {
  readonly #intervalMs: number;
  readonly #run: () => Promise<unknown>;
  readonly #onError: (error: unknown) => void;
  readonly #stop = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<unknown> | undefined;

  /** @param intervalMs milliseconds between two beginnings */
  constructor(intervalMs: number, run: () => Promise<unknown>, onError: (error: unknown) => void = () => undefined) {
    this.#intervalMs = intervalMs;
    this.#run = run;
    this.#onError = onError;
  }

  /** Aborted by `stop`: the run under way looks at it. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** The timer keeps no process alive. */
  start(): void {
    this.#timer ??= setInterval(() => this.#tick(), this.#intervalMs);
    this.#timer.unref();
  }

  /** Begins no more, and waits for the run under way. */
  async stop(): Promise<void> {
    this.#stop.abort();
    clearInterval(this.#timer);
    await this.#running;
  }

  #tick(): void {
    if (this.#running !== undefined || this.#stop.signal.aborted) return;
    this.#running = this.#run()
      .catch(this.#onError)
      .finally(() => {
        this.#running = undefined;
      });
  }
}
