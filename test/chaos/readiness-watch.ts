import { setTimeout as pause } from 'node:timers/promises';

const everyMs = 500;

/** Asks the API processes whether commands can be accepted, as a load balancer does, and counts the refusals. */
export class ReadinessWatch {
  readonly #urls: readonly string[];
  #unready = 0;
  #said = '';
  #stopped = false;
  #loop: Promise<unknown> = Promise.resolve();

  constructor(urls: readonly string[]) {
    this.#urls = urls;
  }

  /** How often the answer was that no commands can be accepted. An answer that did not come is not counted. */
  get unready(): number {
    return this.#unready;
  }

  /** The last such answer. */
  get said(): string {
    return this.#said;
  }

  start(): void {
    this.#loop = this.#watch();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#loop;
  }

  async #watch(): Promise<void> {
    while (!this.#stopped) {
      await Promise.all(this.#urls.map((url) => this.#ask(url)));
      await pause(everyMs);
    }
  }

  async #ask(url: string): Promise<void> {
    try {
      const response = await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(5_000) });
      const text = await response.text();
      if (response.ok) return;
      this.#unready += 1;
      this.#said = text.slice(0, 500);
    } catch {
      // A process that is killed or frozen does not answer, and is not asked to.
    }
  }
}
