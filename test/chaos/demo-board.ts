import { setTimeout as pause } from 'node:timers/promises';
import type { PersistentLoad } from './persistent-load.ts';

/** What an operator sees over HTTP. */
export interface Figures {
  readonly pending: number;
  readonly behind: number;
  readonly failed: number;
  readonly deadLetters: number;
  readonly health: string;
  /** Names of the checks that fail. */
  readonly unhealthy: readonly string[];
}

const everyMs = 250;
const lineEveryMs = 2_000;

/** Looks at the running system as an operator does, and writes a line every two seconds. */
export class DemoBoard {
  readonly #url: string;
  readonly #load: PersistentLoad;
  readonly #say: (line: string) => void;
  #figures: Figures = { pending: 0, behind: 0, failed: 0, deadLetters: 0, health: 'unknown', unhealthy: [] };
  #stopped = false;
  #saidAt = -Infinity;

  constructor(url: string, load: PersistentLoad, say: (line: string) => void) {
    this.#url = url;
    this.#load = load;
    this.#say = say;
  }

  get figures(): Figures {
    return this.#figures;
  }

  start(): void {
    void this.#watch();
  }

  stop(): void {
    this.#stopped = true;
  }

  title(text: string): void {
    this.#say('');
    this.#say(text);
    this.#saidAt = performance.now();
  }

  /** Resolves with the milliseconds it took until the figures show something. */
  async until(
    what: string,
    shows: (figures: Figures) => boolean,
    withinMs: number,
    signal: AbortSignal,
  ): Promise<number> {
    const begun = performance.now();
    while (!shows(this.#figures)) {
      if (performance.now() - begun > withinMs) throw new Error(`The figures did not come to "${what}".`);
      await pause(50, undefined, { signal });
    }
    return performance.now() - begun;
  }

  async #watch(): Promise<void> {
    while (!this.#stopped) {
      try {
        this.#figures = await this.#look();
      } catch {
        // An API that does not answer for a moment has nothing to show.
      }
      if (!this.#stopped && performance.now() - this.#saidAt > lineEveryMs) this.#sayFigures();
      await pause(everyMs);
    }
  }

  #sayFigures(): void {
    this.#saidAt = performance.now();
    const { pending, behind, deadLetters, health, unhealthy } = this.#figures;
    const accepted = this.#load.acceptedAt.length;
    this.#say(
      [
        `              accepted ${String(accepted).padStart(5)}`,
        `outbox pending ${String(pending).padStart(4)}`,
        `read model behind ${String(behind).padStart(4)}`,
        `dead letters ${String(deadLetters).padStart(2)}`,
        `health ${health}${unhealthy.length > 0 ? ` (${unhealthy.join(', ')})` : ''}`,
      ].join(' | '),
    );
  }

  async #look(): Promise<Figures> {
    const [outbox, projections, lag, letters, health] = await Promise.all([
      this.#get<{ count: number }>('/api/outbox/pending?limit=1'),
      this.#get<{ projections: { behind: number }[] }>('/api/projections/health'),
      this.#get<{ failedCount: number }>('/api/metrics/lag?sample=2000'),
      this.#get<{ count: number }>('/api/dead-letters?open=true&limit=1'),
      this.#get<{ status: string; checks: { name: string; healthy: boolean }[] }>('/health'),
    ]);
    return {
      pending: outbox.count,
      behind: Math.max(0, ...projections.projections.map((one) => one.behind)),
      failed: lag.failedCount,
      deadLetters: letters.count,
      health: health.status,
      unhealthy: health.checks.filter((one) => !one.healthy).map((one) => one.name),
    };
  }

  async #get<T>(path: string): Promise<T> {
    const response = await fetch(`${this.#url}${path}`, { signal: AbortSignal.timeout(3_000) });
    return (await response.json()) as T;
  }
}
