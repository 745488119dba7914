import { dataOf, type RecordedEvent, type RunningSystem } from '#millrace';
import { PatientCheckedIn } from '../domain/events.ts';
import { visitNow } from './visit-now.ts';

type System = Pick<RunningSystem, 'log' | 'registry' | 'state'>;

/** Beyond twice as many, the older half is forgotten and looked up in the log. */
const generationSize = 10_000;

/** The ticket of each visit, which no event but the check-in holds: what this process saw, and otherwise the log. */
export class VisitTickets {
  readonly #system: System;
  /** The ticket, or the check-in that holds it: most are never asked for, and reading all of them costs a busy process. */
  #newer = new Map<string, string | RecordedEvent>();
  /** Forgotten as a whole: one by one from the front, a map finds its oldest entry behind all that were deleted. */
  #older: ReadonlyMap<string, string | RecordedEvent> = new Map();
  readonly #stops: readonly (() => void)[];

  constructor(system: System) {
    this.#system = system;
    this.#stops = [
      system.log.onAppended((events) => {
        for (const event of events) {
          if (event.type === PatientCheckedIn.type) this.#keep(event.stream, event);
        }
      }),
      system.log.onIncarnationChanged(() => {
        this.#newer = new Map();
        this.#older = new Map();
      }),
    ];
  }

  stop(): void {
    for (const stop of this.#stops) stop();
  }

  /** The ticket of a visit; empty for one that nobody knows. */
  async of(visitId: string): Promise<string> {
    const known = this.#newer.get(visitId) ?? this.#older.get(visitId);
    if (typeof known === 'string') return known;
    const ticket =
      known === undefined
        ? ((await visitNow(this.#system, visitId))?.ticket ?? '')
        : dataOf(PatientCheckedIn, this.#system.registry.decode(known)).ticket;
    if (ticket !== '') this.#keep(visitId, ticket);
    return ticket;
  }

  #keep(visitId: string, ticket: string | RecordedEvent): void {
    this.#newer.set(visitId, ticket);
    if (this.#newer.size < generationSize) return;
    this.#older = this.#newer;
    this.#newer = new Map();
  }
}
