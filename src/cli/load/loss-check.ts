import type { Accepted } from './journal.ts';
import { percentilesOf, type Percentiles } from './percentiles.ts';
import type { StoredTrace } from './stored-events.ts';

/** What the log, the ledger and the read model say about the commands of a run. */
export interface LossReport {
  readonly accepted: number;
  /** Accepted commands whose events are in the log at the answered position, once. */
  readonly stored: number;
  /** Accepted, and not in the log. */
  readonly lost: number;
  /** In the log more than once. */
  readonly doubled: number;
  /** In the log at another position than was answered. */
  readonly misplaced: number;
  /** Positions that no event has, below one that an event has. */
  readonly gaps: number;
  /** Event ids that came twice. */
  readonly doubledIds: number;
  /** Events of the run without a complete ledger row. */
  readonly ledgerIncomplete: number;
  /** Events of the run whose effect is not in the read model. */
  readonly notApplied: number;
  /** Commands without an answer that were stored after all, which is right; for information. */
  readonly unansweredStored: number;
  /** Stored although the answer was a refusal: a lie to the caller. */
  readonly refusedStored: number;
  /** created → in the read model, in milliseconds, of exactly these events. */
  readonly lag: Percentiles;
  /** The first few problems in words. */
  readonly examples: readonly string[];
  readonly holds: boolean;
}

const shownExamples = 5;

/** The correlation id of the n-th command of a run. */
export function correlationIdOf(run: string, n: number): string {
  return `load-${run}-${n}`;
}

/**
 * Compares what was answered with what is stored. Feed it all events above the run's first position, in order; it keeps
 * a few numbers per command and no events, so 100,000 commands cost a few megabytes.
 */
export class LossCheck {
  readonly #prefix: string;
  readonly #accepted: Map<number, Accepted>;
  readonly #refused: Set<number>;
  readonly #seen = new Map<number, { last: number; blocks: number }>();
  readonly #eventIds = new Set<string>();
  readonly #lags: number[] = [];
  readonly #examples: string[] = [];
  #previous: number;
  #gaps = 0;
  #doubledIds = 0;
  #ledgerIncomplete = 0;
  #notApplied = 0;

  /** @param after the log's head before the run */
  constructor(run: string, after: number, accepted: readonly Accepted[], refused: readonly number[]) {
    this.#prefix = correlationIdOf(run, 0).slice(0, -1);
    this.#accepted = new Map(accepted.map((entry) => [entry.n, entry]));
    this.#refused = new Set(refused);
    this.#previous = after;
  }

  add(events: readonly StoredTrace[]): void {
    for (const event of events) {
      if (event.position !== this.#previous + 1) {
        this.#gaps += Math.abs(event.position - this.#previous - 1);
        this.#example(`Position ${event.position} follows ${this.#previous}.`);
      }
      this.#previous = event.position;
      if (this.#eventIds.has(event.eventId)) {
        this.#doubledIds += 1;
        this.#example(`The event id ${event.eventId} at ${event.position} came before.`);
      }
      this.#eventIds.add(event.eventId);
      const n = this.#numberOf(event);
      if (n !== undefined) this.#addOwn(event, n);
    }
  }

  report(): LossReport {
    let [stored, lost, doubled, misplaced, unansweredStored, refusedStored] = [0, 0, 0, 0, 0, 0];
    for (const [n, { position }] of this.#accepted) {
      const seen = this.#seen.get(n);
      if (seen === undefined) {
        lost += 1;
        this.#example(`Command ${n} was answered with position ${position} and is not in the log.`);
      } else if (seen.blocks > 1) {
        doubled += 1;
        this.#example(`Command ${n} is in the log ${seen.blocks} times.`);
      } else if (seen.last === position) {
        stored += 1;
      } else {
        misplaced += 1;
        this.#example(`Command ${n} was answered with position ${position} and stands at ${seen.last}.`);
      }
    }
    for (const [n, seen] of this.#seen) {
      if (this.#accepted.has(n)) continue;
      if (seen.blocks > 1) doubled += 1;
      if (this.#refused.has(n)) {
        refusedStored += 1;
        this.#example(`Command ${n} was refused and is in the log at ${seen.last}.`);
      } else {
        unansweredStored += 1;
      }
    }
    const counts = {
      lost,
      doubled,
      misplaced,
      gaps: this.#gaps,
      doubledIds: this.#doubledIds,
      ledgerIncomplete: this.#ledgerIncomplete,
      notApplied: this.#notApplied,
      refusedStored,
    };
    return {
      accepted: this.#accepted.size,
      stored,
      ...counts,
      unansweredStored,
      lag: percentilesOf(this.#lags),
      examples: this.#examples,
      holds: Object.values(counts).every((count) => count === 0),
    };
  }

  #numberOf(event: StoredTrace): number | undefined {
    if (!event.correlationId.startsWith(this.#prefix)) return undefined;
    const n = Number(event.correlationId.slice(this.#prefix.length));
    return Number.isSafeInteger(n) ? n : undefined;
  }

  #addOwn(event: StoredTrace, n: number): void {
    const before = this.#seen.get(n);
    // The events of one command stand together: a second block is a second execution.
    const continues = before?.last === event.position - 1;
    this.#seen.set(n, { last: event.position, blocks: (before?.blocks ?? 0) + (continues ? 0 : 1) });
    if (event.status === 'PROCESSED' && event.totalLagMs !== null) {
      this.#lags.push(event.totalLagMs);
    } else {
      this.#ledgerIncomplete += 1;
      this.#example(`The ledger says ${event.status ?? 'nothing'} of the event at ${event.position}.`);
    }
    if (event.applied === false) {
      this.#notApplied += 1;
      this.#example(`The read model does not know the event at ${event.position} (${event.aggregateId}).`);
    }
  }

  #example(text: string): void {
    if (this.#examples.length < shownExamples) this.#examples.push(text);
  }
}
