import { dataOf, type RecordedEvent, type RunningSystem } from '#millrace';
import { LRUCache } from 'lru-cache';
import { PatientCheckedIn } from '../domain/events.ts';
import { visitNow } from './visit-now.ts';

type System = Pick<RunningSystem, 'log' | 'registry' | 'state'>;

/** Beyond these, those that nobody asked for longest are forgotten and looked up in the log. */
const mostInMemory = 10_000;

/** The ticket of each visit, which no event but the check-in holds: what this process saw, and otherwise the log. */
export class VisitTickets {
  readonly #system: System;
  /** The ticket, or the check-in that holds it: most are never asked for, and reading all of them costs a busy process. */
  readonly #tickets = new LRUCache<string, string | RecordedEvent>({ max: mostInMemory });
  readonly #stops: readonly (() => void)[];

  constructor(system: System) {
    this.#system = system;
    this.#stops = [
      system.log.onAppended((events) => {
        for (const event of events) {
          if (event.type === PatientCheckedIn.type) this.#tickets.set(event.stream, event);
        }
      }),
      system.log.onIncarnationChanged(() => this.#tickets.clear()),
    ];
  }

  stop(): void {
    for (const stop of this.#stops) stop();
  }

  /** The ticket of a visit; empty for one that nobody knows. */
  async of(visitId: string): Promise<string> {
    const known = this.#tickets.get(visitId);
    if (typeof known === 'string') return known;
    const ticket =
      known === undefined
        ? ((await visitNow(this.#system, visitId))?.ticket ?? '')
        : dataOf(PatientCheckedIn, this.#system.registry.decode(known)).ticket;
    if (ticket !== '') this.#tickets.set(visitId, ticket);
    return ticket;
  }
}
