import type { TimersDefinition } from './definition.ts';
import type { DueTimer } from './due-timers.ts';

/** How the timers of a definition are, as the process that tells it has seen them when it looked last. */
export interface TimersReport {
  /** The id of the definition. */
  readonly timers: string;
  /** Due, and neither fired nor refused yet. Of many that wait for the projection, the first 100. */
  readonly due: number;
  /** How long the first of them is overdue, in milliseconds; 0 when none is due. */
  readonly oldestOverdueMs: number;
  /** Due, and tried in vain: they are tried again. */
  readonly failing: number;
  /** Commands that this process has executed for timers, since it started. */
  readonly fired: number;
  /** Commands for timers that were refused, as this process was the first to learn. */
  readonly refused: number;
}

interface Counts {
  due: number;
  oldest: number | undefined;
  failing: number;
  fired: number;
  refused: number;
}

/** Counts what a runner does, for metrics and health. */
export class TimerTally {
  readonly #counts: ReadonlyMap<string, Counts>;
  #now = 0;
  #lookedAt = performance.now();

  constructor(definitions: readonly TimersDefinition[]) {
    this.#counts = new Map(
      definitions.map(({ id }) => [id, { due: 0, oldest: undefined, failing: 0, fired: 0, refused: 0 }]),
    );
  }

  settled(definition: string, outcome: 'fired' | 'refused'): void {
    const counts = this.#counts.get(definition);
    if (counts !== undefined) counts[outcome]++;
  }

  /** What a look has left due, in the order of time, at the given time of its clock. */
  left(timers: readonly DueTimer[], now: number, isFailing: (timer: DueTimer) => boolean): void {
    this.#now = now;
    this.#lookedAt = performance.now();
    for (const counts of this.#counts.values()) Object.assign(counts, { due: 0, oldest: undefined, failing: 0 });
    for (const timer of timers) {
      const counts = this.#counts.get(timer.definition);
      if (counts === undefined) continue;
      counts.due++;
      counts.oldest ??= timer.dueAt;
      if (isFailing(timer)) counts.failing++;
    }
  }

  get reports(): readonly TimersReport[] {
    const now = this.#now + performance.now() - this.#lookedAt;
    return [...this.#counts].map(([timers, { due, oldest, failing, fired, refused }]) => ({
      timers,
      due,
      oldestOverdueMs: oldest === undefined ? 0 : Math.max(0, Math.round(now - oldest)),
      failing,
      fired,
      refused,
    }));
  }
}
